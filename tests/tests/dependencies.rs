//! Which parts of the workspace link the AWS SDK, as cargo resolves them: a job's container, the gate and the local engine must not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Crates of the SDK and of what it is made of.
fn is_sdk(name: &str) -> bool {
    ["aws-sdk-", "aws-smithy-", "aws-runtime"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || ["aws-config", "aws-credential-types", "aws-types"].contains(&name)
}

/// What cargo says of the workspace and everything below it, for the machines that the product is built for.
fn metadata() -> Value {
    let said = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version=1"])
        .arg("--filter-platform=x86_64-unknown-linux-gnu")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .expect("cargo is there");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&said.stdout).expect("cargo answers JSON")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list").iter()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {value}"))
}

/// Packages by their id, and whether each is of this workspace.
fn packages(metadata: &Value) -> BTreeMap<&str, (&str, bool)> {
    let own: BTreeSet<&str> = list(&metadata["workspace_members"]).filter_map(Value::as_str).collect();
    list(&metadata["packages"])
        .map(|package| {
            let id = text(package, "id");
            (id, (text(package, "name"), own.contains(id)))
        })
        .collect()
}

#[test]
fn the_sdk_is_declared_by_the_ecs_engine_and_the_cli_alone_not_even_for_tests_elsewhere() {
    let metadata = metadata();
    let own = packages(&metadata);
    let declaring: BTreeSet<&str> = list(&metadata["packages"])
        .filter(|package| own[text(package, "id")].1)
        .filter(|package| list(&package["dependencies"]).any(|needed| is_sdk(text(needed, "name"))))
        .map(|package| text(package, "name"))
        .collect();
    assert_eq!(declaring, BTreeSet::from(["engine-ecs", "infrastructure-deployer"]));
}

#[test]
fn the_sdk_is_linked_under_the_ecs_engine_the_function_and_the_cli_alone() {
    let metadata = metadata();
    let packages = packages(&metadata);
    let below: BTreeMap<&str, Vec<&str>> = list(&metadata["resolve"]["nodes"])
        .map(|node| {
            let linked = list(&node["deps"]).filter(|dep| list(&dep["dep_kinds"]).any(|kind| kind["kind"].is_null()));
            (text(node, "id"), linked.map(|dep| text(dep, "pkg")).collect())
        })
        .collect();
    let reaches_sdk = |from: &'_ str| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
        while let Some(id) = left.pop() {
            if seen.insert(id) {
                left.extend(&below[id]);
            }
        }
        seen.iter().any(|id| is_sdk(packages[id].0))
    };
    let linking: BTreeSet<&str> = packages
        .iter()
        .filter(|(id, (_, own))| *own && reaches_sdk(id))
        .map(|(_, (name, _))| *name)
        .collect();
    // The harness of the whole-product tests is no part of the product.
    let expected = BTreeSet::from(["e2e", "engine-ecs", "infrastructure-deployer", "invoker-lambda"]);
    assert_eq!(linking, expected);
}
