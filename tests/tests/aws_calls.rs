//! The credentials of CI are good for one action, and every verb of the CLI is done with it.

use e2e::ground::scene::Scene;
use e2e::product;

#[test]
fn every_verb_is_done_by_calling_the_function_and_nothing_else() {
    let scene = Scene::new();
    let calls = |words: &[&str], code: i32| {
        let before = scene.ground.count("InvokeFunction");
        let ended = product::run(scene.ci().args(words)).with(code);
        let calls = scene.ground.count("InvokeFunction") - before;
        assert!(calls > 0, "{words:?} asked the gate for nothing");
        ended
    };
    calls(&["--describe-containers"], 0);
    calls(&["--explain", "--", "jobs", "count", "--lines=1"], 0);
    calls(&["--explain", "--", "jobs", "count", "--lines=x"], 120);
    calls(&["--", "jobs", "count", "--lines=x"], 120);
    calls(&["--", "jobs", "count", "--lines=1", "--exit=2"], 2);
    let started = calls(&["--no-wait", "--", "jobs", "count", "--lines=1000"], 0);
    let run = started.stdout.trim();
    calls(&["cancel", run], 0);
    calls(&["attach", run], 143);
    calls(&["cancel", &"f".repeat(32)], 125);

    scene.assert_ci_asks_for_nothing_else();
    let requests = scene.ground.requests();
    let of_ci = |request: &&serde_json::Value| request["caller"].as_str().is_some_and(|who| who.contains(":user/ci-"));
    let refused: Vec<_> = requests
        .iter()
        .filter(of_ci)
        .filter(|request| !request["error"].is_null())
        .collect();
    assert!(refused.is_empty(), "nothing was refused: {refused:?}");
}
