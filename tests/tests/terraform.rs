//! The main job: Terraform through the gate, in the sandbox, with real git and a real terraform.

use e2e::product::{self, Place, Running};
use e2e::repository::Repository;

const PLANNER: [&str; 2] = ["terraform-planner", "infrastructure-deploy-script"];
const APPLIER: [&str; 2] = ["terraform-applier", "infrastructure-deploy-script"];

/// What the deploy script is asked for.
fn asked(command: &str, commit: &str, path: &str) -> Vec<String> {
    vec![
        "--repo=infrastructure-live".to_owned(),
        format!("--ref={commit}"),
        format!("--command={command}"),
        format!("--deploy-path={path}"),
    ]
}

#[test]
fn a_plan_is_applied_and_then_there_is_nothing_left_to_do() {
    let place = Place::new();
    let repository = Repository::demo(&place);
    let commit = repository.git(&["rev-parse", "HEAD"]);
    let call = |who: [&str; 2], command: &str, commit: &str, more: &[&str]| {
        product::run(
            place
                .demo(&repository)
                .arg("--")
                .args(who)
                .args(asked(command, commit, "staging/web"))
                .args(more),
        )
    };

    let planned = call(PLANNER, "plan", &commit, &["--detailed-exitcode"]).with(2);
    assert!(
        planned.stdout.contains("Plan: 2 to add, 0 to change, 0 to destroy."),
        "{planned:?}"
    );
    let applied = call(APPLIER, "apply", &commit, &[]).with(0);
    assert!(
        applied
            .stdout
            .contains("Apply complete! Resources: 2 added, 0 changed, 0 destroyed."),
        "{applied:?}"
    );
    let again = call(PLANNER, "plan", &commit, &["--detailed-exitcode"]).with(0);
    assert!(again.stdout.contains("No changes."), "{again:?}");

    let outputs = call(PLANNER, "output", &commit, &["--json"]).with(0);
    let json: serde_json::Value =
        serde_json::from_str(&outputs.stdout).expect("standard output is JSON and nothing else");
    assert_eq!(json["image_version"]["value"], "1.4.0");
    assert_eq!(json["replicas"]["value"][1], "staging-web-1 runs 1.4.0");

    repository.git(&["checkout", "-q", "-b", "upgrade"]);
    let code = std::fs::read_to_string(repository.worktree().join("staging/web/main.tf")).expect("the demo's code");
    repository.write("staging/web/main.tf", &code.replace("1.4.0", "1.5.0"));
    let proposed = repository.commit("Roll out 1.5.0");
    repository.push("upgrade");
    let changed = call(PLANNER, "plan", &proposed, &["--detailed-exitcode"]).with(2);
    assert!(
        changed.stdout.contains("0 to add, 2 to change, 0 to destroy"),
        "{changed:?}"
    );

    let refused = call(APPLIER, "apply", &proposed, &[]);
    assert!(
        refused.code.is_some_and(|code| code != 0) && refused.stderr.contains("protected"),
        "{refused:?}"
    );
    call(PLANNER, "plan", &commit, &["--detailed-exitcode"]).with(0);
    place.assert_nothing_is_left();
}

#[test]
fn a_request_that_is_not_allowed_ends_with_120_and_names_every_problem_and_the_nearest_name() {
    let place = Place::new();
    let repository = Repository::demo(&place);
    let words = [
        "--repo=infrastructure-live",
        "--ref=main",
        "--comand=plan",
        "--deploy-path=../../etc",
        "-lock=false",
    ];
    let denied = product::run(place.demo(&repository).arg("--").args(PLANNER).args(words)).with(120);
    for problem in ["--ref", "--comand", "--deploy-path", "-lock=false", "--command"] {
        assert!(
            denied.stderr.contains(problem),
            "`{problem}` is not named: {}",
            denied.stderr
        );
    }
    assert_eq!(denied.stdout, "", "nothing belongs on standard output");

    let misspelt = product::run(place.demo(&repository).args(["--", "terraform-planer", "x"])).with(120);
    assert!(misspelt.stderr.contains("terraform-planner"), "{}", misspelt.stderr);
    assert_eq!(place.runs(), Vec::<serde_json::Value>::new(), "nothing was started");
}

#[test]
fn a_killed_cli_leaves_the_apply_running_and_attach_shows_every_line_once() {
    let place = Place::new();
    let repository = Repository::demo(&place);
    let commit = repository.git(&["rev-parse", "HEAD"]);
    let mut apply = Running::start(
        &place,
        "apply",
        place
            .demo(&repository)
            .arg("--")
            .args(APPLIER)
            .args(asked("apply", &commit, "staging/rollout"))
            .arg("--var=seconds=4"),
    );
    apply.wait_for("replica 2 of 4 is up");
    apply.signal("KILL");
    assert_eq!(apply.end().code, None);

    let run = place.latest_run();
    let attached = product::run(place.jobs().args(["attach", &run])).with(0);
    for replica in 1..=4 {
        let line = format!("replica {replica} of 4 is up");
        assert_eq!(
            attached.stdout.matches(&line).count(),
            1,
            "`{line}` in {}",
            attached.stdout
        );
    }
    assert_eq!(
        attached.stdout.matches("Apply complete!").count(),
        1,
        "{}",
        attached.stdout
    );
    // Attaching again, to a run that is over, shows the same.
    let again = product::run(place.jobs().args(["attach", &run])).with(0);
    assert_eq!(again.stdout, attached.stdout);
    place.assert_nothing_is_left();
}

#[test]
fn ctrl_c_in_mid_apply_lets_terraform_release_its_lock() {
    let place = Place::new();
    let repository = Repository::demo(&place);
    let commit = repository.git(&["rev-parse", "HEAD"]);
    let mut apply = Running::start(
        &place,
        "apply",
        place
            .demo(&repository)
            .arg("--")
            .args(APPLIER)
            .args(asked("apply", &commit, "staging/rollout"))
            .arg("--var=seconds=60"),
    );
    apply.wait_for("replica 2 of 60 is up");
    let state = place.join("state/deploy-runner/volumes/terraform-state");
    let locks = || {
        let files = std::fs::read_dir(&state).expect("the volume is there");
        let names = files.map(|file| {
            file.expect("it can be listed")
                .file_name()
                .to_string_lossy()
                .into_owned()
        });
        names.filter(|name| name.contains(".lock.info")).collect::<Vec<_>>()
    };
    assert_eq!(locks().len(), 1, "the apply holds the lock");
    apply.signal("INT");
    apply.end().with(130);
    assert_eq!(locks(), Vec::<String>::new(), "the lock is released");

    let plan = product::run(place.demo(&repository).arg("--").args(PLANNER).args(asked(
        "plan",
        &commit,
        "staging/rollout",
    )));
    plan.with(0);
    place.assert_nothing_is_left();
}
