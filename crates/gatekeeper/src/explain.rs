//! Explains a decision word by word. Renders what the decision's own reading found; reads nothing a second time.

use protocol::{Explanation, Problem, RunRequest, Verdict, WordVerdict};

use crate::allow_list::{AllowList, MAX_ARGUMENTS};
use crate::decide::{Assessment, assess};
use crate::grammar::Meaning;
use crate::request_digest::request_digest;
use crate::value::shown;

/// Says what the gate makes of every word, and whether the request would run. Nothing is started.
pub fn explain(list: &AllowList, request: &RunRequest) -> Explanation {
    let assessment = assess(list, request);
    let digest = request_digest(request);
    let problems = assessment.outcome.as_ref().err().cloned().unwrap_or_default();
    let words = words(request, &assessment, &problems);
    let canonical_args = assessment.outcome.as_ref().map(|understood| understood.args().to_vec());
    Explanation {
        allowed: assessment.outcome.is_ok() && digest.is_ok(),
        words,
        canonical_args: canonical_args.unwrap_or_default(),
        problems,
        request_digest: digest.unwrap_or_default(),
        allow_list_digest: list.digest().to_owned(),
    }
}

fn words(request: &RunRequest, assessment: &Assessment<'_>, problems: &[Problem]) -> Vec<WordVerdict> {
    let mut words = vec![
        container(request, assessment, problems),
        script(request, assessment, problems),
    ];
    for (index, word) in request.args.iter().take(MAX_ARGUMENTS).enumerate() {
        words.push(argument(index, word, assessment, problems));
    }
    words
}

fn container(request: &RunRequest, assessment: &Assessment<'_>, problems: &[Problem]) -> WordVerdict {
    let word = request.container.as_deref().unwrap_or_default();
    match (assessment.container, &request.container) {
        (Some((name, rules)), Some(_)) => accepted(name, &rules.path, "the container".to_owned()),
        (Some((name, _)), None) => accepted(name, "defaults.container", "the default container".to_owned()),
        (None, _) => {
            // Nothing but the container is read before it, so that its problem is the first.
            let reason = problems.first();
            let rule = reason.map_or("containers", |problem| &problem.rule);
            refused(
                word,
                rule,
                reason.map(|problem| problem.message.clone()).unwrap_or_default(),
            )
        }
    }
}

fn script(request: &RunRequest, assessment: &Assessment<'_>, problems: &[Problem]) -> WordVerdict {
    match (assessment.container, assessment.script) {
        (Some(_), Some((name, rules))) => accepted(name, &rules.path, "the script".to_owned()),
        (Some((_, rules)), None) => {
            let reason = problems.first().map(|problem| problem.message.clone());
            refused(
                &request.script,
                &format!("{}.scripts", rules.path),
                reason.unwrap_or_default(),
            )
        }
        (None, _) => refused(
            &request.script,
            "containers",
            "not read: its container is not known".to_owned(),
        ),
    }
}

fn argument(index: usize, word: &str, assessment: &Assessment<'_>, problems: &[Problem]) -> WordVerdict {
    let mine = |problem: &&Problem| problem.index.and_then(|at| usize::try_from(at).ok()) == Some(index);
    let reasons: Vec<&Problem> = problems.iter().filter(mine).collect();
    if let Some(first) = reasons.first() {
        let messages: Vec<&str> = reasons.iter().map(|problem| problem.message.as_str()).collect();
        return refused(word, &first.rule, messages.join("; "));
    }
    match assessment.meanings.get(index) {
        Some(Meaning::Option(rule)) => accepted(word, &rule.path, format!("the option `{}`", rule.name)),
        Some(Meaning::ValueOf(rule)) => accepted(word, &rule.path, format!("the value of `{}`", rule.name)),
        Some(Meaning::Positional(rule)) => accepted(word, &rule.path, format!("the argument `{}`", rule.spec.name)),
        Some(Meaning::ValueOfRefused) => {
            let path = assessment.script.map_or("containers", |(_, rules)| &rules.path);
            refused(
                word,
                path,
                "taken for the value of the refused option before it".to_owned(),
            )
        }
        Some(Meaning::Unknown) | None => refused(word, "containers", "not read".to_owned()),
    }
}

fn accepted(word: &str, rule: &str, reading: String) -> WordVerdict {
    WordVerdict {
        word: shown(word),
        verdict: Verdict::Accepted,
        rule: rule.to_owned(),
        reading,
    }
}

fn refused(word: &str, rule: &str, reading: String) -> WordVerdict {
    WordVerdict {
        word: shown(word),
        verdict: Verdict::Refused,
        rule: rule.to_owned(),
        reading,
    }
}
