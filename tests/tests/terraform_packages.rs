//! What the tests of the Terraform modules read is what this release makes, good or with one thing wrong.
//!
//! `UPDATE_DOCS=1` writes the packages again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use e2e::ground::stack::compiled;
use gatekeeper::fargate;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The module looks at the digest of the function's zip file and never into it.
const ZIP: &str = "In place of a zip file: the module compares digests.\n";

fn module() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../terraform/modules/deploy-runner")
}

/// The files of a package by name.
type Package = BTreeMap<&'static str, String>;

/// A package with this compiled allow-list.
fn package(allow_list: &str) -> Package {
    let manifest = json!({
        "format": 1,
        "release": env!("CARGO_PKG_VERSION"),
        "package": "function.zip",
        "code_sha256": BASE64_STANDARD.encode(Sha256::digest(ZIP)),
        "architecture": "x86_64",
        "allow_list": "allow-list.json",
        "allow_list_digest": hex::encode(Sha256::digest(allow_list)),
    });
    Package::from([
        ("function.zip", ZIP.to_owned()),
        ("allow-list.json", allow_list.to_owned()),
        ("manifest.json", pretty(&manifest)),
    ])
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// A package whose allow-list was changed after it had been compiled, digests and all.
fn changed(good: &str, change: impl Fn(&mut Value)) -> Package {
    let mut allow_list: Value = serde_json::from_str(good).expect("it is JSON");
    change(&mut allow_list);
    package(&allow_list.to_string())
}

/// The good package with one file replaced.
fn with(good: &str, name: &'static str, replace: impl Fn(&str) -> String) -> Package {
    let mut files = package(good);
    let new = replace(&files[name]);
    files.insert(name, new);
    files
}

/// Everything that a container cannot be on ECS, each in a container of its own.
fn unfit(allow_list: &mut Value) {
    let usual = allow_list["containers"]["public"].clone();
    let changes: [(&str, &str, Value); 6] = [
        ("by-name", "/secrets", json!({"TOKEN": "git-token"})),
        (
            "half-an-arn",
            "/secrets",
            json!({"TOKEN": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:git-token"}),
        ),
        ("huge", "/task/memory", json!(9000)),
        ("lonely", "/network", json!("none")),
        ("on-ec2", "/task/launch_types", json!(["EC2"])),
        ("voluminous", "/volumes", json!({"notes": "/notes"})),
    ];
    let containers = allow_list["containers"].as_object_mut().expect("containers");
    containers.clear();
    for (name, pointer, value) in changes {
        let mut container = usual.clone();
        *container.pointer_mut(pointer).expect("every container has it") = value;
        containers.insert(name.to_owned(), container);
    }
}

/// So many containers that their names do not fit into the function's environment.
fn many(allow_list: &mut Value) {
    let usual = allow_list["containers"]["public"].clone();
    let containers = allow_list["containers"].as_object_mut().expect("containers");
    for number in 0..40 {
        containers.insert(format!("container-with-a-long-name-{number}"), usual.clone());
    }
}

fn packages() -> Vec<(&'static str, Package)> {
    let good = compiled(&module().join("tests/packages/good/allow-list.yaml"));
    let good = String::from_utf8(good).expect("it is JSON");
    let good = good.as_str();
    let other_format = |text: &str| text.replace("\"format\": 1", "\"format\": 2");
    vec![
        ("good", package(good)),
        ("unfit", changed(good, unfit)),
        ("many", changed(good, many)),
        ("older", changed(good, |allow_list| allow_list["format"] = json!(0))),
        ("newer", with(good, "manifest.json", other_format)),
        (
            "edited",
            with(good, "allow-list.json", |text| text.replace("2048", "4096")),
        ),
        ("rebuilt", with(good, "function.zip", str::to_uppercase)),
        ("garbled", with(good, "manifest.json", |text| text.replace('{', ""))),
    ]
}

#[test]
fn the_packages_of_the_terraform_tests_are_what_this_release_makes() {
    for (name, files) in packages() {
        for (file, expected) in files {
            check(&format!("tests/packages/{name}/{file}"), &expected);
        }
    }
}

#[test]
fn the_sizes_that_terraform_accepts_are_those_of_the_gate() {
    let rows: Vec<String> = fargate::valid_cpus()
        .map(|cpu| {
            let memories: Vec<_> = fargate::valid_memories(cpu).map(|memory| memory.to_string()).collect();
            format!("  \"{cpu}\": [{}]", memories.join(", "))
        })
        .collect();
    check(
        "allow-list/fargate-sizes.json",
        &format!("{{\n{}\n}}\n", rows.join(",\n")),
    );
}

#[track_caller]
fn check(name: &str, expected: &str) {
    let path = module().join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders can be made");
        fs::write(&path, expected).expect("a file can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, expected,
        "{name} differs: UPDATE_DOCS=1 cargo nextest run --workspace -E 'binary(terraform_packages)' writes it"
    );
}
