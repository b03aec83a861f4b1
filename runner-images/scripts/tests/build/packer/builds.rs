//! What is built, what is told about it, and how a build ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::{TEMPLATE, script, with_template};
use crate::fixture::{Fixture, wait_for};

#[test]
fn every_build_of_a_template_is_made_and_told_in_one_line() {
    let (fixture, commit) = with_template();
    let outcome = script(&fixture, &commit)
        .with("--var=word=a=b, c")
        .with("--output-properties")
        .run()
        .expect_code(0);
    let line = outcome.line();
    let mut artifacts = line["artifacts"].as_array().unwrap().clone();
    artifacts.sort_by_key(|artifact| artifact["build"].as_str().unwrap().to_owned());
    assert_eq!(
        artifacts,
        [
            json!({"outcome": "built", "build": "file.text", "builder": "packer.file", "id": "File", "files": ["made.txt"]}),
            json!({"outcome": "built", "build": "null.nothing", "builder": "fnoeding.null", "id": "Null", "files": []}),
        ]
    );
    assert_eq!(line["outcome"], "built");
    assert_eq!(line["commit"], commit);
    assert_eq!(line["repository"], fixture.url());
    assert_eq!(line["template"], "image/image.pkr.hcl");
    assert!(outcome.stderr.contains("the word is a=b, c"), "{}", outcome.stderr);
}

#[test]
fn the_artifacts_are_handed_over_for_the_result_of_the_run() {
    let (fixture, commit) = with_template();
    let file = fixture.path("reports");
    let outcome = script(&fixture, &commit)
        .with("--build-name=file.text")
        .with("--output-properties")
        .reporting_to(&file)
        .run()
        .expect_code(0);
    let report: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(report["report"], "artifacts");
    assert_eq!(report["artifacts"], outcome.line()["artifacts"]);
}

#[test]
fn one_build_is_chosen_by_its_name_and_standard_output_stays_empty() {
    let (fixture, commit) = with_template();
    let outcome = script(&fixture, &commit)
        .with("--build-name=file.text")
        .run()
        .expect_code(0);
    assert!(
        outcome.stderr.contains("built `File` with `file.text`"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("null.nothing"), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn json_templates_and_directories_are_templates_too() {
    let (fixture, _) = with_template();
    fixture.write(
        "old/image.json",
        r#"{"variables": {"word": ""}, "builders": [{"type": "file", "name": "old", "content": "{{user `word`}}", "target": "made.txt"}]}"#,
    );
    fixture.write("split/variables.pkr.hcl", "variable \"word\" {}\n");
    fixture.write(
        "split/build.pkr.hcl",
        "source \"file\" \"part\" {\n  content = var.word\n  target = \"made.txt\"\n}\nbuild {\n  sources = [\"source.file.part\"]\n}\n",
    );
    let commit = fixture.commit_to("main");
    for (path, build) in [("old/image.json", "old"), ("split", "file.part")] {
        let outcome = script(&fixture, &commit)
            .instead("--template-path", path)
            .with("--var=word=x")
            .with(format!("--build-name={build}"))
            .with("--output-properties")
            .run()
            .expect_code(0);
        assert_eq!(outcome.line()["artifacts"][0]["build"], build);
    }
}

#[test]
fn packer_sees_the_files_of_the_commit_and_what_is_declared_and_no_secret_of_git() {
    let (fixture, commit) = with_template();
    let outcome = script(&fixture, &commit)
        .with("--build-name=null.nothing")
        .env("GIT_TOKEN", "hunter2")
        .env("PKR_VAR_word", "declared")
        .env("PACKER_LOG", "1")
        .run()
        .expect_code(0);
    for shown in ["image.pkr.hcl", "PKR_VAR_word=declared", "CHECKPOINT_DISABLE=1"] {
        assert!(outcome.stderr.contains(shown), "{shown}: {}", outcome.stderr);
    }
    for hidden in ["hunter2", "GIT_TOKEN", "PACKER_LOG=1"] {
        assert!(!outcome.stderr.contains(hidden), "{hidden}: {}", outcome.stderr);
    }
}

#[test]
fn a_build_that_fails_ends_with_packers_code_and_tells_no_properties() {
    let (fixture, _) = with_template();
    fixture.write(
        "image/image.pkr.hcl",
        TEMPLATE.replace("\"env\", \"ls -a\"", "\"exit 3\""),
    );
    let commit = fixture.commit_to("main");
    let outcome = script(&fixture, &commit)
        .with("--idempotent")
        .with("--output-properties")
        .run()
        .expect_reason(1, "packer failed with exit code 1: its own messages are above");
    assert!(outcome.stderr.contains("non-zero exit status: 3"), "{}", outcome.stderr);
}

#[test]
fn only_reviewed_commits_are_built_when_the_allow_list_says_so() {
    let (fixture, reviewed) = with_template();
    fixture.write("more", "x");
    let other = fixture.commit_to("feature");
    fixture.replace_program("packer", "touch started");
    let guarded = |commit: &str| script(&fixture, commit).with("--protected-ref=refs/heads/main");
    guarded(&other).run().expect_reason(
        77,
        &format!("only commits of a protected ref are built: `{other}` is not in the history of `refs/heads/main`; merge it first"),
    );
    // Packer runs for the reviewed one: the stand-in tells nothing, and that is no success.
    guarded(&reviewed).run().expect_code(65);
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

#[test]
fn a_stop_reaches_packer_once_whatever_its_signal_and_packer_cleans_up() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let fixture = Fixture::new();
        let (begun, may_end) = (fixture.path("begun"), fixture.path("may-end"));
        // Deaf to the signal, and there until Packer has said that it is not: a command that died of it first would be a build that failed.
        let slow = format!(
            "\"trap '' INT; touch {}; for part in $(seq 600); do test -e {} && break; sleep 0.1; done\"",
            begun.display(),
            may_end.display()
        );
        fixture.write("image/image.pkr.hcl", TEMPLATE.replace("\"env\", \"ls -a\"", &slow));
        let commit = fixture.commit_to("main");
        let mut build = script(&fixture, &commit).with("--build-name=null.nothing").start();
        wait_for("the slow command", || begun.exists());
        send(&build, signal);
        send(&build, Signal::SIGTERM);
        let mut heard = BufReader::new(build.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("Cancelling build") {
            assert_ne!(heard.read_line(&mut said).unwrap(), 0, "{said}");
        }
        fs::write(may_end, "").unwrap();
        heard.read_to_string(&mut said).unwrap();
        let code = build.wait().unwrap().code();
        assert_eq!(code, Some(1), "{said}");
        let passed_on = "passed on to packer once, waiting until it has cleaned up\n";
        assert_eq!(said.matches(passed_on).count(), 1, "{said}");
        assert!(said.contains("Cleanly cancelled"), "{said}");
    }
}
