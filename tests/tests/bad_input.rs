//! Bad input gets a cause in one line, what to do, and the right exit code; nothing runs.

use e2e::product::{self, Place};

#[test]
fn a_broken_allow_list_ends_with_125_and_every_problem_has_its_line_and_column() {
    let place = Place::new();
    let broken = "version: 1\ncontainers:\n  jobs:\n    descripton: typo\n    image: none\n    scripts:\n      count:\n        description: d\n        options:\n          --lines: { type: integr }\n          -x: { type: flag }\n";
    let file = place.write("broken.yaml", broken);
    for args in [
        vec!["check", file.to_str().expect("a path")],
        vec!["--", "jobs", "count"],
    ] {
        let ended = product::run(place.deployer(&file).args(&args)).with(125);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        for place_in_file in ["4:", "10:", "11:"] {
            assert!(
                said.contains(&format!("broken.yaml:{place_in_file}")),
                "{place_in_file}: {said}"
            );
        }
    }
    assert_eq!(place.runs().len(), 0);
}

#[test]
fn a_missing_allow_list_is_named() {
    let place = Place::new();
    let ended = product::run(
        place
            .deployer(&place.join("nowhere.yaml"))
            .args(["--", "jobs", "count"]),
    )
    .with(125);
    assert!(ended.stderr.contains("nowhere.yaml"), "{}", ended.stderr);
}

#[test]
fn without_bubblewrap_nothing_runs_and_the_package_is_named() {
    let place = Place::new();
    let ended = product::run(place.jobs().env("PATH", place.path()).args(["--", "jobs", "count"])).with(121);
    assert!(ended.stderr.contains("bubblewrap"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("line 1"), "{}", ended.stdout);
}

#[test]
fn a_script_that_is_declared_but_not_there_fails_to_start() {
    let place = Place::new();
    let ended = product::run(place.jobs().args(["--", "jobs", "gone"])).with(121);
    assert!(ended.stderr.contains("gone"), "{}", ended.stderr);
    place.assert_nothing_is_left();
}

#[test]
fn an_unknown_run_is_not_found_and_a_malformed_id_is_explained() {
    let place = Place::new();
    let unknown = "0123456789abcdef0123456789abcdef";
    for verb in ["attach", "cancel"] {
        let ended = product::run(place.jobs().args([verb, unknown])).with(125);
        assert!(ended.stderr.contains(unknown), "{}", ended.stderr);
        let ended = product::run(place.jobs().args([verb, "../x"])).with(125);
        assert!(ended.stderr.contains("run id"), "{}", ended.stderr);
    }
}

#[test]
fn a_state_folder_that_cannot_be_used_is_named() {
    let place = Place::new();
    let file = place.write("a-file", "");
    let ended = product::run(place.jobs().env("XDG_STATE_HOME", &file).args(["--", "jobs", "count"])).with(125);
    assert!(ended.stderr.contains("a-file"), "{}", ended.stderr);
}

#[test]
fn a_typing_mistake_in_our_own_options_ends_with_125_and_nothing_runs() {
    let place = Place::new();
    product::run(place.jobs().args(["--max-wait", "1h", "--", "jobs", "count"])).with(125);
    product::run(place.jobs().args(["jobs", "count"])).with(125);
    assert_eq!(place.runs().len(), 0);
}
