//! An AWS that is gone in the middle of a run: it refuses every connection, or it takes them and never answers.

use std::time::{Duration, Instant};

use e2e::ground::scene::{Scene, run_of};
use e2e::product::{self, Running};
use serde_json::{Value, json};

const MAX_WAIT: Duration = Duration::from_secs(12);
/// What the CLI adds to that when AWS cannot be reached, as `docs/troubleshooting.md` says.
const GRACE: Duration = Duration::from_secs(30);
/// For starting programs on a busy machine.
const LEEWAY: Duration = Duration::from_secs(15);

fn lines(count: u32) -> String {
    let lines: Vec<String> = (1..=count).map(|line| format!("line {line} of {count}\n")).collect();
    lines.concat()
}

fn start(scene: &Scene, name: &str, words: &[&str]) -> Running {
    let mut deployer = scene.ci();
    deployer
        .arg("--max-wait-time=12s")
        .arg("--result-file")
        .arg(scene.place.join(&format!("{name}.json")))
        .args(words);
    Running::start(&scene.place, name, &mut deployer)
}

fn outcome(scene: &Scene, name: &str) -> Value {
    let result = std::fs::read(scene.place.join(&format!("{name}.json"))).expect("a result was written");
    serde_json::from_slice(&result).expect("it is JSON")
}

#[test]
fn an_aws_that_is_gone_ends_the_cli_with_122_in_time_and_with_the_way_back() {
    let mut dead = Scene::new();
    let silent = Scene::new();
    let begun = Instant::now();
    let count = ["--", "jobs", "count", "--lines=40", "--exit=3"];
    let mut of_dead = start(&dead, "dead", &count);
    let mut of_silent = start(&silent, "silent", &count);
    of_dead.wait_for("line 2 of");
    of_silent.wait_for("line 2 of");
    let lost = run_of(&dead.ground.tasks()[0]);
    let seen_again = silent.only_run();
    dead.end_aws();
    silent.ground.fall_silent();
    let unanswered = start(
        &silent,
        "unanswered",
        &[&["--idempotency-key=build-7"], &count[..]].concat(),
    );
    let late = Instant::now();

    let ended = of_dead.end_within(GRACE + MAX_WAIT + LEEWAY).with(122);
    assert!(begun.elapsed() >= GRACE, "it gave up early: {:?}", begun.elapsed());
    for expected in [
        "cannot reach".to_owned(),
        format!("--invoker-function-id {} attach {lost}", dead.function.alias),
        format!("--invoker-function-id {} cancel {lost}", dead.function.alias),
    ] {
        assert!(ended.stderr.contains(&expected), "`{expected}`: {}", ended.stderr);
    }
    let result = outcome(&dead, "dead");
    assert_eq!((&result["outcome"], &result["run"]), (&json!("lost"), &json!(lost)));

    let ended = of_silent.end_within(LEEWAY).with(122);
    assert!(
        ended.stderr.contains(&format!("attach {seen_again}")),
        "{}",
        ended.stderr
    );
    let ended = unanswered.end_within(LEEWAY).with(122);
    assert!(late.elapsed() < MAX_WAIT + GRACE + LEEWAY, "{:?}", late.elapsed());
    assert!(ended.stderr.contains("--idempotency-key=build-7"), "{}", ended.stderr);
    assert_eq!(outcome(&silent, "unanswered")["outcome"], "unanswered");

    silent.ground.go_on();
    // What was sent into the silence may arrive now: the same key gives the same run, whichever comes first.
    let found = product::run(
        silent
            .ci()
            .arg("--idempotency-key=build-7")
            .arg("--max-wait-time=12s")
            .args(count),
    );
    assert_eq!(found.stdout, lines(40), "{found:?}");
    found.with(3);
    let attached = product::run(silent.ci().args(["attach", &seen_again])).with(3);
    assert_eq!(attached.stdout, lines(40));
    assert_eq!(silent.ground.tasks().len(), 2, "{:?}", silent.ground.tasks());
}
