//! What the script reads from the canonical arguments equals what the gate understood, for the entry of the standard allow-list.

use std::collections::BTreeMap;
use std::path::Path;

use deploy_scripts::update::arguments::{Destination, Effect, Order, Pipelines};
use gatekeeper::{AllowList, Understood, compile, source, understand};
use protocol::{RunRequest, TaskRequest};

use crate::random::Random;

/// Requests of which about two in three are permitted; only those can be compared.
const COMPARED: usize = 100_000;

fn standard_allow_list() -> AllowList {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/allow-list.yaml");
    let yaml = std::fs::read_to_string(file).unwrap();
    let source = source::read("allow-list.yaml", &yaml).unwrap();
    let compiled = compile::compile(&source).unwrap();
    AllowList::load(&compiled.canonical_bytes()).unwrap()
}

/// One more option of a caller: often right, sometimes not, in both ways of writing it.
fn option(random: &mut Random) -> Vec<String> {
    let usual = [
        "--message",
        "--new-branch",
        "--skip-ci",
        "--dry-run",
        "--name",
        "--value",
    ];
    let unusual = [
        "--author-name",
        "--author-email",
        "--push-attempts",
        "--log-level",
        "--protected-ref",
        "--help",
        "--nam",
        "--branch",
        "--",
    ];
    let name = if random.percent(90) {
        *random.pick(&usual)
    } else {
        *random.pick(&unusual)
    };
    if matches!(name, "--skip-ci" | "--dry-run" | "--help" | "--") && random.percent(90) {
        return vec![name.to_owned()];
    }
    let value = if random.percent(80) {
        let fitting: &[&str] = match name {
            "--name" => &["image_version", "instance_count"],
            "--new-branch" | "--branch" => &["refs/heads/x", "refs/heads/a/b", "refs/heads/main", "refs/tags/v1"],
            _ => &["Release 1.5.0", "a-b_c.d", "1.5.0", "x (y)", "3"],
        };
        (*random.pick(fitting)).to_owned()
    } else {
        let other = [
            "-1",
            "--name",
            "",
            "a=b=c",
            "x [skip ci]",
            "\u{fc}",
            "a\nb",
            "(x)",
            "main",
            "image_versio",
            "x\u{202e}",
        ];
        (*random.pick(&other)).to_owned()
    };
    written(random, name, &value)
}

/// An option in one word or in two.
fn written(random: &mut Random, name: &str, value: &str) -> Vec<String> {
    if random.percent(50) {
        vec![format!("{name}={value}")]
    } else {
        vec![name.to_owned(), value.to_owned()]
    }
}

/// A name and a value, each at a place of its own.
fn pair(random: &mut Random) -> [Vec<String>; 2] {
    let letters: Vec<char> = ('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .chain("._-".chars())
        .collect();
    let mut value = String::from(*random.pick(&['a', 'Z', '0', '9']));
    for _ in 0..random.below(12) {
        value.push(*random.pick(&letters));
    }
    let name = *random.pick(&["image_version", "instance_count"]);
    [written(random, "--name", name), written(random, "--value", &value)]
}

fn request(random: &mut Random) -> RunRequest {
    let path = *random.pick(&[
        "production/a.tfvars",
        "staging/web/b.tfvars",
        "development/x/y/z.tfvars",
        "production/\u{fc} x.tfvars",
    ]);
    let branch = *random.pick(&["refs/heads/main", "refs/heads/release/1.x", "refs/heads/a_b"]);
    let mut units = vec![
        written(random, "--repo", "infrastructure-live"),
        written(random, "--branch", branch),
        written(random, "--vars-path", path),
    ];
    for _ in 0..=random.below(3) {
        units.extend(pair(random));
    }
    if random.percent(70) {
        let more: Vec<_> = (0..=random.below(2)).map(|_| option(random)).collect();
        units.extend(random.some(&more));
    }
    random.shuffle(&mut units);
    RunRequest {
        container: Some("terraform-applier".to_owned()),
        script: "terraform-update-variable".to_owned(),
        args: units.concat(),
        task: TaskRequest::default(),
    }
}

/// Every value that the gate understood, by the option's name.
fn understood_values(understood: &Understood<'_>) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in understood.options() {
        values
            .entry(name.to_owned())
            .or_default()
            .push(value.emitted().unwrap_or_default().to_owned());
    }
    values
}

/// The same, out of what the script read.
fn read_values(order: &Order) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |name: &str, value: String| values.entry(name.to_owned()).or_default().push(value);
    add("--repo", order.repository.to_string());
    add("--branch", order.branch.to_string());
    add("--vars-path", order.path.to_string());
    for setting in &order.settings {
        add("--name", setting.name.to_string());
        add("--value", setting.value.to_string());
    }
    if let Some(message) = &order.message {
        add("--message", message.to_string());
    }
    if order.pipelines == Pipelines::Skipped {
        add("--skip-ci", String::new());
    }
    if let Destination::NewBranch(new) = &order.destination {
        add("--new-branch", new.to_string());
    }
    if order.effect == Effect::Print {
        add("--dry-run", String::new());
    }
    values
}

/// What the gate permits and the script refuses by itself, and why. Nothing else may be refused.
fn may_refuse(values: &BTreeMap<String, Vec<String>>) -> bool {
    let all = |name: &str| values.get(name).map(Vec::as_slice).unwrap_or_default();
    let no_branch = |name: &str| all(name).iter().any(|value| !value.starts_with("refs/heads/"));
    // The grammar of the gate cannot say that two options come in pairs, nor that a ref is a branch, nor that two refs differ.
    all("--name").len() != all("--value").len()
        || no_branch("--branch")
        || no_branch("--new-branch")
        || all("--branch") == all("--new-branch")
}

#[test]
fn the_script_reads_what_the_gate_understood_in_a_hundred_thousand_cases() {
    let list = standard_allow_list();
    let (mut compared, mut refused, mut denied) = (0, 0, 0);
    let mut random = Random::new(4);
    while compared < COMPARED {
        assert!(
            denied < 4 * COMPARED,
            "hardly a request is permitted (seed {})",
            random.seed()
        );
        let request = request(&mut random);
        let Ok(understood) = understand(&list, &request) else {
            denied += 1;
            continue;
        };
        let expected = understood_values(&understood);
        let words = std::iter::once("terraform-update-variable".to_owned()).chain(understood.args().iter().cloned());
        match Order::parse(words.map(Into::into)) {
            Ok(order) => {
                assert_eq!(read_values(&order), expected, "{:?}", understood.args());
                assert_eq!(order.author_name.to_string(), "deploy-runner");
                assert_eq!(order.author_email.to_string(), "deploy-runner@example.com");
                compared += 1;
            }
            Err(error) => {
                assert!(
                    may_refuse(&expected),
                    "the script refuses {:?}: {error}",
                    understood.args()
                );
                refused += 1;
            }
        }
    }
    assert!(
        refused > 0 && denied > 0,
        "{refused} refused by the script, {denied} by the gate: the requests are too tame"
    );
}

#[test]
fn no_request_names_another_variable_author_or_file() {
    let list = standard_allow_list();
    let ask = |words: &[&str]| {
        let fixed = ["--repo=infrastructure-live", "--branch=refs/heads/main"];
        let request = RunRequest {
            container: Some("terraform-applier".to_owned()),
            script: "terraform-update-variable".to_owned(),
            args: fixed.iter().chain(words).map(|word| (*word).to_owned()).collect(),
            task: TaskRequest::default(),
        };
        understand(&list, &request).is_ok()
    };
    let good = ["--vars-path=production/a.tfvars", "--name=image_version", "--value=1"];
    assert!(ask(&good));
    for words in [
        ["--vars-path=production/a.tfvars", "--name=password", "--value=1"],
        ["--vars-path=production/a.tf", "--name=image_version", "--value=1"],
        [
            "--vars-path=production/../a.tfvars",
            "--name=image_version",
            "--value=1",
        ],
        [
            "--vars-path=production/a.tfvars",
            "--name=image_version",
            "--value=${file(1)}",
        ],
    ] {
        assert!(!ask(&words), "{words:?}");
    }
    for word in [
        "--author-name=Mallory",
        "--author-email=m@example.com",
        "--push-attempts=9",
        "--log-level=debug",
        "--message=x [skip ci]",
    ] {
        assert!(!ask(&[&good[..], &[word]].concat()), "{word}");
    }
}
