//! The decision: a request is either permitted or denied with every reason.
//!
//! One reading of a request serves the decision and its explanation. Only here is a permit made.

mod emit;
mod lookup;
mod task;

use protocol::{Denial, LaunchType, Problem, ProblemKind, RunRequest, TaskSize};

use crate::allow_list::{AllowList, ContainerRules, MAX_ARGUMENTS, ScriptRules};
use crate::compiled::Repository;
use crate::grammar::{self, Meaning, Reading, Value};
use crate::permit::Permit;
use crate::report::{Report, Words};
use crate::request_digest::request_digest;

/// What becomes of a request.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a decision is made once and taken apart at once; a box would only hide the permit"
)]
pub enum Decision {
    /// It may run.
    Permitted(Permit),
    /// It may not, and why.
    Denied(Denial),
}

/// Decides.
pub fn decide(list: &AllowList, request: &RunRequest) -> Decision {
    match understand(list, request) {
        Ok(understood) => understood.into_decision(request),
        Err(denial) => Decision::Denied(denial),
    }
}

/// The denial of a gate that has no allow-list which it trusts.
pub fn deny_without_allow_list(reason: &str) -> Denial {
    whole_request(
        ProblemKind::NoAllowList,
        "allow-list",
        format!("every request is denied: {reason}"),
    )
}

/// What the gate understood a request to be, or every reason to refuse it.
pub fn understand<'a>(list: &'a AllowList, request: &'a RunRequest) -> Result<Understood<'a>, Denial> {
    let assessment = assess(list, request);
    assessment.outcome.map_err(|problems| Denial { problems })
}

/// A request that passed, in terms of the rules that it passed.
#[derive(Debug)]
pub struct Understood<'a> {
    list: &'a AllowList,
    container: (&'a str, &'a ContainerRules),
    script: &'a str,
    reading: Reading<'a>,
    args: Vec<String>,
    size: TaskSize,
    launch_type: LaunchType,
    timeout_seconds: u32,
}

impl<'a> Understood<'a> {
    /// Each option with a value of it, as given or by default: options in declared order, repeats in the caller's.
    pub fn options(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        self.reading
            .options
            .iter()
            .map(|(rule, value)| (rule.name.as_str(), *value))
    }

    /// The caller's positionals, in order.
    pub fn positionals(&self) -> impl Iterator<Item = Value<'a>> {
        self.reading.positionals.iter().map(|(_, value)| *value)
    }

    /// The canonical arguments.
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// Every repository that the arguments name, once.
    fn repositories(&self) -> Vec<Repository> {
        let options = self.reading.options.iter().map(|(_, value)| *value);
        let positionals = self.reading.positionals.iter().map(|(_, value)| *value);
        let mut named: Vec<Repository> = Vec::new();
        for value in options.chain(positionals) {
            if let Value::Repository { repository, .. } = value
                && !named.contains(repository)
            {
                named.push(repository.clone());
            }
        }
        named
    }

    fn into_decision(self, request: &RunRequest) -> Decision {
        let request_digest = match request_digest(request) {
            Ok(digest) => digest,
            Err(error) => {
                let message = format!("the request has no digest: {error}");
                return Decision::Denied(whole_request(ProblemKind::Malformed, "built-in.digest", message));
            }
        };
        let repositories = self.repositories();
        let (container, rules) = self.container;
        Decision::Permitted(Permit {
            container: container.to_owned(),
            image: rules.spec.image.clone(),
            entrypoint: rules.spec.entrypoint,
            script: self.script.to_owned(),
            args: self.args,
            environment: rules.spec.environment.clone(),
            secrets: rules.spec.secrets.clone(),
            network: rules.spec.network,
            volumes: rules.spec.volumes.clone(),
            root_filesystem: rules.spec.root_filesystem,
            capabilities: rules.spec.capabilities.clone(),
            repositories,
            size: self.size,
            launch_type: self.launch_type,
            timeout_seconds: self.timeout_seconds,
            stop_timeout_seconds: rules.spec.task.stop_timeout_seconds,
            request_digest,
            allow_list_digest: self.list.digest.clone(),
        })
    }
}

fn whole_request(kind: ProblemKind, rule: &str, message: String) -> Denial {
    let mut report = Report::default();
    report.add(kind, Words::none(rule), message, String::new(), None);
    Denial {
        problems: report.into_problems(),
    }
}

/// All that was found out about a request.
#[derive(Debug)]
pub(crate) struct Assessment<'a> {
    pub(crate) container: Option<(&'a str, &'a ContainerRules)>,
    pub(crate) script: Option<(&'a str, &'a ScriptRules)>,
    /// What each argument was taken for; empty when no script could tell.
    pub(crate) meanings: Vec<Meaning<'a>>,
    pub(crate) outcome: Result<Understood<'a>, Vec<Problem>>,
}

/// Reads the whole request once.
pub(crate) fn assess<'a>(list: &'a AllowList, request: &'a RunRequest) -> Assessment<'a> {
    let mut report = Report::default();
    let container = lookup::container(list, request.container.as_deref(), &mut report);
    let script = lookup::script(container, &request.script, &mut report);
    let reading = read_arguments(script, &request.args, &mut report);
    let task = container.map(|(_, rules)| task::check(rules, &request.task, &mut report));
    let args = match (script, &reading) {
        (Some((_, rules)), Some(reading)) if report.is_clean() => Some(emit::arguments(rules, reading, &mut report)),
        (_, _) => None,
    };
    let meanings = reading
        .as_ref()
        .map(|reading| reading.meanings.clone())
        .unwrap_or_default();
    let outcome = match (container, script, reading, args, task) {
        (Some(container), Some((script, _)), Some(reading), Some(args), Some(task)) if report.is_clean() => {
            Ok(Understood {
                list,
                container,
                script,
                reading,
                args,
                size: task.size,
                launch_type: task.launch_type,
                timeout_seconds: task.timeout_seconds,
            })
        }
        (_, _, _, _, _) => Err(report.into_problems()),
    };
    Assessment {
        container,
        script,
        meanings,
        outcome,
    }
}

/// Reads the arguments by the rules of the script; without one, only unsafe text can be told.
fn read_arguments<'a>(
    script: Option<(&'a str, &'a ScriptRules)>,
    args: &'a [String],
    report: &mut Report,
) -> Option<Reading<'a>> {
    if args.len() > MAX_ARGUMENTS {
        let message = format!("{} arguments are too many: none of them was read", args.len());
        let accepted = format!("at most {MAX_ARGUMENTS} arguments");
        report.add(
            ProblemKind::TooLarge,
            Words::none("built-in.argument-count"),
            message,
            accepted,
            None,
        );
        return None;
    }
    if let Some((_, rules)) = script {
        return Some(grammar::read(rules, args, report));
    }
    for (index, word) in args.iter().enumerate() {
        if let Err(problem) = crate::value::check_word(word) {
            report.unsafe_text(word, Some(index), &problem);
        }
    }
    None
}
