//! Every request of the corpus goes the whole way, from JSON bytes to the decision, and is refused for the right reason.

use e2e::corpus::{self, Attack, Base, Expected, GateAttack, Grow};
use gatekeeper::{AllowList, Decision, decide};
use protocol::{Denial, IdempotencyKey, Message, Problem, RunMessage, RunRequest};

const COMMIT: &str = "3f786850e387550fdab836ed7e6dc881de23001b";
/// Part of the only secret's address in the corpus's allow-list.
const SECRET: &str = "registry-password";

fn allow_list() -> AllowList {
    e2e::allow_list::from_file(&corpus::folder().join("allow-list.yaml"))
}

/// What an honest caller asks for: container, script, and options with their values.
fn honest(base: Base) -> (&'static str, &'static str, Vec<(&'static str, &'static str)>) {
    match base {
        Base::Plan => (
            "terraform-planner",
            "infrastructure-deploy-script",
            vec![
                ("--repo", "infrastructure-live"),
                ("--ref", COMMIT),
                ("--command", "plan"),
                ("--deploy-path", "prod/web"),
            ],
        ),
        Base::Build => (
            "docker-image-builder",
            "build-docker-image",
            vec![("--tag", "1.4.0"), ("--context", "images/web")],
        ),
    }
}

fn request(attack: &GateAttack) -> RunRequest {
    let (container, script, options) = honest(attack.base);
    let given = options
        .into_iter()
        .filter_map(|(name, value)| match attack.replace.get(name) {
            None => Some(format!("{name}={value}")),
            Some(None) => None,
            Some(Some(other)) => Some(format!("{name}={other}")),
        });
    let mut args = attack.prepend.clone();
    args.extend(given);
    args.extend(attack.add.iter().cloned());
    args.extend(attack.grow.iter().flat_map(grown));
    RunRequest {
        container: Some(attack.container.clone().unwrap_or_else(|| container.to_owned())),
        script: attack.script.clone().unwrap_or_else(|| script.to_owned()),
        args: attack.args.clone().unwrap_or(args),
        task: attack.task.clone(),
    }
}

fn grown(grow: &Grow) -> Vec<String> {
    match &grow.option {
        Some(option) => {
            let value = grow.char.unwrap_or('a').to_string().repeat(grow.times);
            vec![format!("{option}={value}"); grow.repeat.unwrap_or(1)]
        }
        None => vec![grow.word.clone().unwrap_or_default(); grow.times],
    }
}

/// Sends the request as bytes, as every caller must, and lets the gate decide on what was decoded.
fn decision(allow_list: &AllowList, attack: &GateAttack) -> Result<Decision, String> {
    let message = Message::Run(RunMessage {
        request: request(attack),
        idempotency_key: IdempotencyKey::from_random([0; 16]),
        origin: attack.origin.clone(),
    });
    let bytes = message.encode().map_err(|error| error.to_string())?;
    match Message::decode(&bytes) {
        Ok(Message::Run(run)) => Ok(decide(allow_list, &run.request)),
        Ok(other) => Err(format!("was read as {other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn check(allow_list: &AllowList, attack: &GateAttack) -> Result<(), String> {
    let denial = match decision(allow_list, attack) {
        Ok(Decision::Denied(denial)) => denial,
        Ok(Decision::Permitted(permit)) => return Err(format!("WAS PERMITTED with the arguments {:?}", permit.args())),
        Err(error) if error.contains("too large") && attack.grow.is_some() => return Ok(()),
        Err(error) => return Err(format!("did not reach the gate: {error}")),
    };
    if !denial.problems.iter().any(|problem| fits(problem, attack)) {
        return Err(format!(
            "expected {:?} for {:?}, got {:?}",
            attack.refused,
            attack.word,
            brief(&denial)
        ));
    }
    if denial
        .problems
        .iter()
        .any(|problem| format!("{problem:?}").contains(SECRET))
    {
        return Err("the denial shows a secret's address".to_owned());
    }
    Ok(())
}

fn fits(problem: &Problem, attack: &GateAttack) -> bool {
    let kind_fits = match attack.refused {
        Expected::Kind(kind) => problem.kind == kind,
        Expected::Any(_) => true,
    };
    let word_fits = attack
        .word
        .as_ref()
        .is_none_or(|word| problem.word.as_ref().is_some_and(|named| named.contains(word)));
    kind_fits && word_fits && !problem.message.is_empty() && !problem.rule.is_empty()
}

fn brief(denial: &Denial) -> Vec<String> {
    denial
        .problems
        .iter()
        .take(4)
        .map(|problem| format!("{:?} at {:?}: {}", problem.kind, problem.word, problem.message))
        .collect()
}

#[test]
fn the_gate_refuses_every_request_of_the_corpus_for_the_reason_that_the_corpus_names() {
    let allow_list = allow_list();
    corpus::every(
        &corpus::rows(),
        |attack| {
            if let Attack::Gate(gate) = attack {
                Some(gate.as_ref())
            } else {
                None
            }
        },
        |attack| check(&allow_list, attack),
    );
}

#[test]
fn the_honest_requests_that_the_attacks_start_from_are_permitted() {
    let allow_list = allow_list();
    for base in [Base::Plan, Base::Build] {
        let (container, script, options) = honest(base);
        let request = RunRequest {
            container: Some(container.to_owned()),
            script: script.to_owned(),
            args: options.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            ..RunRequest::default()
        };
        let decision = decide(&allow_list, &request);
        assert!(matches!(decision, Decision::Permitted(_)), "{base:?}: {decision:?}");
    }
}

#[test]
fn the_reader_refuses_every_allow_list_of_the_corpus() {
    let honest = std::fs::read_to_string(corpus::folder().join("allow-list.yaml")).expect("the allow-list is there");
    corpus::every(
        &corpus::rows(),
        |attack| {
            if let Attack::AllowList(allow_list) = attack {
                Some(allow_list)
            } else {
                None
            }
        },
        |attack| {
            let yaml = match (&attack.url, &attack.pattern) {
                (Some(url), None) => replaced(&honest, "https://git.example.com/acme/infrastructure-live.git", url),
                (None, Some(pattern)) => replaced(&honest, "\"(a+)+\"", &quoted(pattern)),
                (Some(_), Some(_)) | (None, None) => return Err("the entry must have a url or a pattern".to_owned()),
            };
            match e2e::allow_list::load("attack.yaml", &yaml) {
                Ok(_) => Err("WAS ACCEPTED".to_owned()),
                Err(refused) if refused.0.contains(&attack.says) => Ok(()),
                Err(refused) => Err(format!("was refused for another reason: {}", refused.0)),
            }
        },
    );
}

fn replaced(yaml: &str, honest: &str, attack: &str) -> String {
    assert!(yaml.contains(honest), "the allow-list no longer holds `{honest}`");
    let attack = if honest.starts_with('"') {
        attack.to_owned()
    } else {
        quoted(attack)
    };
    yaml.replace(honest, &attack)
}

/// A YAML double-quoted text; JSON's are a subset of it.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}
