//! The CI examples of `docs/ci` cannot rot: their command lines are understood by the CLI and allowed by the standard allow-list.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::product::{self, Place};

const EXAMPLES: [&str; 5] = [
    "github-actions.yml",
    "gitlab-ci.yml",
    "circleci.yml",
    "Jenkinsfile",
    "buildkite.yml",
];
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const RUN: &str = "0123456789abcdef0123456789abcdef";
/// The variables that command lines of the examples use, and what each would be in CI.
const VARIABLES: [(&str, &str); 6] = [
    ("COMMIT", COMMIT),
    ("CI_COMMIT_SHA", COMMIT),
    ("CIRCLE_SHA1", COMMIT),
    ("GIT_COMMIT", COMMIT),
    ("RUNNER_TEMP", "."),
    ("run", RUN),
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(name: &str) -> String {
    let path = repository().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The calls of the CLI in an example, each on one line of shell.
fn calls(example: &str) -> Vec<String> {
    let text = read(&format!("docs/ci/{example}")).replace("$$", "$");
    let joined = text.replace("\\\n", " ");
    joined
        .lines()
        .map(|line| line.trim().trim_start_matches("exec "))
        .filter(|line| line.starts_with("infrastructure-deployer "))
        .map(str::to_owned)
        .collect()
}

/// The words that a shell makes of a call.
fn words(call: &str) -> Vec<String> {
    let script = format!("git() {{ echo {COMMIT}; }}; infrastructure-deployer() {{ printf '%s\\n' \"$@\"; }}; {call}");
    let mut shell = Command::new("bash");
    shell.args(["-euc", &script]).env_clear().envs(VARIABLES);
    let ended = product::run(&mut shell).with(0);
    assert_eq!(ended.stderr, "", "{call}");
    ended.stdout.lines().map(str::to_owned).collect()
}

/// A request of an example: the options of the CLI, and what is asked for.
fn request(call: &str) -> Option<(Vec<String>, Vec<String>)> {
    let words = words(call);
    let divide = words.iter().position(|word| word == "--")?;
    Some((words[..divide].to_vec(), words[divide + 1..].to_vec()))
}

fn standard_allow_list() -> PathBuf {
    repository()
        .join("config/allow-list.yaml")
        .canonicalize()
        .expect("the allow-list is there")
}

#[test]
fn every_example_plans_with_the_planner_and_applies_one_commit_with_the_applier() {
    for example in EXAMPLES {
        let asked: Vec<Vec<String>> = calls(example)
            .iter()
            .filter_map(|call| request(call))
            .map(|(_, words)| words)
            .collect();
        let containers: Vec<&str> = asked.iter().map(|words| words[0].as_str()).collect();
        assert_eq!(containers, ["terraform-planner", "terraform-applier"], "{example}");
        for (words, command) in asked.iter().zip(["--command=plan", "--command=apply"]) {
            assert!(words.iter().any(|word| word == command), "{example}: {words:?}");
            assert!(words.contains(&format!("--ref={COMMIT}")), "{example}: {words:?}");
        }
    }
}

#[test]
fn the_standard_allow_list_allows_every_request_of_the_examples() {
    let place = Place::new();
    for example in EXAMPLES {
        for (_, words) in calls(example).iter().filter_map(|call| request(call)) {
            product::run(
                place
                    .deployer(&standard_allow_list())
                    .args(["--explain", "--"])
                    .args(words),
            )
            .with(0);
        }
    }
}

#[test]
fn the_cli_understands_every_option_of_the_examples() {
    let place = Place::new();
    for example in EXAMPLES {
        for (options, mut words) in calls(example).iter().filter_map(|call| request(call)) {
            // The gate's answer proves that the whole line was understood; nothing is started.
            "no-such-container".clone_into(&mut words[0]);
            let ended = product::run(
                place
                    .deployer(&standard_allow_list())
                    .args(options)
                    .arg("--")
                    .args(words),
            )
            .with(120);
            assert!(
                ended.stderr.contains("there is no container `no-such-container`"),
                "{}",
                ended.stderr
            );
        }
    }
}

#[test]
fn the_cli_understands_every_other_command_of_the_examples() {
    let place = Place::new();
    let mut verbs = BTreeSet::new();
    for call in EXAMPLES.iter().flat_map(|example| calls(example)) {
        let words = words(&call);
        if words.iter().any(|word| word == "--") {
            continue;
        }
        let ended = product::run(place.deployer(&standard_allow_list()).args(&words)).with(125);
        assert!(
            ended.stderr.contains(&format!("no run `{RUN}`")),
            "{call}: {}",
            ended.stderr
        );
        verbs.insert(words[0].clone());
    }
    assert_eq!(verbs, BTreeSet::from(["attach".to_owned()]));
}

#[test]
fn every_variable_of_the_deployer_in_the_examples_is_in_its_reference() {
    let reference = read("docs/cli-reference.md");
    for example in EXAMPLES {
        let text = read(&format!("docs/ci/{example}"));
        let named: BTreeSet<&str> = text
            .split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
            .filter(|word| word.starts_with("DEPLOY_RUNNER_"))
            .collect();
        assert!(named.len() >= 3, "{example}: {named:?}");
        for name in named {
            assert!(reference.contains(&format!("[env: {name}]")), "{example}: `{name}`");
        }
    }
}

#[test]
fn no_example_holds_a_long_lived_key() {
    for example in EXAMPLES {
        let text = read(&format!("docs/ci/{example}"));
        for word in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AKIA"] {
            assert!(!text.contains(word), "{example}: {word}");
        }
        assert!(
            text.contains("arn:aws:iam::111122223333:role/deploy-runner-ci"),
            "{example}"
        );
    }
}
