use crate::support::{Place, code, stderr, stdout};

#[test]
fn a_jobs_output_and_exit_code_are_ours() {
    let place = Place::new();
    let output = place.job(&["--do=hello"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stdout(&output), "to stdout\n");
    let stderr = stderr(&output);
    assert!(stderr.contains("to stderr\n"), "{stderr}");
    assert!(stderr.contains("deployer: succeeded"), "{stderr}");
}

#[test]
fn exit_codes_pass_through_unchanged_even_those_that_are_ours_too() {
    let place = Place::new();
    for expected in [1, 2, 120, 125, 255] {
        let count = format!("--count={expected}");
        let output = place.run(&["--result-file=result.json", "--", "box", "job", "--do=exit", &count]);
        assert_eq!(code(&output), expected, "{}", stderr(&output));
        let result = place.json("result.json");
        assert_eq!(result["outcome"], "finished");
        assert_eq!(result["ending"], serde_json::json!({"how": "exited", "code": expected}));
    }
}

#[test]
fn a_job_that_a_signal_ends_gives_128_and_its_number() {
    let output = Place::new().job(&["--do=signal"]);
    assert_eq!(code(&output), 139, "{}", stderr(&output));
}

#[test]
fn a_failure_says_how_to_see_the_output_again_with_a_command_that_works() {
    let place = Place::new();
    let output = place.run(&["--", "box", "job", "--do=exit", "--count=3"]);
    let text = stderr(&output);
    let (_, rest) = text
        .split_once("infrastructure-deployer --local --state-dir state attach ")
        .expect("the advice");
    let run = rest.split('`').next().unwrap();
    assert_eq!(code(&place.run(&["attach", run])), 3);
}

#[test]
fn after_the_longest_wait_the_run_is_stopped_and_the_code_is_124() {
    let place = Place::new();
    let output = place.run(&[
        "--max-wait-time=2s",
        "--result-file=result.json",
        "--",
        "box",
        "job",
        "--do=slow",
    ]);
    assert_eq!(code(&output), 124, "{}", stderr(&output));
    assert!(stdout(&output).contains("cleaning up\nclean\n"), "{}", stdout(&output));
    assert_eq!(place.json("result.json")["exit_code"], 124);
}

#[test]
fn a_job_that_does_not_listen_is_killed_and_its_missing_end_is_a_loud_warning() {
    let place = Place::new();
    let mut running = place.start(&["--", "box", "job", "--do=stubborn"]);
    let mut ready = [0; 6];
    std::io::Read::read_exact(running.child().stdout.as_mut().unwrap(), &mut ready).unwrap();
    running.signal("TERM");
    let output = running.output();
    assert_eq!(code(&output), 143, "{}", stderr(&output));
    assert!(stderr(&output).contains("cancelled and killed"), "{}", stderr(&output));
}

#[test]
fn a_container_may_be_left_out_when_the_allow_list_has_a_default() {
    let output = Place::new().run(&["--default-container", "--", "job", "--do=hello"]);
    assert_eq!(
        (code(&output), stdout(&output).as_str()),
        (0, "to stdout\n"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_secret_reaches_the_job_and_is_masked_in_its_output() {
    let place = Place::new();
    let output = place.job(&["--do=secret"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).starts_with("token "), "{}", stdout(&output));
    assert!(!stdout(&output).contains("hunter2"), "{}", stdout(&output));
}
