use std::fs;

use serde_json::{Value, json};

use crate::support::{Place, code, stderr, stdout};

#[test]
fn the_result_file_holds_the_whole_ending() {
    let place = Place::new();
    let output = place.run(&["--result-file=result.json", "--", "box", "job", "--do=hello"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let result = place.json("result.json");
    assert_eq!(result["format"], 1);
    assert_eq!(result["outcome"], "finished");
    assert_eq!(result["exit_code"], 0);
    assert_eq!(result["ending"], json!({"how": "exited", "code": 0}));
    assert_eq!(result["logs_complete"], true);
    assert_eq!(result["run"].as_str().unwrap().len(), 32);
    assert_eq!(result["started"]["request_digest"].as_str().unwrap().len(), 64);
    assert!(result["timings"]["total_ms"].as_u64().unwrap() > 0);
}

#[test]
fn a_denial_is_in_the_result_file_with_every_problem() {
    let place = Place::new();
    let output = place.run(&["--result-file=result.json", "--", "box", "job", "--evil"]);
    assert_eq!(code(&output), 120);
    let result = place.json("result.json");
    assert_eq!(
        (&result["outcome"], &result["exit_code"]),
        (&json!("denied"), &json!(120))
    );
    assert_eq!(result["problems"].as_array().unwrap().len(), 2);
    assert_eq!(result["problems"][0]["word"], "--evil");
}

#[test]
fn an_older_result_is_never_taken_for_this_one() {
    let place = Place::new();
    fs::write(place.path("result.json"), "{\"exit_code\":0}").unwrap();
    let output = place.run(&["--result-file=result.json", "--", "box"]);
    assert_eq!(code(&output), 125);
    assert_eq!(place.json("result.json")["outcome"], "failed");
}

#[test]
fn nothing_is_started_when_the_result_file_cannot_be_written() {
    let place = Place::new();
    let output = place.run(&["--result-file=missing/result.json", "--", "box", "job", "--do=hello"]);
    assert_eq!(code(&output), 125);
    assert!(stderr(&output).contains("missing/result.json"), "{}", stderr(&output));
    assert_eq!(place.runs(), json!([]));
}

#[test]
fn with_json_the_last_line_of_standard_error_is_the_result_and_standard_output_stays_the_jobs() {
    let place = Place::new();
    let output = place.run(&["--json", "--", "box", "job", "--do=hello"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "to stdout\n"));
    let text = stderr(&output);
    let result: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&result["outcome"], &result["exit_code"]),
        (&json!("finished"), &json!(0))
    );
}

#[test]
fn the_audit_log_has_one_event_for_each_decision_with_the_run_it_led_to() {
    let place = Place::new();
    let output = place.run(&["--result-file=result.json", "--", "box", "job", "--do=hello"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    place.job(&["--evil"]);
    place.run(&["--explain", "--", "box", "job", "--do=hello"]);
    let text = fs::read_to_string(place.path("state/audit.log")).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = events
        .iter()
        .map(|event| (event["action"].as_str(), event["decision"].as_str()))
        .collect();
    let expected = [("run", "allowed"), ("run", "denied"), ("explain", "allowed")];
    assert_eq!(told, expected.map(|(action, decision)| (Some(action), Some(decision))));
    assert_eq!(events[0]["run"], place.json("result.json")["run"]);
    assert_eq!(events[0]["outcome"], json!({"what": "started"}));
    assert!(!text.contains("hunter2"));
}
