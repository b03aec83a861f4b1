//! Decisions on whole requests: what is permitted, what is denied, and with which reasons.

use crate::lists::{choice, compiled, container, deploy_script, load, option, positional, script, words};
use gatekeeper::compiled::{PositionalRule, ValueType};
use gatekeeper::{AllowList, Decision, Permit, decide};
use protocol::{Denial, ProblemKind, RunRequest};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn standard() -> AllowList {
    load(&compiled([("planner", container([("deploy", deploy_script())]))]))
}

fn request(args: &[&str]) -> RunRequest {
    RunRequest {
        container: Some("planner".to_owned()),
        script: "deploy".to_owned(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..RunRequest::default()
    }
}

#[track_caller]
fn permitted(list: &AllowList, request: &RunRequest) -> Permit {
    match decide(list, request) {
        Decision::Permitted(permit) => permit,
        Decision::Denied(denial) => panic!("must be permitted: {denial:#?}"),
    }
}

#[track_caller]
fn denied(list: &AllowList, request: &RunRequest) -> Denial {
    match decide(list, request) {
        Decision::Permitted(permit) => panic!("must be denied: {permit:#?}"),
        Decision::Denied(denial) => denial,
    }
}

#[test]
fn a_request_in_two_words_or_one_becomes_the_same_canonical_arguments() {
    let list = standard();
    let two = request(&[
        "--command",
        "plan",
        "--deploy-path",
        "prod/app",
        "--ref",
        COMMIT,
        "--repo",
        "live",
    ]);
    let reference = format!("--ref={COMMIT}");
    let one = request(&["--repo=live", &reference, "--deploy-path=prod/app", "--command=plan"]);
    let expected = [
        "--log-level=info",
        "--repo=https://git.example.com/acme/live.git",
        "--protected-ref=refs/heads/main",
        "--protected-ref=refs/heads/release",
        &reference,
        "--binary=terraform",
        "--command=plan",
        "--deploy-path=prod/app",
    ];
    assert_eq!(permitted(&list, &two).args(), expected);
    assert_eq!(permitted(&list, &one).args(), expected);
}

#[test]
fn every_problem_is_told_in_the_order_of_the_words() {
    let list = standard();
    let denial = denied(
        &list,
        &request(&[
            "--Command",
            "plan",
            "--ref",
            "main",
            "--",
            "--log-level=debug",
            "--verbose=1",
            "x",
            "--deploy-path",
        ]),
    );
    let kinds: Vec<(ProblemKind, Option<u32>)> = denial
        .problems
        .iter()
        .map(|problem| (problem.kind, problem.index))
        .collect();
    assert_eq!(
        kinds,
        [
            (ProblemKind::UnknownOption, Some(0)),
            (ProblemKind::InvalidValue, Some(3)),
            (ProblemKind::EndOfOptions, Some(4)),
            (ProblemKind::UnknownOption, Some(5)),
            (ProblemKind::UnexpectedValue, Some(6)),
            (ProblemKind::UnexpectedPositional, Some(7)),
            (ProblemKind::MissingValue, Some(8)),
            (ProblemKind::Missing, None),
            (ProblemKind::Missing, None),
        ]
    );
    assert_eq!(denial.problems[0].suggestion.as_deref(), Some("--command"));
}

#[test]
fn positionals_are_filled_in_order_and_stand_behind_the_gates_own_end_of_options() {
    let mut script = script();
    script.fixed_positionals = words(&["fixed"]);
    script.options = [("--verbose".to_owned(), option(ValueType::Flag))].into();
    script.positionals = vec![
        PositionalRule {
            required: true,
            ..positional("first", choice(&["a", "b"]))
        },
        PositionalRule {
            max_repeats: 2,
            ..positional("rest", ValueType::Integer { min: -5, max: 5 })
        },
    ];
    let list = load(&compiled([("planner", container([("deploy", script)]))]));
    let permit = permitted(&list, &request(&["a", "--verbose", "-3", "4"]));
    assert_eq!(permit.args(), ["--verbose", "--", "fixed", "a", "-3", "4"]);
    let denial = denied(&list, &request(&["c", "1", "2", "3"]));
    let kinds: Vec<(ProblemKind, Option<u32>)> = denial
        .problems
        .iter()
        .map(|problem| (problem.kind, problem.index))
        .collect();
    assert_eq!(
        kinds,
        [
            (ProblemKind::InvalidValue, Some(0)),
            (ProblemKind::UnexpectedPositional, Some(3))
        ]
    );
}
