//! The CLI is killed without a chance to say anything; whoever comes after it finds the one run, every line of it and its exit code.

use std::time::{Duration, Instant};

use e2e::ground::scene::{Scene, run_of};
use e2e::product::{self, Running};

const EXPECTED: &str = "line 1 of 5\nline 2 of 5\nline 3 of 5\nline 4 of 5\nline 5 of 5\n";
const PATIENCE: Duration = Duration::from_secs(20);

/// How far the CLI and its run are.
struct Seen<'a> {
    scene: &'a Scene,
    caller: &'a Running,
    tasks_before: usize,
    calls_before: usize,
}

/// When it is killed, and whether the run is found by its id (else by the key).
type Point = (&'static str, fn(&Seen<'_>) -> bool, bool);

const POINTS: [Point; 6] = [
    ("at its start", |_| true, false),
    (
        "before the answer",
        |seen| seen.scene.ground.count("InvokeFunction") > seen.calls_before,
        false,
    ),
    (
        "as soon as there is a task",
        |seen| seen.scene.ground.tasks().len() > seen.tasks_before,
        false,
    ),
    (
        "when it has told the run",
        |seen| seen.caller.stderr().contains(" started"),
        true,
    ),
    (
        "in the middle",
        |seen| seen.caller.stdout().contains("line 3 of 5"),
        true,
    ),
    (
        "at the last line",
        |seen| seen.caller.stdout().contains("line 5 of 5"),
        true,
    ),
];

/// Waits in very small steps: the points lie close together.
#[track_caller]
fn wait_closely(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn whenever_the_cli_is_killed_there_is_one_run_and_every_line_of_it_comes_once() {
    let scene = Scene::new();
    // The function is warm afterwards, so that the points lie where they are meant to.
    product::run(scene.ci().arg("--describe-containers")).with(0);
    for (number, (when, reached, by_id)) in POINTS.into_iter().enumerate() {
        let call = [
            format!("--idempotency-key=build-{number}"),
            "--".to_owned(),
            "jobs".to_owned(),
            "count".to_owned(),
            "--lines=5".to_owned(),
            format!("--exit={}", 10 + number),
        ];
        let (tasks_before, calls_before) = (scene.ground.tasks().len(), scene.ground.count("InvokeFunction"));
        let caller = Running::start(&scene.place, &format!("caller-{number}"), scene.ci().args(&call));
        wait_closely(when, || {
            reached(&Seen {
                scene: &scene,
                caller: &caller,
                tasks_before,
                calls_before,
            })
        });
        caller.signal("KILL");
        drop(caller);
        let mut again = scene.ci();
        if by_id {
            let task = scene.ground.tasks().pop().expect("it was started");
            again.args(["attach", &run_of(&task)]);
        } else {
            again.args(&call);
        }
        let code = i32::try_from(10 + number).expect("a small number");
        let ended = product::run(&mut again).with(code);
        assert_eq!(ended.stdout, EXPECTED, "killed {when}: {}", ended.stderr);
    }
    let tasks = scene.ground.tasks();
    assert_eq!(tasks.len(), POINTS.len(), "one task for each key: {tasks:?}");
}
