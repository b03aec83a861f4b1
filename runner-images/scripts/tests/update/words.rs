//! The script's own command line: exact names, no second reading.

use std::process::Command;

use deploy_scripts::update::arguments::Order;
use proptest::prelude::*;

use crate::fixture::SCRIPT;

const REQUIRED: [&str; 7] = [
    "--repo=https://git.example.com/live.git",
    "--branch=refs/heads/main",
    "--vars-path=prod/a.tfvars",
    "--name=a",
    "--value=1",
    "--author-name=A",
    "--author-email=a@example.com",
];
const OPTIONAL: [&str; 6] = [
    "--message=x",
    "--skip-ci",
    "--new-branch=refs/heads/x",
    "--dry-run",
    "--push-attempts=3",
    "--log-level=debug",
];

fn parse(words: &[&str]) -> Result<Order, clap::Error> {
    let all = std::iter::once("terraform-update-variable").chain(words.iter().copied());
    Order::parse(all.map(Into::into))
}

#[track_caller]
fn check_refused(extra: &[&str]) {
    let refusal = parse(&[&REQUIRED, extra].concat()).expect_err(&format!("{extra:?} should be refused"));
    assert!(
        refusal.use_stderr(),
        "{extra:?} should be refused, not answered: {refusal}"
    );
}

#[test]
fn no_option_can_be_abbreviated_or_written_with_another_dash_or_case() {
    for option in REQUIRED.iter().chain(&OPTIONAL).chain(&["--help", "--version"]) {
        let name = option.split('=').next().unwrap();
        let value = &option[name.len()..];
        for end in 3..name.len() {
            check_refused(&[&format!("{}{value}", &name[..end])]);
        }
        for other in [
            name[1..].to_owned(),
            format!("-{name}"),
            name.to_uppercase(),
            name.replace('e', "\u{435}")
                .replace('a', "\u{430}")
                .replace('i', "\u{456}")
                .replace('y', "\u{443}"),
        ] {
            check_refused(&[&format!("{other}{value}")]);
        }
    }
    for letter in ('a'..='z').chain('A'..='Z') {
        check_refused(&[&format!("-{letter}")]);
        check_refused(&[&format!("-{letter}x")]);
    }
    for word in ["x", "", "-", "---", "--=x", "@file", "help"] {
        check_refused(&[word]);
        check_refused(&["--", word]);
    }
}

#[test]
fn every_required_option_is_required_and_no_other_may_be_repeated() {
    for option in REQUIRED {
        let words: Vec<_> = REQUIRED.into_iter().filter(|word| *word != option).collect();
        assert!(parse(&words).is_err(), "{option}");
    }
    for option in OPTIONAL {
        assert!(parse(&[&REQUIRED[..], &[option]].concat()).is_ok(), "{option}");
        check_refused(&[option, option]);
    }
    for option in REQUIRED {
        check_refused(&[option]);
    }
}

#[test]
fn names_and_values_are_paired_in_order_however_they_are_mixed() {
    let pairs = |words: &[&str]| {
        let order = parse(&[&REQUIRED[..], words].concat()).unwrap();
        order
            .settings
            .iter()
            .map(|setting| format!("{}={}", setting.name, setting.value))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        pairs(&["--name=b", "--value=2", "--name=c", "--value=-3"]),
        ["a=1", "b=2", "c=-3"]
    );
    assert_eq!(
        pairs(&["--name=b", "--name=c", "--value=2", "--value", "--name=x"]),
        ["a=1", "b=2", "c=--name=x"]
    );
    let refused = parse(&[&REQUIRED[..], &["--name=b"]].concat()).unwrap_err().to_string();
    assert!(
        refused.starts_with("error: '--name' is given 2 times and '--value' 1 times: give one value for each name\n"),
        "{refused}"
    );
}

#[test]
fn values_that_mean_something_else_are_refused() {
    for (option, values) in [
        (
            "--repo",
            ["ext::sh -c true", "--upload-pack=x", "http://git.example.com/x"].as_slice(),
        ),
        (
            "--branch",
            &[
                "main",
                "refs/tags/v1",
                "+refs/heads/main",
                "refs/heads/a:refs/heads/b",
                "--force",
                "",
            ],
        ),
        (
            "--vars-path",
            &["../a.tfvars", "/a.tfvars", "-a.tfvars", ".git/a.tfvars", "a\nb.tfvars"],
        ),
        ("--name", &["a.b", "-a", "a b", "", "a=b"]),
        ("--value", &["a\nb", "a\u{202e}b"]),
        ("--author-name", &["A <a@example.com>", "a\nb", ""]),
        ("--author-email", &["a", "<a@example.com>", "a@example.com>\nx"]),
        ("--message", &["x [skip ci]", "a\nb", "***NO_CI***", ""]),
        ("--new-branch", &["x", "refs/tags/x", "refs/heads/main", ""]),
        ("--push-attempts", &["0", "201", "-1", "x"]),
        ("--skip-ci", &["true", ""]),
        ("--dry-run", &["false"]),
        ("--log-level", &["trace"]),
    ] {
        for value in values {
            let joined = format!("{option}={value}");
            let mut words: Vec<_> = REQUIRED
                .iter()
                .filter(|word| !word.starts_with(&format!("{option}=")))
                .copied()
                .collect();
            words.push(&joined);
            assert!(parse(&words).is_err(), "{joined:?}");
        }
    }
}

#[test]
fn a_wrong_command_line_exits_with_64_and_help_with_0() {
    let run = |words: &[&str]| Command::new(SCRIPT).args(words).output().unwrap();
    let wrong = run(&["--nam=x"]);
    assert_eq!((wrong.status.code(), wrong.stdout.len()), (Some(64), 0));
    let help = run(&["--help"]);
    assert_eq!((help.status.code(), help.stderr.len()), (Some(0), 0));
    assert!(String::from_utf8(help.stdout).unwrap().contains("Exit codes:\n"));
}

proptest! {
    #[test]
    fn only_the_declared_names_are_options(name in "--[a-z-]{1,20}", value in "[a-z/.=-]{0,8}") {
        let declared = REQUIRED.iter().chain(&OPTIONAL).chain(&["--help", "--version"]);
        prop_assume!(!declared.map(|option| option.split('=').next().unwrap()).any(|known| known == name));
        let joined = format!("{name}={value}");
        for word in [&joined, &name] {
            prop_assert!(parse(&[&REQUIRED[..], &[word.as_str()]].concat()).is_err());
        }
    }
}
