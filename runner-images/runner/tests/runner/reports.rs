//! What a script hands over for machines, apart from its output.

use protocol::frame::{Body, Cause, Kind, decode};

use crate::support::{Finished, Runner};

fn reports(finished: &Finished) -> Vec<String> {
    let mut found = Vec::new();
    for frame in finished.frames.lines() {
        if let Body::Output(chunk) = decode(frame).unwrap().body
            && chunk.kind == Kind::Report
        {
            found.push(String::from_utf8(chunk.bytes.into_owned()).unwrap());
        }
    }
    found
}

#[test]
fn a_report_comes_after_the_output_and_the_log_stays_complete() {
    let script = r#"echo '{ "a": 1 }' > /proc/self/fd/$DEPLOY_RUNNER_REPORTS_FD; echo out; echo err >&2; echo '{"b":2}' > /proc/self/fd/$DEPLOY_RUNNER_REPORTS_FD; exit 3"#;
    let finished = Runner::of(script).run(&[]);
    finished.ended(3, &Cause::Exited);
    assert_eq!(reports(&finished), [r#"{"a":1}"#, r#"{"b":2}"#]);
    assert_eq!(finished.stdout(), "out\n");
}

#[test]
fn a_secret_is_masked_in_a_report_too() {
    let script = r#"echo "{\"a\":\"$TOKEN\"}" > /proc/self/fd/$DEPLOY_RUNNER_REPORTS_FD"#;
    let finished = Runner::of(script).secret("TOKEN", "hunter2hunter2").run(&[]);
    let reports = reports(&finished);
    assert!(reports.len() == 1 && reports[0].contains("***"), "{reports:?}");
    assert!(!finished.frames.contains("hunter2"), "{}", finished.frames);
}

#[test]
fn what_is_no_report_or_too_many_is_left_out_and_told() {
    let script = r#"for i in 1 2 3 4 5 6 7 8 9 10; do echo "{\"i\":$i}"; done > /proc/self/fd/$DEPLOY_RUNNER_REPORTS_FD
        echo 'no json' > /proc/self/fd/$DEPLOY_RUNNER_REPORTS_FD; head -c 9000 /dev/zero | tr '\0' x > /proc/self/fd/$DEPLOY_RUNNER_REPORTS_FD"#;
    let finished = Runner::of(script).run(&[]);
    finished.ended(0, &Cause::Exited);
    assert_eq!(reports(&finished).len(), 8);
    let stderr = String::from_utf8(finished.log.stderr.clone()).unwrap();
    assert!(stderr.contains("4 of the job's reports were left out"), "{stderr}");
}

#[test]
fn a_background_process_that_keeps_the_pipe_delays_nothing() {
    let script = "sleep 30 > /dev/null 2>&1 & echo '{}' > /proc/self/fd/$DEPLOY_RUNNER_REPORTS_FD";
    let finished = Runner::of(script).run(&[]);
    finished.ended(0, &Cause::Exited);
    assert_eq!(reports(&finished), ["{}"]);
    assert!(finished.took.as_secs() < 20, "{:?}", finished.took);
}

#[test]
fn row_29_a_report_that_the_job_prints_is_only_text() {
    let script = r#"printf '%s\n' '9 e \x7b"report":"plan"}' '\x7b"report":"plan"}' '{"report":"plan"}' >&2"#;
    let finished = Runner::of(script).run(&[]);
    finished.ended(0, &Cause::Exited);
    assert_eq!(reports(&finished), Vec::<String>::new());
}
