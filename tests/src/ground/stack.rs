//! The product as it is installed in an account: what Terraform will make, made through the same APIs.
//!
//! Responsible for the cluster, the log group, task definitions, the function with its alias, and a CI user. Never decides
//! anything: everything comes from the allow-list.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use gatekeeper::{compile, source};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ground::{Ground, Keys};
use crate::product::{self, Place};

/// The cluster's name.
pub const CLUSTER: &str = "deploy-runner";
/// The log group of jobs.
pub const LOG_GROUP: &str = "/deploy-runner/jobs";
/// What a function may take before Lambda ends it, in seconds.
const FUNCTION_TIMEOUT: u32 = 30;

/// A subnet and a security group that exist.
#[derive(Debug, Clone, Deserialize)]
struct Network {
    subnet: String,
    security_group: String,
}

/// An installed product.
#[derive(Debug)]
pub struct Stack {
    network: Network,
    package: PathBuf,
    pinned: Value,
}

/// An installed function, and who may call it.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The ARN of its alias `live`.
    pub alias: String,
    /// A principal that may invoke the alias and nothing else.
    pub ci: Keys,
}

/// What is special about a function of a test.
#[derive(Debug, Default)]
pub struct Special<'test> {
    /// Settings that replace the usual ones, or take one away.
    pub settings: &'test [(&'test str, Option<&'test str>)],
    /// Actions that its role lacks.
    pub without: &'test [&'test str],
    /// Another package.
    pub package: Option<&'test Path>,
}

impl Stack {
    /// Installs the product with an allow-list. `images` are the entry points of the images that exist.
    pub fn install(ground: &Ground, place: &Place, allow_list: &Path, images: &Value) -> Self {
        let network = ground.ask(&json!({"do": "base", "cluster": CLUSTER, "log_group": LOG_GROUP}));
        let compiled: Value = serde_json::from_slice(&compiled(allow_list)).expect("it is JSON");
        let pinned = ground.ask(&json!({"do": "task_definitions", "allow_list": compiled, "log_group": LOG_GROUP}));
        ground.ask(&json!({"do": "images", "images": images}));
        Self {
            network: serde_json::from_value(network).expect("a network"),
            package: package(place, allow_list),
            pinned,
        }
    }

    /// The package with the allow-list.
    pub fn package(&self) -> &Path {
        &self.package
    }

    /// The pinned task definition of a container.
    pub fn task_definition(&self, container: &str) -> &str {
        self.pinned[container].as_str().expect("every container has one")
    }

    /// What the invoker is told about its place, as its environment.
    pub fn settings(&self, ground: &Ground) -> BTreeMap<String, String> {
        let settings = [
            ("DEPLOY_RUNNER_CLUSTER", CLUSTER.to_owned()),
            ("DEPLOY_RUNNER_SUBNETS", self.network.subnet.clone()),
            ("DEPLOY_RUNNER_SECURITY_GROUPS", self.network.security_group.clone()),
            ("DEPLOY_RUNNER_TASK_DEFINITIONS", self.pinned.to_string()),
            ("DEPLOY_RUNNER_LOG_GROUP", LOG_GROUP.to_owned()),
            ("AWS_ENDPOINT_URL", ground.endpoint().to_owned()),
        ];
        settings.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// The function as everybody has it.
    pub fn function(&self, ground: &Ground, name: &str) -> Function {
        self.special_function(ground, name, &Special::default())
    }

    /// A function with something special.
    pub fn special_function(&self, ground: &Ground, name: &str, special: &Special<'_>) -> Function {
        let mut environment = self.settings(ground);
        for (setting, value) in special.settings {
            environment.remove(*setting);
            environment.extend(value.map(|value| ((*setting).to_owned(), value.to_owned())));
        }
        let role = ground.ask(&json!({
            "do": "invoker_role",
            "name": name,
            "cluster": CLUSTER,
            "log_group": LOG_GROUP,
            "without": special.without,
        }));
        let alias = ground.ask(&json!({
            "do": "function",
            "name": name,
            "package": special.package.unwrap_or(&self.package),
            "role_arn": role,
            "environment": environment,
            "timeout": FUNCTION_TIMEOUT,
        }));
        let ci = ground.ask(&json!({"do": "ci_user", "name": format!("ci-{name}"), "alias_arn": alias}));
        Function {
            name: name.to_owned(),
            alias: alias.as_str().expect("an ARN").to_owned(),
            ci: serde_json::from_value(ci).expect("keys"),
        }
    }
}

impl Place {
    /// The CLI as a CI job calls it: with the keys of a principal that may invoke one alias.
    pub fn ci(&self, ground: &Ground, function: &Function) -> Command {
        let mut deployer = self.principal(ground, &function.ci);
        deployer.env("DEPLOY_RUNNER_INVOKER_FUNCTION_ID", &function.alias);
        deployer
    }

    /// The CLI with somebody's keys.
    pub fn principal(&self, ground: &Ground, keys: &Keys) -> Command {
        let mut deployer = product::command(&product::programs().join("infrastructure-deployer"));
        deployer
            .env("HOME", self.path())
            .env("XDG_STATE_HOME", self.join("state"))
            .env("AWS_ENDPOINT_URL", ground.endpoint())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", ground.region())
            .env("AWS_ACCESS_KEY_ID", &keys.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &keys.secret_key)
            .current_dir(self.path());
        deployer
    }
}

/// The compiled form of an allow-list, on the one path that the product has.
pub fn compiled(allow_list: &Path) -> Vec<u8> {
    let yaml = std::fs::read_to_string(allow_list).expect("the allow-list can be read");
    let name = allow_list.display().to_string();
    let source = source::read(&name, &yaml).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
    let compiled = compile::compile(&source).unwrap_or_else(|findings| panic!("{name}: {findings:?}"));
    compiled.canonical_bytes()
}

/// The built function.
pub fn bootstrap() -> PathBuf {
    let bootstrap = product::programs().join("../lambda/bootstrap");
    assert!(
        bootstrap.exists(),
        "{} is not there: run `make build`",
        bootstrap.display()
    );
    bootstrap
}

/// The zip that `infrastructure-deployer package` makes.
fn package(place: &Place, allow_list: &Path) -> PathBuf {
    let zip = place.join("invoker.zip");
    product::run(
        place
            .deployer(allow_list)
            .arg("package")
            .arg(allow_list)
            .arg("--output")
            .arg(&zip)
            .arg("--lambda")
            .arg(bootstrap()),
    )
    .with(0);
    zip
}
