//! The deployment guide is what somebody does who has nothing but the guide: its blocks, word for word and in its order.
//!
//! Only this is other than at a newcomer's desk: the values of the guide's first block, the address of AWS, and that the compiler finds
//! everything built already, because the programs under test are the ones to be installed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use e2e::ground::Ground;
use e2e::ground::stack::bootstrap;
use e2e::product::{self, Ended, Place};
use e2e::repository::Repository;
use e2e::terraform::cli_config;
use serde_json::json;

const GUIDE: &str = "docs/deployment.md";
const IMAGE: &str =
    "deploy-runner/terraform-runner@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const REGISTRY: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().expect("it is there")
}

/// The blocks of the guide below a comment, in order.
fn blocks(marker: &str) -> Vec<String> {
    let guide = fs::read_to_string(root().join(GUIDE)).expect("the guide is there");
    let begin = format!("<!-- {marker} -->\n```sh\n");
    let blocks = guide.split(&begin).skip(1);
    let blocks = blocks.map(|rest| rest.split_once("\n```\n").expect("a block has an end").0.to_owned());
    blocks.collect()
}

/// Somebody with a checkout, a shell and an account.
struct Newcomer {
    ground: Ground,
    place: Place,
    values: Vec<(&'static str, String)>,
}

impl Newcomer {
    fn new() -> Self {
        let place = Place::new();
        let ground = Ground::start(&place);
        let repository = Repository::empty(&place);
        repository.write(
            "staging/web/main.tf",
            "resource \"terraform_data\" \"web\" {\n  input = \"1.4.0\"\n}\n",
        );
        repository.commit("The first service");
        repository.push("main");
        let image = format!("{REGISTRY}/{IMAGE}");
        let programs = product::programs();
        let runner = json!([
            programs.join("deploy-runner"),
            "--trigger-dir",
            programs.join("scripts")
        ]);
        ground.ask(&json!({"do": "images", "images": {&image: runner}}));
        ground.ask(&json!({"do": "managed_policies", "names": ["ReadOnlyAccess"]}));
        let subnet = ground.aws("ec2", "describe_subnets", &json!({}))["Subnets"][0].take();
        let values = vec![
            ("AWS_REGION", ground.region().to_owned()),
            ("VPC_ID", subnet["VpcId"].as_str().expect("a VPC").to_owned()),
            ("SUBNET_IDS", json!([subnet["SubnetId"]]).to_string()),
            ("REGISTRY", REGISTRY.to_owned()),
            ("REPOSITORY_URL", repository.url()),
            ("CALLER", "example/infrastructure-live".to_owned()),
            ("TERRAFORM_RUNNER", image),
        ];
        let newcomer = Self { ground, place, values };
        newcomer.check_out();
        newcomer
    }

    fn checkout(&self) -> PathBuf {
        self.place.join("checkout")
    }

    /// What git has of this repository, and what its compiler would make of it.
    fn check_out(&self) {
        let checkout = self.checkout();
        fs::create_dir_all(&checkout).expect("a folder can be made");
        let copy = "git ls-files -z | xargs -0 cp --parents --target-directory \"$1\"";
        let mut copied = product::command(Path::new("/bin/bash"));
        copied.args(["-c", copy, "bash"]).arg(&checkout).current_dir(root());
        copied.env("HOME", self.place.path());
        copied
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*");
        product::run(&mut copied).with(0);
        let built = product::programs();
        let scripts = fs::read_dir(built.join("scripts")).expect("they are built");
        let scripts = scripts.map(|entry| entry.expect("a folder can be listed").path());
        let programs = ["infrastructure-deployer", "deploy-runner", "deploy-runner-local"].map(|name| built.join(name));
        for program in programs.into_iter().chain(scripts).chain([bootstrap()]) {
            for profile in ["release", "lambda"] {
                let folder = checkout.join("target").join(profile);
                fs::create_dir_all(&folder).expect("a folder can be made");
                let name = program.file_name().expect("a program has a name");
                fs::copy(&program, folder.join(name)).expect("a program can be copied");
            }
        }
        let cargo = self.place.write("bin/cargo", "#!/bin/sh\n# Everything is built.\n");
        fs::set_permissions(cargo, fs::Permissions::from_mode(0o755)).expect("a mode can be set");
    }

    /// Types a block, and answers `yes` to whatever asks. What it exports is there for the next one.
    fn types(&self, block: &str) -> Ended {
        let state = self.place.join("shell.state");
        let state = state.display();
        let typed = format!("if [ -e '{state}' ]; then . '{state}'; fi\n{block}\nexport -p >'{state}'\n");
        let owner = self.ground.owner();
        let mut shell = Command::new("/bin/bash");
        shell
            .env_clear()
            .args(["-euo", "pipefail", "-c", &typed])
            .current_dir(self.checkout())
            .env(
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", self.place.join("bin").display()),
            )
            .env("HOME", self.place.path())
            .env("LANG", "C.UTF-8")
            .env("TF_CLI_CONFIG_FILE", self.place.write("terraform.rc", cli_config()))
            .env("CHECKPOINT_DISABLE", "1")
            .env("AWS_ENDPOINT_URL", self.ground.endpoint())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", &owner.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &owner.secret_key)
            .envs(self.values.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::from(
                fs::File::open(self.place.write("answer", "yes\n")).expect("it can be read"),
            ));
        product::run(&mut shell)
    }
}

#[test]
fn the_guide_says_which_values_are_to_be_replaced_and_uses_no_other() {
    let newcomer: BTreeSet<_> = blocks("newcomer: values")
        .concat()
        .lines()
        .map(|line| {
            let assigned = line.strip_prefix("export ").expect("nothing but values");
            assigned.split('=').next().expect("a name").to_owned()
        })
        .collect();
    let expected = [
        "AWS_REGION",
        "CALLER",
        "REGISTRY",
        "REPOSITORY_URL",
        "SUBNET_IDS",
        "VPC_ID",
    ];
    assert_eq!(newcomer, expected.map(str::to_owned).into());
}

#[test]
fn a_newcomer_gets_from_a_checkout_to_the_first_job_by_the_guide_alone() {
    let newcomer = Newcomer::new();
    let blocks = blocks("newcomer");
    assert_eq!(blocks.len(), 6, "{blocks:#?}");
    let ended: Vec<_> = blocks.iter().map(|block| newcomer.types(block).with(0)).collect();
    let [built, packaged, _initialised, applied, first_job, destroyed] = ended.as_slice() else {
        panic!("six blocks");
    };
    assert!(built.stdout.contains("no errors, no warnings"), "{built:?}");
    assert!(packaged.stdout.contains("CodeSha256"), "{packaged:?}");
    assert!(applied.stdout.contains("Apply complete!"), "{applied:?}");
    for expected in [
        "terraform-planner",
        "# terraform_data.web will be created",
        "Plan: 1 to add",
    ] {
        assert!(first_job.stdout.contains(expected), "{expected}: {first_job:?}");
    }
    assert_eq!(newcomer.ground.tasks().len(), 1);
    assert!(destroyed.stdout.contains("Destroy complete!"), "{destroyed:?}");
}
