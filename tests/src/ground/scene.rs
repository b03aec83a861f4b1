//! A whole stage: a simulated AWS, the product installed in it, and a repository of Terraform code for it.
//!
//! Responsible for telling jobs where things are, the way an operator would: through the environment that the allow-list
//! declares. Never gives a job or the CLI anything else of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::ground::stack::{Function, Special, Stack};
use crate::ground::{Ground, Mode};
use crate::product::{self, Place};
use crate::repository::Repository;
use crate::terraform::cli_config;

/// The name of the function that every scene has.
pub const FUNCTION: &str = "deploy-runner-invoker";
/// Where the state of the fixture's Terraform code is kept.
pub const STATE_BUCKET: &str = "terraform-state";

/// A stage for one test. The order of the fields is the order in which they end.
#[derive(Debug)]
pub struct Scene {
    /// The simulated AWS.
    pub ground: Ground,
    /// The installed product.
    pub stack: Stack,
    /// The function and who may call it.
    pub function: Function,
    /// The repository of Terraform code.
    pub repository: Repository,
    /// Its folder.
    pub place: Place,
}

impl Scene {
    /// Everything in its place, nothing started.
    pub fn new() -> Self {
        Self::of(Mode::Process)
    }

    /// The same, with tasks in containers of podman. There is one image, `jobs`.
    pub fn in_podman() -> Self {
        let scene = Self::of(Mode::Podman);
        scene.ground.ask(&image_of_jobs());
        scene
    }

    fn of(mode: Mode) -> Self {
        let place = Place::new();
        let ground = Ground::start_in(mode, &place);
        let repository = Repository::with(&place, &product::fixtures().join("aws-live"));
        let allow_list = allow_list(&place, &ground, &repository);
        let stack = Stack::install(&ground, &place, &allow_list, &images());
        let function = stack.function(&ground, FUNCTION);
        Self {
            ground,
            stack,
            function,
            repository,
            place,
        }
    }

    /// The CLI as a CI job calls it.
    pub fn ci(&self) -> Command {
        self.place.ci(&self.ground, &self.function)
    }

    /// The CLI as a CI job calls another function.
    pub fn ci_of(&self, function: &Function) -> Command {
        self.place.ci(&self.ground, function)
    }

    /// Another function, with something special.
    pub fn special(&self, name: &str, special: &Special<'_>) -> Function {
        self.stack.special_function(&self.ground, name, special)
    }

    /// What CI users asked of AWS: nothing but calls of the function.
    #[track_caller]
    pub fn assert_ci_asks_for_nothing_else(&self) {
        for request in self.ground.requests() {
            let caller = request["caller"].as_str().unwrap_or_default();
            assert!(
                !caller.contains(":user/ci-") || request["action"] == "InvokeFunction",
                "a CI user asked for more: {request}"
            );
        }
    }

    /// Ends the simulated AWS and everything that runs in it.
    pub fn end_aws(&mut self) {
        self.assert_ci_asks_for_nothing_else();
        self.ground.end();
    }

    /// The id of the one task that was ever started.
    #[track_caller]
    pub fn only_run(&self) -> String {
        let tasks = self.ground.tasks();
        assert_eq!(tasks.len(), 1, "exactly one task: {tasks:?}");
        run_of(&tasks[0])
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scene {
    /// Whatever a test is about, the credentials of CI are good for one action.
    fn drop(&mut self) {
        if self.ground.is_up() && !std::thread::panicking() {
            self.assert_ci_asks_for_nothing_else();
        }
    }
}

/// The run that a task is.
pub fn run_of(task: &Value) -> String {
    let arn = task["taskArn"].as_str().expect("a task has an ARN");
    arn.rsplit('/').next().expect("an ARN has an id").to_owned()
}

fn allow_list(place: &Place, ground: &Ground, repository: &Repository) -> PathBuf {
    let template = std::fs::read_to_string(product::fixtures().join("aws.yaml")).expect("the fixture is there");
    std::fs::create_dir_all(place.join("tmp")).expect("a folder can be made");
    let cli_config = place.write("terraform.rc", cli_config());
    let filled = template
        .replace("{endpoint}", ground.endpoint())
        .replace("{repository}", &repository.url())
        .replace("{cli_config}", &cli_config.display().to_string())
        .replace("{place}", &place.path().display().to_string());
    place.write("aws.yaml", filled)
}

fn images() -> Value {
    let programs = product::programs();
    let runner = |scripts: &Path| json!([programs.join("deploy-runner"), "--trigger-dir", scripts]);
    let scripts = product::fixtures().join("scripts");
    let foreign = format!("exec {}/\"$0\" \"$@\"", scripts.display());
    json!({
        "jobs": runner(&scripts),
        "terraform-runner": runner(&programs.join("scripts")),
        "foreign": ["/bin/sh", "-c", foreign],
    })
}

/// The runner, the small jobs, and what of this machine they need.
fn image_of_jobs() -> Value {
    let runner = "/usr/local/bin/deploy-runner";
    let mut programs = json!({"/bin/sh": "/bin/sh", "/bin/sleep": "/bin/sleep"});
    programs[runner] = json!(product::programs().join("deploy-runner"));
    for script in ["count", "where"] {
        let source = product::fixtures().join("scripts").join(script);
        programs[format!("/opt/deploy-runner/scripts/{script}")] = json!(source);
    }
    json!({"do": "image", "name": "jobs", "programs": programs, "entry_point": [runner]})
}
