//! An AWS that is gone in the middle of a run: it refuses every connection, or it takes them and never answers.

use std::time::{Duration, Instant};

use e2e::ground::scene::{Scene, run_of};
use e2e::product::{self, Running};
use serde_json::{Value, json};

/// Enough for the first lines of a run on a busy machine: until then AWS has to be there.
const MAX_WAIT: Duration = Duration::from_secs(20);
/// What the CLI adds to that when AWS cannot be reached, as `docs/troubleshooting.md` says.
const GRACE: Duration = Duration::from_secs(30);
/// For starting programs on a busy machine.
const LEEWAY: Duration = Duration::from_secs(30);

fn lines(count: u32) -> String {
    let lines: Vec<String> = (1..=count).map(|line| format!("line {line} of {count}\n")).collect();
    lines.concat()
}

fn start(scene: &Scene, name: &str, words: &[&str]) -> Running {
    let mut deployer = scene.ci();
    deployer
        .arg(format!("--max-wait-time={}s", MAX_WAIT.as_secs()))
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
    // One run never ends by itself. The other ends in the silence, and is not there for the order to stop that is on its way then.
    let mut of_dead = start(&dead, "dead", &["--", "jobs", "count", "--lines=100000"]);
    let mut of_silent = start(&silent, "silent", &["--", "jobs", "count", "--lines=150", "--exit=3"]);
    of_dead.wait_for("line 2 of");
    let lost = run_of(&dead.ground.tasks()[0]);
    dead.end_aws();
    of_silent.wait_for("line 2 of");
    let seen_again = silent.only_run();
    silent.ground.fall_silent();
    let count = [
        "--idempotency-key=build-7",
        "--",
        "jobs",
        "count",
        "--lines=9",
        "--exit=3",
    ];
    let unanswered = start(&silent, "unanswered", &count);
    let late = Instant::now();

    let in_time = |begun: Instant| (MAX_WAIT + GRACE + LEEWAY).saturating_sub(begun.elapsed());
    let ended = of_dead.end_within(in_time(begun)).with(122);
    assert!(
        begun.elapsed() >= MAX_WAIT + GRACE,
        "it gave up early: {:?}",
        begun.elapsed()
    );
    for expected in [
        "cannot reach".to_owned(),
        format!("--invoker-function-id {} attach {lost}", dead.function.alias),
        format!("--invoker-function-id {} cancel {lost}", dead.function.alias),
    ] {
        assert!(ended.stderr.contains(&expected), "`{expected}`: {}", ended.stderr);
    }
    let result = outcome(&dead, "dead");
    assert_eq!((&result["outcome"], &result["run"]), (&json!("lost"), &json!(lost)));

    let ended = of_silent.end_within(in_time(begun)).with(122);
    assert!(
        ended.stderr.contains(&format!("attach {seen_again}")),
        "{}",
        ended.stderr
    );
    let ended = unanswered.end_within(in_time(late)).with(122);
    assert!(ended.stderr.contains("--idempotency-key=build-7"), "{}", ended.stderr);
    assert_eq!(outcome(&silent, "unanswered")["outcome"], "unanswered");

    product::wait_until("the run has ended in the silence", || {
        product::processes(&seen_again).is_empty()
    });
    silent.ground.go_on();
    // What was sent into the silence may arrive now: the same key gives the same run, whichever comes first.
    let found = start(&silent, "found", &count).end().with(3);
    assert_eq!(found.stdout, lines(9), "{found:?}");
    let attached = product::run(silent.ci().args(["attach", &seen_again])).with(3);
    assert_eq!(attached.stdout, lines(150));
    assert_eq!(silent.ground.tasks().len(), 2, "{:?}", silent.ground.tasks());
}
