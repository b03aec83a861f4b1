//! The allow-lists of the example for several accounts come from shared parts and from what is said of each account, once.

use std::path::{Path, PathBuf};

use e2e::product::{self, Place};
use serde_json::Value;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../terraform/examples/multi-account")
}

/// Any program that Lambda could load; this one is small, and nobody calls it.
fn program() -> PathBuf {
    product::programs().join("deploy-runner")
}

/// What `package.sh` made for an account, compiled.
fn packaged(place: &Place, account: &str) -> Value {
    let mut package = product::command(&example().join("package.sh"));
    package
        .arg(account)
        .arg(program())
        .env("PATH", format!("{}:/usr/bin:/bin", product::programs().display()))
        .env("HOME", place.path())
        .env("BUILD_DIR", place.join("build"));
    product::run(&mut package).with(0);
    let compiled = std::fs::read(place.join("build").join(account).join("allow-list.json")).expect("it was compiled");
    serde_json::from_slice(&compiled).expect("it is JSON")
}

#[test]
fn each_account_has_the_parts_and_the_secret_that_its_file_names() {
    let place = Place::new();
    for (account, containers) in [
        ("staging", vec!["terraform-planner", "terraform-applier"]),
        ("audit", vec!["terraform-planner"]),
    ] {
        let described = std::fs::read(example().join("accounts").join(format!("{account}.tfvars.json")));
        let described: Value = serde_json::from_slice(&described.expect("it is there")).expect("it is JSON");
        let allow_list = packaged(&place, account);
        let found = allow_list["containers"].as_object().expect("containers");
        assert_eq!(found.len(), containers.len(), "{account}: {found:?}");
        for container in containers {
            let container = &allow_list["containers"][container];
            assert_eq!(container["secrets"]["GIT_TOKEN"], described["git_token"]);
            let script = &container["scripts"]["infrastructure-deploy-script"];
            let within = &script["options"]["--deploy-path"]["type"]["path"]["within"];
            assert_eq!(within[0], format!("{account}/**"));
        }
    }
}

#[test]
fn an_account_that_nobody_described_has_no_package() {
    let place = Place::new();
    let mut package = product::command(&example().join("package.sh"));
    package
        .arg("production")
        .arg(program())
        .env("BUILD_DIR", place.join("build"));
    let ended = product::run(&mut package);
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("accounts/production.tfvars.json"), "{ended:?}");
}
