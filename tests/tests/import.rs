//! The configuration of Gruntwork's ECS Deploy Runner becomes an allow-list that the product takes.

use std::path::{Path, PathBuf};

use e2e::product::{self, Place};
use serde_json::Value;

fn configuration() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deployer-cli/src/import/tests/standard.json")
}

#[test]
fn an_imported_allow_list_passes_the_check_and_the_gate_obeys_it() {
    let place = Place::new();
    let file = place.join("allow-list.yaml");
    let mut import = place.deployer(&file);
    import.arg("import").arg(configuration()).arg("--output").arg(&file);
    let said = product::run(&mut import).with(0);
    assert_eq!(said.stdout, "");
    for heading in ["left out (", "to decide (", "stricter ("] {
        assert!(said.stderr.contains(heading), "{}", said.stderr);
    }
    product::run(place.deployer(&file).arg("check").arg(&file)).with(0);
    let explain = |words: &[&str]| {
        let mut explain = place.deployer(&file);
        explain.args(["--explain", "--", "terraform-planner", "infrastructure-deploy-script"]);
        product::run(explain.args(words))
    };
    explain(&["--command=plan", "--deploy-path=prod"]).with(0);
    let denied = explain(&["--command=apply"]).with(120);
    assert!(denied.stdout.contains("plan-all"), "{}", denied.stdout);
}

#[test]
fn standard_output_carries_the_allow_list_and_standard_error_the_list_for_machines() {
    let place = Place::new();
    let file = place.join("unused.yaml");
    let mut import = place.deployer(&file);
    import
        .args(["import", "-", "--json"])
        .stdin(std::fs::File::open(configuration()).expect("it is there"));
    let said = product::run(&mut import).with(0);
    assert!(said.stdout.contains("\nversion: 1\n"), "{}", said.stdout);
    let list: Value = serde_json::from_str(&said.stderr).expect("JSON and nothing else");
    assert!(
        list["remarks"].as_array().is_some_and(|remarks| remarks.len() > 10),
        "{list}"
    );
}

#[test]
fn what_cannot_be_read_writes_nothing_and_ends_with_125() {
    let place = Place::new();
    let output = place.join("allow-list.yaml");
    for (text, expected) in [
        ("container_images = {}", "line 1, column 1"),
        (
            r#"{"c": {"docker_image": "i", "docker_tag": "1", "denied": []}}"#,
            "unknown field `denied`",
        ),
        (
            r#"{"c": {"docker_image": "i", "docker_tag": "1"}}"#,
            "nothing is written",
        ),
    ] {
        let input = place.write("input.json", text);
        let mut import = place.deployer(&output);
        import.arg("import").arg(&input).arg("--output").arg(&output);
        let ended = product::run(&mut import).with(125);
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
        assert!(!output.exists());
    }
}
