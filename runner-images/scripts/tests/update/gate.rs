//! What the script reads from the canonical arguments equals what the gate understood, for the entry of the standard allow-list.

use deploy_scripts::update::arguments::{Destination, Effect, Order, Pipelines};
use protocol::RunRequest;

use crate::comparison::{Entry, Values, compare, standard_allow_list, written};
use crate::random::Random;

const ENTRY: Entry = Entry {
    container: "terraform-applier",
    script: "terraform-update-variable",
};

/// Requests of which about two in three are permitted; only those can be compared.
const COMPARED: usize = 100_000;

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
    ENTRY.request(units.concat())
}

fn read(words: Vec<String>) -> Result<Values, clap::Error> {
    let order = Order::parse(words.into_iter().map(Into::into))?;
    assert_eq!(order.author_name.to_string(), "deploy-runner");
    assert_eq!(order.author_email.to_string(), "deploy-runner@example.com");
    let mut values = Values::new();
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
    Ok(values)
}

/// What the gate permits and the script refuses by itself, and why. Nothing else may be refused.
fn may_refuse(values: &Values) -> bool {
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
    let refusals = compare(&standard_allow_list(), COMPARED, 4, request, read, may_refuse);
    assert!(
        refusals.by_the_script > 0 && refusals.by_the_gate > 0,
        "the requests are too tame"
    );
}

#[test]
fn no_request_names_another_variable_author_or_file() {
    let list = standard_allow_list();
    let ask = |words: &[&str]| {
        let fixed = ["--repo=infrastructure-live", "--branch=refs/heads/main"];
        ENTRY.permits(&list, &[&fixed[..], words].concat())
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
