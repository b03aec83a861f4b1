//! The life of a run on AWS, with small jobs: exit codes, denial, leaving and coming back, cancelling, secrets, foreign images.

use e2e::ground::scene::{FUNCTION, Scene, run_of};
use e2e::product::{self, Running};
use serde_json::json;

#[test]
fn the_jobs_exit_code_and_both_outputs_arrive_by_name_by_alias_and_by_arn() {
    let scene = Scene::new();
    for (code, name) in [
        (0, scene.function.alias.clone()),
        (7, format!("{FUNCTION}:live")),
        (120, scene.function.alias.replace(":live", ":1")),
    ] {
        // Only the alias is granted to CI; the version needs somebody with more.
        let mut deployer = if name.ends_with(":1") {
            scene.place.principal(&scene.ground, scene.ground.owner())
        } else {
            scene.ci()
        };
        let ended = product::run(
            deployer
                .args(["--invoker-function-id", &name, "--", "jobs", "count", "--lines=2"])
                .arg(format!("--exit={code}")),
        )
        .with(code);
        assert_eq!(ended.stdout, "line 1 of 2\nline 2 of 2\n", "{name}");
        assert!(
            ended.stderr.lines().any(|line| line == "that was all"),
            "{}",
            ended.stderr
        );
    }
    for task in scene.ground.tasks() {
        let tags = task["tags"].as_array().expect("tags");
        for name in ["request-digest", "allow-list-digest", "container", "script", "output"] {
            let key = format!("deploy-runner:{name}");
            assert!(tags.iter().any(|tag| tag["key"] == *key), "`{key}` in {tags:?}");
        }
        let started_by = task["startedBy"].as_str().unwrap_or_default();
        assert!(started_by.starts_with("deploy-runner/"), "{task}");
    }
    let other = product::run(
        scene
            .ci()
            .args(["--invoker-function-id", FUNCTION, "--", "jobs", "count"]),
    )
    .with(125);
    assert!(other.stderr.contains("lambda:InvokeFunction"), "{}", other.stderr);
}

#[test]
fn a_denied_request_ends_with_120_and_starts_nothing() {
    let scene = Scene::new();
    let denied = product::run(scene.ci().args(["--", "jobs", "count", "--linse=2", "--exit=x"])).with(120);
    for problem in ["--linse", "--exit"] {
        assert!(denied.stderr.contains(problem), "`{problem}`: {}", denied.stderr);
    }
    assert_eq!(denied.stdout, "");
    assert_eq!(scene.ground.count("RunTask"), 0, "RunTask was never called");
    let group = format!("/aws/lambda/{FUNCTION}");
    product::wait_until("the decision is on record", || {
        scene.ground.log_of_group(&group).contains(r#""audit":"decision""#)
    });
}

#[test]
fn a_run_that_nobody_waits_for_is_attached_to_and_an_unknown_one_is_not_found() {
    let scene = Scene::new();
    product::run(
        scene
            .ci()
            .args(["--no-wait", "--", "jobs", "count", "--lines=30", "--exit=4"]),
    )
    .with(0);
    let run = scene.only_run();
    let attached = product::run(scene.ci().args(["attach", &run])).with(4);
    let expected: Vec<String> = (1..=30).map(|line| format!("line {line} of 30")).collect();
    assert_eq!(attached.stdout.lines().collect::<Vec<_>>(), expected);
    let again = product::run(scene.ci().args(["attach", &run])).with(4);
    assert_eq!(again.stdout, attached.stdout);

    let unknown = product::run(scene.ci().args(["attach", &"f".repeat(32)]));
    assert!(unknown.code.is_some_and(|code| code >= 120), "{unknown:?}");
    assert!(unknown.stderr.contains(&"f".repeat(32)), "{}", unknown.stderr);
    assert_eq!(scene.ground.count("RunTask"), 1);
}

#[test]
fn cancelling_gives_the_job_time_to_clean_up_and_a_deadline_holds_without_anybody_watching() {
    let scene = Scene::new();
    let mut caller = Running::start(
        &scene.place,
        "caller",
        scene.ci().args(["--", "jobs", "count", "--lines=1000"]),
    );
    caller.wait_for("line 2 of");
    caller.signal("TERM");
    let ended = caller.end().with(143);
    assert!(ended.stdout.ends_with("asked to stop\n"), "{}", ended.stdout);

    product::run(scene.ci().args(["--", "hurried", "count", "--lines=1000"])).with(124);
    let gone = product::run(scene.ci().args(["--", "jobs", "gone"])).with(121);
    assert!(gone.stderr.contains("`gone`"), "{}", gone.stderr);
}

#[test]
fn secrets_come_from_the_task_definition_and_reach_the_job_and_nobody_else() {
    let scene = Scene::new();
    let secret = "s3cr3t-value-of-the-token";
    let missing = product::run(scene.ci().args(["--", "confidential", "snoop"])).with(121);
    assert!(missing.stderr.contains("deploy-token"), "{}", missing.stderr);
    scene.ground.aws(
        "secretsmanager",
        "create_secret",
        &json!({"Name": "deploy-token", "SecretString": secret}),
    );
    let ended = product::run(scene.ci().args(["--log-level=trace", "--", "confidential", "snoop"])).with(0);
    let encoded = "czNjcjN0LXZhbHVlLW9mLXRoZS10b2tlbg";
    for shown in [&ended.stdout, &ended.stderr] {
        assert!(!shown.contains(secret) && !shown.contains(encoded), "{shown}");
    }
    let task = scene.ground.tasks().pop().expect("a task");
    assert!(
        !task.to_string().contains(secret),
        "the task's overrides and tags have it: {task}"
    );
    let stream = format!("deploy-runner/job/{}", run_of(&task));
    let log = scene.ground.log(e2e::ground::stack::LOG_GROUP, &stream).join("\n");
    assert!(
        log.contains("plain: ") && !log.contains(secret) && !log.contains(encoded),
        "{log}"
    );
}

#[test]
fn an_image_with_its_own_entry_point_is_passed_on_as_it_is_and_claims_no_complete_log() {
    let scene = Scene::new();
    let call = ["--", "raw", "count", "--lines=3", "--exit=6"];
    let ended = product::run(scene.ci().args(call)).with(6);
    assert_eq!(ended.stdout, "line 1 of 3\nline 2 of 3\nline 3 of 3\nthat was all\n");
    // A job that failed keeps its own code; of one that succeeded nobody can prove that the log is complete.
    let call = ["--", "raw", "count", "--lines=3"];
    let strict = product::run(scene.ci().arg("--require-complete-logs").args(call)).with(123);
    assert_eq!(strict.stdout, ended.stdout);
}
