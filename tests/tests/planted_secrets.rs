//! Every standard script gets secrets, and does its work. They are looked for in whatever the run leaves or shows: frames, results, the
//! state folder, processes, images, repositories, temporary folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::planted::{Watcher, forms, found_below, found_in, need};
use e2e::product::{self, Ended, Place};
use e2e::registry;
use e2e::repository::Repository;
use serde_json::Value;
use tempfile::TempDir;

#[path = "../../runner-images/scripts/tests/deploy/git_server.rs"]
mod git_server;
#[path = "../../runner-images/scripts/tests/deploy/ssh_server.rs"]
mod ssh_server;

use git_server::{Behaviour, GitServer};
use ssh_server::{KeyPair, SshServer};

const GIT_TOKEN: &str = "planted-git-token+/=?";
const PLAN_KEY: &str = "planted-plan-key-of-many-characters+/=?";
const WORD: &str = "planted-word-for-the-tool+/=?";
const BUILD_SECRET: &str = "planted-build-secret+/=?";
/// Made anew for each run, as no file should hold a private key.
static SSH_KEY: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::make(tempfile::tempdir().expect("a temporary folder").path()));
/// A tool that tells its word to everybody.
const MODULE: &str = r#"
terraform {
  backend "local" {
    path = "/kept/app.tfstate"
  }
}
variable "word" {}
resource "terraform_data" "thing" {
  provisioner "local-exec" {
    command = "echo \"the word is $TF_VAR_word\"; printf %s \"carol:$TF_VAR_word\" | base64 -w 0; sleep 1"
  }
}
"#;
const TEMPLATE: &str = r#"
variable "password" {}
source "file" "made" {
  content = "nothing"
  target  = "made.txt"
}
build {
  sources = ["source.file.made"]
  post-processor "shell-local" {
    inline = ["echo the password is ${var.password}", "sleep 1"]
  }
}
"#;

fn planted() -> Vec<String> {
    let secrets = [GIT_TOKEN, PLAN_KEY, WORD, registry::PASSWORD, BUILD_SECRET];
    // A key is known by any of its lines. The first two and the last say nothing about it: every key has them.
    let lines: Vec<&str> = SSH_KEY.private.lines().collect();
    let of_the_key = &lines[2..lines.len() - 1];
    secrets
        .iter()
        .chain(of_the_key)
        .flat_map(|secret| forms(secret))
        .collect()
}

/// A repository behind a server that asks for the token and one that asks for the key, and the allow-list for them.
struct Stage {
    repository: Repository,
    server: GitServer,
    ssh: SshServer,
    /// Its files are nothing that a run leaves.
    _of_ssh: TempDir,
    allow_list: PathBuf,
    url: String,
    place: Place,
}

impl Stage {
    fn new() -> Self {
        let place = Place::new();
        let repository = Repository::empty(&place);
        repository.write("app/main.tf", MODULE);
        repository.write("app/app.tfvars", "image_version = \"1.0.0\"\n");
        repository.write("image/image.pkr.hcl", TEMPLATE);
        fs::create_dir_all(repository.worktree().join("docker")).expect("a folder can be made");
        a_shell_in(&repository.worktree().join("docker/base"));
        repository.write(
            "docker/Dockerfile",
            "FROM scratch\nCOPY base /\nRUN --mount=type=secret,id=BUILD_SECRET [\"/bin/dash\", \"-c\", \"read t < /run/secrets/BUILD_SECRET; echo ${#t} > /length\"]\n",
        );
        repository.commit("everything");
        repository.push("main");
        let bare = repository.bare().display().to_string();
        repository.git(&["-C", &bare, "config", "http.receivepack", "true"]);
        let credential = STANDARD.encode(format!("x-access-token:{GIT_TOKEN}"));
        let asks_for_the_token = Behaviour {
            authorization: Some(format!("Basic {credential}")),
            ..Behaviour::default()
        };
        let server = GitServer::serve(repository.bare().to_owned(), asks_for_the_token);
        let url = server.url().replace("origin.git", "infrastructure-live.git");
        let of_ssh = tempfile::tempdir().expect("a temporary folder");
        let ssh = SshServer::serve(of_ssh.path(), &SSH_KEY);
        let template = fs::read_to_string(product::fixtures().join("planted.yaml")).expect("the fixture is there");
        let allow_list = place.write(
            "allow-list.yaml",
            template
                .replace("{live}", &url)
                .replace("{live_over_ssh}", &ssh.url(repository.bare()))
                .replace("{known_host}", &ssh.known_host()),
        );
        Self {
            repository,
            server,
            ssh,
            _of_ssh: of_ssh,
            allow_list,
            url,
            place,
        }
    }

    fn head(&self) -> String {
        self.repository.git(&["rev-parse", "HEAD"])
    }

    fn result(&self) -> PathBuf {
        self.place.join("result.json")
    }

    /// A script as a pipeline calls it, with these secrets in the environment of the pipeline.
    fn called(&self, secrets: &[(&str, &str)], words: &[&str]) -> Ended {
        let mut deployer = self.place.deployer(&self.allow_list);
        for (name, value) in secrets {
            deployer.env(format!("MY_{name}"), value);
            deployer.arg("--secret").arg(format!("{name}=env:MY_{name}"));
        }
        deployer.arg("--result-file").arg(self.result()).arg("--").args(words);
        let ended = product::run(&mut deployer);
        let result = fs::read(self.result()).expect("there is a result");
        assert_nothing_in("the result", &result);
        assert_nothing_in("standard output", ended.stdout.as_bytes());
        assert_nothing_in("standard error", ended.stderr.as_bytes());
        ended
    }
}

#[track_caller]
fn assert_nothing_in(what: &str, bytes: &[u8]) {
    let found = found_in(bytes, &planted());
    assert_eq!(
        found,
        Vec::<String>::new(),
        "{what}: {}",
        String::from_utf8_lossy(bytes)
    );
}

#[test]
fn no_secret_of_any_standard_script_is_seen_by_anybody() {
    let stage = Stage::new();
    let watcher = Watcher::start(&planted());

    a_plan_is_saved_and_applied(&stage);
    a_template_is_built(&stage);
    a_variable_is_set(&stage, "updater", ("GIT_TOKEN", GIT_TOKEN), "1.1.0");
    a_variable_is_set(
        &stage,
        "updater-over-ssh",
        ("SSH_PRIVATE_KEY", &SSH_KEY.private),
        "1.2.0",
    );
    an_image_is_built_and_pushed(&stage);

    assert_eq!(
        watcher.found(),
        Vec::<String>::new(),
        "processes that everybody can look at"
    );
    let pushes = stage
        .server
        .requests()
        .into_iter()
        .filter(|head| head.starts_with("POST /infrastructure-live.git/git-receive-pack"));
    assert!(pushes.count() > 0, "the token was good for a push");
    let log = stage.ssh.log();
    assert!(log.contains("Accepted publickey for git"), "the key was good: {log}");
    let records = stage.place.join("state");
    assert!(
        !found_below(&records, std::slice::from_ref(&stage.url)).is_empty(),
        "the runs left their records in {}",
        records.display()
    );
    assert_eq!(found_below(&stage.place.path(), &planted()), Vec::<String>::new());
    assert_nothing_in(
        "the repository",
        stage.repository.git(&["log", "--all", "-p", "--format=raw"]).as_bytes(),
    );
    stage.place.assert_nothing_is_left();
}

fn a_plan_is_saved_and_applied(stage: &Stage) {
    let secrets = [("GIT_TOKEN", GIT_TOKEN), ("PLAN_KEY", PLAN_KEY), ("TF_VAR_word", WORD)];
    let reference = format!("--ref={}", stage.head());
    let script = [
        "deployer",
        "infrastructure-deploy-script",
        "--deploy-path=app",
        &reference,
    ];
    let called = |words: &[&str]| stage.called(&secrets, &[&script[..], words].concat());
    called(&["--command=plan", "--save-plan"]).with(0);
    let result: Value = serde_json::from_slice(&fs::read(stage.result()).expect("there is a result")).expect("JSON");
    let digest = result["job_reports"][0]["saved_as"]
        .as_str()
        .expect("the plan is saved");
    let applied = called(&["--command=apply", &format!("--plan={digest}")]).with(0);
    assert!(applied.stdout.contains("the word is "), "{applied:?}");
}

fn a_template_is_built(stage: &Stage) {
    let secrets = [("GIT_TOKEN", GIT_TOKEN), ("PKR_VAR_password", WORD)];
    let reference = format!("--ref={}", stage.head());
    let built = stage.called(
        &secrets,
        &[
            "builder",
            "build-packer-artifact",
            &reference,
            "--template-path=image/image.pkr.hcl",
            "--output-properties",
        ],
    );
    let built = built.with(0);
    assert!(built.stderr.contains("the password is "), "{built:?}");
}

fn a_variable_is_set(stage: &Stage, container: &str, secret: (&str, &str), value: &str) {
    let value_word = format!("--value={value}");
    let words = [
        container,
        "terraform-update-variable",
        "--branch=refs/heads/main",
        "--vars-path=app/app.tfvars",
        "--name=image_version",
        &value_word,
    ];
    stage.called(&[secret], &words).with(0);
    stage.repository.git(&[
        "fetch",
        "-q",
        &stage.repository.bare().display().to_string(),
        "+main:pushed",
    ]);
    assert_eq!(
        stage.repository.git(&["show", "pushed:app/app.tfvars"]),
        format!("image_version = \"{value}\"")
    );
}

/// An image builder works as root in a container of its own, which the sandbox is not: here the runner is started as it is there.
fn an_image_is_built_and_pushed(stage: &Stage) {
    let registry = registry::start();
    let configuration = registry::credential(&registry);
    let password = [
        ("REGISTRY_USERNAME", registry::USER),
        ("REGISTRY_PASSWORD", registry::PASSWORD),
    ];
    let both_ways = [&password[..], &[("REGISTRY_CONFIG_JSON", &configuration)]];
    for (way, credential) in (1..).zip(both_ways) {
        let image = format!("{}/apps/web{way}", registry.name());
        build_and_push(stage, &image, credential);

        // Layers and configuration, unpacked.
        let copy = stage.place.join(&format!("image{way}"));
        registry::copy(&registry, &image, &copy, &stage.place);
        assert!(
            !found_below(&copy, &["length".to_owned()]).is_empty(),
            "the step with the secret left its mark"
        );
        assert_eq!(found_below(&copy, &planted()), Vec::<String>::new());
    }
}

fn build_and_push(stage: &Stage, image: &str, credential: &[(&str, &str)]) {
    let temporary = stage.place.join("temporary");
    fs::create_dir_all(&temporary).expect("a folder can be made");
    let programs = product::programs();
    let secrets = [("GIT_TOKEN", GIT_TOKEN), ("BUILD_SECRET", BUILD_SECRET)];
    let mut runner = product::command(&programs.join("deploy-runner"));
    runner.env("TMPDIR", &temporary).env("HOME", &temporary);
    runner.arg("--trigger-dir").arg(programs.join("scripts"));
    runner.args(["--timeout=120", "--stop-timeout=5", "--env=TMPDIR", "--env=HOME"]);
    for (name, value) in secrets.iter().chain(credential) {
        runner.env(name, value).arg(format!("--secret={name}"));
    }
    runner.args([
        "--",
        "build-docker-image",
        "--builder=buildah",
        "--log-level=debug",
        "--context-path=docker",
    ]);
    runner
        .arg(format!("--repo={}", stage.url))
        .arg(format!("--ref={}", stage.head()));
    runner
        .arg(format!("--allowed-repository={image}"))
        .arg(format!("--tag={image}:1"));
    runner.arg("--secret=id=BUILD_SECRET");
    let ended = product::run(&mut runner).with(0);
    assert!(ended.stdout.contains("\"outcome\":\"pushed\""), "{ended:?}");
    assert_nothing_in("frames", ended.stdout.as_bytes());
    assert_nothing_in("what the runner says", ended.stderr.as_bytes());
    let left: Vec<_> = fs::read_dir(&temporary).expect("it is there").collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A shell with the libraries that it needs.
fn a_shell_in(base: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runner-images/base/collect.sh");
    let shell = need("dash");
    fs::create_dir_all(base).expect("a folder can be made");
    product::run(product::command(&script).arg(base).arg(shell)).with(0);
}
