use protocol::Denial;

use super::*;
use crate::conclusion::{Left, MissingLines, StopOrder};
use crate::signals::Signal;

const RUN: RunId = RunId::from_random([0xab; 16]);

fn document(conclusion: &Conclusion) -> serde_json::Value {
    let exit = conclusion.exit_code(MissingLines::Warn);
    serde_json::from_str(&ResultDocument::of(conclusion, exit).line()).unwrap()
}

#[track_caller]
fn check(conclusion: &Conclusion, expected: &serde_json::Value) {
    assert_eq!(document(conclusion), *expected);
}

#[test]
fn each_way_to_end_has_a_word_and_only_the_keys_that_say_something() {
    check(
        &Conclusion::Denied(Denial { problems: Vec::new() }),
        &serde_json::json!({
            "format": 1, "outcome": "denied", "exit_code": 120, "exit_meaning": ExitCode::Denied.meaning(),
        }),
    );
    check(
        &Conclusion::Lost {
            run: RUN,
            why: "gone".into(),
            order: StopOrder::NotGiven,
        },
        &serde_json::json!({
            "format": 1, "outcome": "lost", "exit_code": 122, "exit_meaning": ExitCode::OutcomeUnknown.meaning(),
            "run": RUN.to_string(), "error": {"message": "gone"},
        }),
    );
    check(
        &Conclusion::Refused {
            kind: ErrorKind::FailedToStart,
            message: "no bwrap".into(),
        },
        &serde_json::json!({
            "format": 1, "outcome": "refused", "exit_code": 121, "exit_meaning": ExitCode::FailedToStart.meaning(),
            "error": {"kind": "failed_to_start", "message": "no bwrap"},
        }),
    );
    check(
        &Conclusion::Left(Left {
            about: About::Run(RUN),
            signal: Signal::Terminate,
            stopped_for: Some(StopCause::Interrupt),
            order: StopOrder::Taken,
        }),
        &serde_json::json!({
            "format": 1, "outcome": "left", "exit_code": 130, "exit_meaning": ExitCode::Interrupted.meaning(),
            "run": RUN.to_string(), "stopped_for": "SIGINT",
        }),
    );
}

#[test]
fn the_file_says_unfinished_until_the_end_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result.json");
    let file = ResultFile::begin(&path).unwrap();
    let read = || serde_json::from_slice::<serde_json::Value>(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(read(), serde_json::json!({"format": 1, "outcome": "unfinished"}));
    let conclusion = Conclusion::failed(&"no");
    file.write(&ResultDocument::of(&conclusion, ExitCode::DeployerFailed))
        .unwrap();
    assert_eq!(read()["outcome"], "failed");
}
