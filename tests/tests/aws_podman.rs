//! Tasks as real containers: an image with `deploy-runner` as its entry point, run by podman as Fargate runs it.

use e2e::ground::scene::Scene;
use e2e::product::{self, Running};

#[test]
fn a_task_in_a_container_is_watched_contained_and_cancelled_as_any_other() {
    let mut scene = Scene::in_podman();
    let ended = product::run(scene.ci().args(["--", "jobs", "count", "--lines=3", "--exit=7"])).with(7);
    assert_eq!(ended.stdout, "line 1 of 3\nline 2 of 3\nline 3 of 3\n");
    assert!(
        ended.stderr.lines().any(|line| line == "that was all"),
        "{}",
        ended.stderr
    );

    let seen = product::run(scene.ci().args(["--", "jobs", "where"])).with(0);
    for expected in [
        "uid 1000",
        "capabilities 0000000000000000",
        "no new privileges 1",
        "the root is read-only",
    ] {
        assert!(
            seen.stdout.lines().any(|line| line == expected),
            "`{expected}`: {}",
            seen.stdout
        );
    }
    let gone = product::run(scene.ci().args(["--", "jobs", "gone"])).with(121);
    assert!(gone.stderr.contains("`gone`"), "{}", gone.stderr);
    let unpulled = product::run(scene.ci().args(["--", "unpulled", "count"])).with(121);
    assert!(unpulled.stderr.contains("nobody-built-it"), "{}", unpulled.stderr);

    let mut caller = Running::start(
        &scene.place,
        "caller",
        scene.ci().args(["--", "jobs", "count", "--lines=1000"]),
    );
    caller.wait_for("line 2 of");
    caller.signal("TERM");
    let cancelled = caller.end().with(143);
    assert!(cancelled.stdout.ends_with("asked to stop\n"), "{}", cancelled.stdout);

    // One that is left to itself: the end of the simulated AWS takes its container with it.
    product::run(scene.ci().args(["--no-wait", "--", "jobs", "count", "--lines=1000"])).with(0);
    let task = scene.ground.tasks().pop().expect("it was started");
    product::wait_until("its container runs", || {
        scene
            .ground
            .tasks()
            .iter()
            .any(|known| known["taskArn"] == task["taskArn"] && known["lastStatus"] == "RUNNING")
    });
    scene.end_aws();
    scene.place.assert_nothing_is_left();
}
