use serde_json::{Value, json};

use crate::support::{Place, code, stderr, stdout};

#[test]
fn with_no_wait_the_runs_id_is_all_on_standard_output_and_attach_brings_the_rest() {
    let place = Place::new();
    let output = place.run(&["--no-wait", "--", "box", "job", "--do=hello"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let run = stdout(&output).trim_end().to_owned();
    let attached = place.run(&["attach", &run]);
    assert_eq!(
        (code(&attached), stdout(&attached).as_str()),
        (0, "to stdout\n"),
        "{}",
        stderr(&attached)
    );
}

#[test]
fn with_no_wait_and_json_the_result_is_on_standard_output() {
    let output = Place::new().run(&["--no-wait", "--json", "--", "box", "job", "--do=hello"]);
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&result["outcome"], &result["exit_code"]),
        (&json!("started"), &json!(0))
    );
    let denied = Place::new().run(&["--no-wait", "--json", "--", "box", "job"]);
    let result: Value = serde_json::from_slice(&denied.stdout).unwrap();
    assert_eq!((code(&denied), &result["outcome"]), (120, &json!("denied")));
}

#[test]
fn the_same_key_and_request_join_the_run_and_another_request_is_refused() {
    let place = Place::new();
    let key = "--idempotency-key=build-7";
    let first = place.run(&[
        key,
        "--max-wait-time=1h",
        "--no-wait",
        "--",
        "box",
        "job",
        "--do=exit",
        "--count=5",
    ]);
    let second = place.run(&[
        key,
        "--max-wait-time=1h",
        "--result-file=result.json",
        "--",
        "box",
        "job",
        "--do=exit",
        "--count=5",
    ]);
    assert_eq!(code(&second), 5, "{}", stderr(&second));
    assert_eq!(place.json("result.json")["run"], stdout(&first).trim_end());
    assert_eq!(place.json("result.json")["started"]["repeated"], true);
    let other = place.run(&[key, "--", "box", "job", "--do=hello"]);
    assert_eq!(code(&other), 125);
    assert!(
        stderr(&other).contains("key was used for another request"),
        "{}",
        stderr(&other)
    );
    assert!(
        !stderr(&other).contains(stdout(&first).trim_end()),
        "{}",
        stderr(&other)
    );
    assert_eq!(place.runs().as_array().unwrap().len(), 1);
}

#[test]
fn a_run_is_cancelled_from_another_process_and_whoever_watches_it_sees_the_end() {
    let place = Place::new();
    let (watcher, run) = place.start_slow(&[]);
    let cancelled = place.run(&["cancel", &run]);
    assert_eq!(code(&cancelled), 0, "{}", stderr(&cancelled));
    let output = watcher.output();
    assert_eq!(code(&output), 143, "{}", stderr(&output));
    assert!(
        std::fs::read_to_string(place.path("stdout"))
            .unwrap()
            .ends_with("clean\n")
    );
    let again = place.run(&["cancel", &run]);
    assert_eq!(code(&again), 0);
    assert!(stderr(&again).contains("had ended already"), "{}", stderr(&again));
    assert_eq!(code(&place.run(&["cancel", &"0".repeat(32)])), 125);
}

#[test]
fn the_runs_of_this_machine_are_listed_latest_first() {
    let place = Place::new();
    assert_eq!(stdout(&place.run(&["runs"])), "no runs on this machine\n");
    place.job(&["--do=hello"]);
    place.job(&["--do=exit", "--count=4"]);
    let list = stdout(&place.run(&["runs"]));
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].contains("exited with 4") && lines[1].contains("exited with 0"),
        "{list}"
    );
    assert!(lines.iter().all(|line| line.ends_with("box / job")), "{list}");
    assert_eq!(place.runs()[0]["ending"], json!({"how": "exited", "code": 4}));
}

#[test]
fn explain_shows_the_decision_and_starts_nothing() {
    let place = Place::new();
    let allowed = place.run(&["--explain", "--json", "--", "box", "job", "--do", "hello"]);
    assert_eq!(code(&allowed), 0, "{}", stderr(&allowed));
    let explanation: Value = serde_json::from_slice(&allowed.stdout).unwrap();
    assert_eq!(explanation["canonical_args"], json!(["--do=hello"]));
    let denied = place.run(&["--explain", "--", "box", "job", "--do=HELLO"]);
    assert_eq!(code(&denied), 120);
    assert!(
        stdout(&denied).contains("containers.box.scripts.job.options.--do"),
        "{}",
        stdout(&denied)
    );
    assert_eq!(place.runs(), json!([]));
}

#[test]
fn describe_shows_what_may_be_asked_for() {
    let place = Place::new();
    let text = place.run(&["--describe-containers"]);
    assert_eq!(code(&text), 0, "{}", stderr(&text));
    assert!(stdout(&text).contains("--do"), "{}", stdout(&text));
    let json = place.run(&["--describe-containers", "--json"]);
    let catalogue: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(catalogue["containers"][0]["name"], "box");
    assert!(!stdout(&json).contains("somewhere"));
}
