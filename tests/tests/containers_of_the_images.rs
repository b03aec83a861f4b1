//! The images of the Containerfiles on one machine: the block of docs/containers.md, word for word, with secrets that are looked for afterwards.
//!
//! Only this is other than at a user's desk: `make images` hands over what was built for the tests already, and Podman keeps its things in a
//! folder of the test's own.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use container_engines::{Podman, Service as _};
use e2e::images;
use e2e::planted::{Watcher, forms, found_below, found_in, need};
use e2e::product::{self, Ended, Place};
use e2e::repository::Repository;

const GUIDE: &str = "docs/containers.md";
const GIT_TOKEN: &str = "planted-git-token+/=?";
const WORD: &str = "planted-word-for-the-tool+/=?";

/// Tells its word to everybody who looks at the plan.
const MODULE: &str = r#"
variable "word" {}
resource "terraform_data" "web" {
  input = "1.4.0"
}
output "word" {
  value = "the word is ${var.word}"
}
"#;

fn allow_list(repository: &Repository) -> String {
    format!(
        "version: 1
repositories:
  infrastructure-live: {{ url: \"{}\", protected_refs: [refs/heads/main] }}
containers:
  terraform-planner:
    description: Plans.
    image: terraform-runner
    secrets: {{ GIT_TOKEN: git-token, TF_VAR_word: word }}
    scripts:
      infrastructure-deploy-script:
        description: Plan one directory of a reviewed commit.
        options:
          --repo: {{ type: repository, one_of: [infrastructure-live], protected_refs_as: --protected-ref, required: true }}
          --ref: {{ type: commit, required: true }}
          --command: {{ type: choice, one_of: [plan], required: true }}
          --deploy-path: {{ type: path, within: [\"staging/*\"], required: true }}
",
        repository.url()
    )
}

/// The first block of the guide.
fn block() -> String {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(GUIDE);
    let guide = fs::read_to_string(guide).expect("the guide is there");
    let (_, rest) = guide.split_once("\n```sh\n").expect("it has a block");
    rest.split_once("\n```\n").expect("a block has an end").0.to_owned()
}

/// A shell with a checkout's `make images`, Podman and the CLI.
fn shell(place: &Place, podman: &Podman) -> Command {
    let checkout = place.join("checkout");
    fs::create_dir_all(checkout.join("target")).expect("a folder can be made");
    let built = images::store_with("terraform-runner");
    let built = built.parent().expect("it is in a folder").display();
    let make = format!("#!/bin/sh\n[ \"$*\" = images ] && ln -sfn '{built}' target/images\n");
    let make = place.write("bin/make", make);
    fs::set_permissions(make, fs::Permissions::from_mode(0o755)).expect("a mode can be set");
    let path = [place.join("bin"), product::programs()].map(|folder| folder.display().to_string());
    let mut shell = product::command(Path::new("/bin/bash"));
    shell
        .env(
            "PATH",
            format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", path.join(":")),
        )
        .env("HOME", place.path())
        .env("XDG_STATE_HOME", place.join("state"))
        .env("CONTAINERS_STORAGE_CONF", images::storage_of(podman))
        .env("DOCKER_HOST", podman.address())
        .env("DEPLOY_RUNNER_RESULT_FILE", place.join("result.json"))
        .current_dir(checkout);
    shell
}

fn planted() -> Vec<String> {
    [GIT_TOKEN, WORD].iter().flat_map(|secret| forms(secret)).collect()
}

#[track_caller]
fn assert_nothing_in(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(found_in(bytes, &planted()), Vec::<String>::new(), "{what}: {text}");
}

/// Files below a folder that hold one of these texts. An image is large: grep looks.
fn files_with(folder: &Path, texts: &[String]) -> String {
    let mut grep = product::command(&need("grep"));
    grep.args([
        "--recursive",
        "--binary-files=text",
        "--devices=skip",
        "--files-with-matches",
    ])
    .args(["--fixed-strings", "--file=-"])
    .arg(folder)
    .stdin(Stdio::piped())
    .stdout(Stdio::piped());
    let mut grep = grep.spawn().expect("grep is there");
    let mut input = grep.stdin.take().expect("it is piped");
    input.write_all(texts.join("\n").as_bytes()).expect("grep reads");
    drop(input);
    Ended::from(grep.wait_with_output().expect("grep ends")).stdout
}

#[test]
fn the_block_of_the_guide_plans_in_the_image_that_was_built_here_and_no_secret_is_seen() {
    let podman = Podman::start();
    let place = Place::new();
    let repository = Repository::empty(&place);
    repository.write("staging/web/main.tf", MODULE);
    let commit = repository.commit("the first service");
    repository.push("main");
    place.write("checkout/allow-list.yaml", allow_list(&repository));
    let watcher = Watcher::start(&planted());

    let secrets = "GIT_TOKEN=env:MY_TOKEN\nTF_VAR_word=env:MY_WORD";
    let mut shell = shell(&place, &podman);
    shell
        .env("commit", &commit)
        .env("MY_TOKEN", GIT_TOKEN)
        .env("MY_WORD", WORD)
        .env("DEPLOY_RUNNER_SECRET", secrets);
    let planned = product::run(shell.args(["-euo", "pipefail", "-c", &block()])).with(0);
    for expected in ["# terraform_data.web will be created", "Plan: 1 to add", "the word is "] {
        assert!(planned.stdout.contains(expected), "{expected}: {planned:?}");
    }
    assert_eq!(place.runs()[0]["engine"], "podman");

    let shown = watcher.found();
    assert_eq!(shown, Vec::<String>::new(), "processes that everybody can look at");
    drop(watcher);
    assert_nothing_in("standard output", planned.stdout.as_bytes());
    assert_nothing_in("standard error", planned.stderr.as_bytes());
    let result = fs::read(place.join("result.json")).expect("there is a result");
    assert_nothing_in("the result", &result);
    let state = place.join("state");
    assert!(!found_below(&state, &[commit]).is_empty(), "the run left its record");
    assert_eq!(found_below(&state, &planted()), Vec::<String>::new());
    let image = ["deploy-runner/terraform-runner".to_owned()];
    assert!(
        !files_with(podman.folder(), &image).is_empty(),
        "Podman's store has the image"
    );
    assert_eq!(files_with(podman.folder(), &planted()), "");
    assert_eq!(podman.things(), Vec::<String>::new());
    place.assert_nothing_is_left();
}
