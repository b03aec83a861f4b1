//! The life of a run, with small jobs: exit codes, cancelling, deadlines, leaving and coming back, and two at the same time.

use std::time::{Duration, Instant};

use e2e::product::{self, Place, Running};

#[test]
fn the_jobs_exit_code_and_both_of_its_outputs_arrive_unchanged() {
    let place = Place::new();
    for code in [0, 1, 7, 120, 255] {
        let ended = product::run(
            place
                .jobs()
                .args(["--", "jobs", "count", "--lines=2"])
                .arg(format!("--exit={code}")),
        )
        .with(code);
        assert_eq!(ended.stdout, "line 1 of 2\nline 2 of 2\n");
        assert!(
            ended.stderr.lines().any(|line| line == "that was all"),
            "{}",
            ended.stderr
        );
    }
    place.assert_nothing_is_left();
}

#[test]
fn the_result_file_tells_a_jobs_120_from_a_denial() {
    let place = Place::new();
    let result = |args: &[&str]| -> serde_json::Value {
        let file = place.join("result.json");
        product::run(place.jobs().arg("--result-file").arg(&file).arg("--").args(args)).with(120);
        serde_json::from_slice(&std::fs::read(file).expect("it was written")).expect("it is JSON")
    };
    let job = result(&["jobs", "count", "--exit=120"]);
    assert_eq!(
        (&job["outcome"], &job["ending"]["code"]),
        (&"finished".into(), &120.into()),
        "{job}"
    );
    let denial = result(&["jobs", "count", "--exit=no"]);
    assert_eq!(denial["outcome"], "denied", "{denial}");
    assert_eq!(denial["problems"].as_array().map(Vec::len), Some(1), "{denial}");
}

#[test]
fn a_run_is_cancelled_from_another_terminal_and_has_time_to_clean_up() {
    let place = Place::new();
    let mut caller = Running::start(
        &place,
        "caller",
        place.jobs().args(["--", "jobs", "count", "--lines=1000"]),
    );
    caller.wait_for("line 2 of");
    product::run(place.jobs().args(["cancel", &place.latest_run()])).with(0);
    let ended = caller.end().with(143);
    assert!(ended.stdout.ends_with("asked to stop\n"), "{}", ended.stdout);
    assert!(
        place.join("state/deploy-runner/volumes/notes/stopped").exists(),
        "the job cleaned up"
    );
    let runs = place.runs();
    assert_eq!(
        runs[0]["ending"],
        serde_json::json!({"how": "cancelled", "code": 9}),
        "{runs:?}"
    );
    place.assert_nothing_is_left();
}

#[test]
fn sigterm_cancels_the_run_and_ends_with_143() {
    let place = Place::new();
    let mut caller = Running::start(
        &place,
        "caller",
        place.jobs().args(["--", "jobs", "count", "--lines=1000"]),
    );
    caller.wait_for("line 2 of");
    caller.signal("TERM");
    let ended = caller.end().with(143);
    assert!(ended.stdout.ends_with("asked to stop\n"), "{}", ended.stdout);
    place.assert_nothing_is_left();
}

#[test]
fn a_job_that_ignores_every_request_to_stop_is_killed_after_its_time_to_clean_up() {
    let place = Place::new();
    let mut caller = Running::start(&place, "caller", place.jobs().args(["--", "jobs", "stubborn"]));
    caller.wait_for("I stay");
    let begun = Instant::now();
    caller.signal("INT");
    caller.end().with(130);
    let took = begun.elapsed();
    assert!(
        (Duration::from_secs(4)..Duration::from_secs(15)).contains(&took),
        "{took:?}"
    );
    place.assert_nothing_is_left();
}

#[test]
fn a_second_ctrl_c_leaves_at_once_and_says_how_to_come_back() {
    let place = Place::new();
    let mut caller = Running::start(&place, "caller", place.jobs().args(["--", "jobs", "stubborn"]));
    caller.wait_for("I stay");
    caller.signal("INT");
    std::thread::sleep(Duration::from_millis(500));
    let begun = Instant::now();
    caller.signal("INT");
    let ended = caller.end().with(130);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(
        ended.stderr.contains(&format!("attach {}", place.latest_run())),
        "{}",
        ended.stderr
    );
    place.assert_nothing_is_left();
}

#[test]
fn the_deadline_stops_a_run_even_when_nobody_watches() {
    let place = Place::new();
    product::run(place.jobs().args(["--", "hurried", "count", "--lines=1000"])).with(124);
    product::run(
        place
            .jobs()
            .args(["--no-wait", "--", "hurried", "count", "--lines=1000"]),
    )
    .with(0);
    let run = place.latest_run();
    product::wait_until("the deadline", || place.runs()[0]["phase"] == "ended");
    product::run(place.jobs().args(["attach", &run])).with(124);
    place.assert_nothing_is_left();
}

#[test]
fn two_runs_at_the_same_time_do_not_disturb_each_other() {
    let place = Place::new();
    let mut first = Running::start(
        &place,
        "first",
        place.jobs().args(["--", "jobs", "count", "--lines=30", "--exit=3"]),
    );
    let mut second = Running::start(
        &place,
        "second",
        place.jobs().args(["--", "jobs", "count", "--lines=1000"]),
    );
    first.wait_for("line 2 of 30");
    second.wait_for("line 2 of 1000");
    assert_eq!(place.runs().iter().filter(|run| run["phase"] == "running").count(), 2);
    second.signal("INT");
    second.end().with(130);
    let ended = first.end().with(3);
    let expected: Vec<String> = (1..=30).map(|line| format!("line {line} of 30")).collect();
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), expected);
    place.assert_nothing_is_left();
}

#[test]
fn a_reader_that_leaves_early_as_head_does_is_no_failure_of_the_run() {
    let place = Place::new();
    let mut caller = place.jobs();
    caller
        .args(["--", "jobs", "count", "--lines=20", "--exit=5"])
        .stdout(std::process::Stdio::piped());
    let mut caller = caller.spawn().expect("it starts");
    drop(caller.stdout.take());
    assert_eq!(caller.wait().expect("it ends").code(), Some(5), "the job's own code");
    assert_eq!(
        place.runs()[0]["ending"],
        serde_json::json!({"how": "exited", "code": 5})
    );
    place.assert_nothing_is_left();
}

#[test]
fn the_same_key_and_request_join_the_run_instead_of_starting_a_second_one() {
    let place = Place::new();
    let call = || {
        product::run(
            place
                .jobs()
                .args(["--idempotency-key=once", "--", "jobs", "count", "--lines=3", "--exit=4"]),
        )
        .with(4)
    };
    assert_eq!(call().stdout, call().stdout);
    assert_eq!(place.runs().len(), 1);
    let other = product::run(
        place
            .jobs()
            .args(["--idempotency-key=once", "--", "jobs", "count", "--lines=4"]),
    )
    .with(125);
    assert!(other.stderr.contains("idempotency key"), "{}", other.stderr);
}

#[test]
fn kill_minus_nine_of_the_sandbox_or_the_runner_leaves_nothing_behind_and_is_no_success() {
    for victim in ["bwrap", "deploy-runner"] {
        let place = Place::new();
        let mut caller = Running::start(
            &place,
            "caller",
            place.jobs().args(["--", "jobs", "count", "--lines=1000"]),
        );
        caller.wait_for("line 2 of");
        kill_all_named(victim, &place);
        let ended = caller.end();
        assert!(ended.code.is_some_and(|code| code != 0), "{victim}: {ended:?}");
        place.assert_nothing_is_left();
    }
}

/// Kills the processes of this place that have this name.
fn kill_all_named(name: &str, place: &Place) {
    let path = place.path().display().to_string();
    let mut killed = 0;
    for entry in std::fs::read_dir("/proc")
        .expect("/proc is there")
        .filter_map(Result::ok)
    {
        let process = entry.path();
        let read = |file: &str| {
            std::fs::read(process.join(file))
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .unwrap_or_default()
        };
        let ours = read("cmdline").contains(&path) || read("mountinfo").contains(&path);
        if read("comm").trim() == name && ours {
            let id = process.file_name().expect("it has one").to_string_lossy().into_owned();
            product::run(product::command("/bin/kill".as_ref()).args(["-s", "KILL", &id]));
            killed += 1;
        }
    }
    assert!(killed > 0, "no process is called `{name}`");
}

#[test]
fn secrets_reach_the_job_and_nobody_else() {
    let place = Place::new();
    let secret = "s3cr3t-value-of-the-token";
    let ended = product::run(place.jobs().env("MY_TOKEN", secret).args([
        "--secret",
        "DEPLOY_TOKEN=env:MY_TOKEN",
        "--log-level=trace",
        "--",
        "confidential",
        "snoop",
    ]))
    .with(0);
    let encoded = "czNjcjN0LXZhbHVlLW9mLXRoZS10b2tlbg";
    for shown in [&ended.stdout, &ended.stderr] {
        assert!(!shown.contains(secret) && !shown.contains(encoded), "{shown}");
    }
    assert!(
        !ended.stdout.contains("is readable") && !ended.stdout.contains("is writable"),
        "{}",
        ended.stdout
    );
    let kept = files_that_hold(&place.join("state"), &[secret, encoded]);
    assert_eq!(kept, Vec::<std::path::PathBuf>::new(), "the secret is on disk");

    let missing = product::run(place.jobs().args(["--", "confidential", "snoop"]));
    assert!(missing.code == Some(121) || missing.code == Some(125), "{missing:?}");
    assert!(missing.stderr.contains("DEPLOY_TOKEN"), "{}", missing.stderr);
}

fn files_that_hold(folder: &std::path::Path, texts: &[&str]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)
        .expect("the folder is there")
        .filter_map(Result::ok)
    {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_that_hold(&path, texts));
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            let content = String::from_utf8_lossy(&bytes);
            if texts.iter().any(|text| content.contains(text)) {
                found.push(path);
            }
        }
    }
    found
}
