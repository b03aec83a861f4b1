//! The script's own command line: exact names, no second reading.

use std::process::Command;

use deploy_scripts::deploy::arguments::Order;
use proptest::prelude::*;

use crate::fixture::{Fixture, SCRIPT};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

const OPTIONS: [&str; 26] = [
    "--repo=https://git.example.com/live.git",
    "--ref=0123456789abcdef0123456789abcdef01234567",
    "--command=plan",
    "--deploy-path=prod",
    "--binary=terraform",
    "--protected-ref=refs/heads/main",
    "--var=a=b",
    "--var-file=a.tfvars",
    "--target=a.b",
    "--backend-config=a=b",
    "--lock-timeout=1s",
    "--log-level=info",
    "--detailed-exitcode",
    "--json",
    "--output-name=x",
    "--allow-destroy",
    "--terragrunt-runs=tofu",
    "--tools-dir=/tools",
    "--all",
    "--include-dir=a",
    "--exclude-dir=a",
    "--save-plan",
    "--plan=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "--plan-store=/plans",
    "--plan-lifetime=1h",
    "--help",
];

fn parse(words: &[&str]) -> Result<Order, clap::Error> {
    let all = std::iter::once("infrastructure-deploy-script").chain(words.iter().copied());
    Order::parse(all.map(Into::into))
}

fn parse_with(extra: &[&str]) -> Result<Order, clap::Error> {
    parse(&[&OPTIONS[..4], extra].concat())
}

#[track_caller]
fn check_refused(extra: &[&str]) {
    let words = [&OPTIONS[..4], extra].concat();
    let refusal = parse(&words).expect_err(&format!("{extra:?} should be refused"));
    assert!(
        refusal.use_stderr(),
        "{extra:?} should be refused, not answered: {refusal}"
    );
}

#[test]
fn no_option_can_be_abbreviated_or_written_with_another_dash_or_case() {
    for option in OPTIONS {
        let (name, value) = option
            .split_once('=')
            .map_or((option, ""), |(name, _)| (name, &option[name.len()..]));
        for end in 3..name.len() {
            let short = &name[..end];
            if OPTIONS.iter().any(|known| known.split('=').next() == Some(short)) {
                continue;
            }
            check_refused(&[&format!("{short}{value}")]);
        }
        check_refused(&[&format!("{}{value}", &name[1..])]);
        check_refused(&[&format!("-{name}{value}")]);
        check_refused(&[&format!("{}{value}", name.to_uppercase())]);
        check_refused(&[&format!("--no-{}{value}", &name[2..])]);
        check_refused(&[&format!(
            "{}{value}",
            name.replace('a', "\u{430}")
                .replace('o', "\u{43e}")
                .replace('e', "\u{435}")
        )]);
    }
}

#[test]
fn there_are_no_short_options_and_no_positionals() {
    for letter in ('a'..='z').chain('A'..='Z').chain('0'..='9') {
        check_refused(&[&format!("-{letter}")]);
        check_refused(&[&format!("-{letter}=x")]);
        check_refused(&[&format!("-{letter}x")]);
    }
    for word in ["x", "", "-", "--", "help", "plan", "@file", "--=x", "---", "-xvf"] {
        if word != "--" {
            check_refused(&[word]);
        }
        check_refused(&["--", word]);
    }
}

#[test]
fn an_option_that_is_not_repeatable_is_refused_twice() {
    for option in &OPTIONS[..4] {
        check_refused(&[option]);
    }
    for option in [
        "--binary=terraform",
        "--log-level=info",
        "--lock-timeout=1s",
        "--allow-destroy",
        "--detailed-exitcode",
        "--tools-dir=/tools",
        "--save-plan",
        "--plan-store=/plans",
    ] {
        assert!(parse_with(&[option]).is_ok(), "{option}");
        check_refused(&[option, option]);
    }
    check_refused(&["--command=apply"]);
    let twice = parse_with(&["--var=a=1", "--var=a=2", "--backend-config=x=1", "--backend-config=x=2"]).unwrap();
    assert_eq!(twice.backend_config.len(), 2);
}

#[test]
fn values_that_look_like_options_or_leave_the_repository_are_refused() {
    for [option, value] in [
        ["--ref", "--upload-pack=x"],
        ["--ref", "-h"],
        ["--ref", "main"],
        ["--repo", "ext::sh -c true"],
        ["--repo", "ssh://-oProxyCommand=x/y"],
        ["--repo", "--upload-pack=x"],
        ["--deploy-path", "../x"],
        ["--deploy-path", "/etc"],
        ["--deploy-path", "-destroy"],
        ["--deploy-path", ""],
        ["--command", "console"],
        ["--command", "PLAN"],
        ["--command", "plan -destroy"],
        ["--binary", "/bin/sh"],
        ["--binary", "opentofu"],
        ["--terragrunt-runs", "terragrunt"],
        ["--tools-dir", "tools"],
        ["--tools-dir", "/tools/../x"],
        ["--include-dir", "**"],
        ["--include-dir", "../x"],
        ["--exclude-dir", "-x"],
        ["--log-level", "trace"],
    ] {
        let mut words: Vec<_> = OPTIONS[..4]
            .iter()
            .filter(|word| !word.starts_with(&format!("{option}=")))
            .copied()
            .collect();
        let joined = format!("{option}={value}");
        words.push(&joined);
        assert!(parse(&words).is_err(), "{joined}");
        words.pop();
        words.extend([option, value]);
        assert!(parse(&words).is_err(), "{option} {value}");
    }
    for word in [
        "--var-file=../x.tfvars",
        "--var-file=@x",
        "--var-file=/etc/passwd",
        "--var=-lock=false",
        "--var=x",
        "--backend-config=../x.tfbackend",
        "--backend-config=file",
        "--target=-lock=false",
        "--target=",
        "--lock-timeout=-1s",
        "--output-name=-raw",
        "--protected-ref=main",
        "--protected-ref=+refs/heads/x:refs/heads/y",
        "--allow-destroy=true",
        "--json=",
    ] {
        if word != "--var-file=@x" {
            check_refused(&[word]);
        }
    }
}

#[test]
fn an_option_without_its_value_takes_no_other_option_for_it() {
    for option in OPTIONS.iter().filter(|option| option.contains('=')) {
        let name = option.split('=').next().unwrap();
        check_refused(&[name]);
        check_refused(&[name, "--allow-destroy"]);
    }
}

#[test]
fn an_option_that_the_command_would_ignore_is_refused_by_name() {
    let refused = |command: &str, word: &str| {
        let command = format!("--command={command}");
        let words = [OPTIONS[0], OPTIONS[1], OPTIONS[3], &command, word];
        parse(&words)
            .err()
            .map(|refusal| refusal.to_string().lines().next().unwrap_or_default().to_owned())
    };
    for (word, commands) in [
        ("--var=a=b", ["validate", "output"].as_slice()),
        ("--var-file=a", &["validate", "output"]),
        ("--target=a.b", &["validate", "output"]),
        ("--detailed-exitcode", &["apply", "destroy", "validate", "output"]),
        ("--save-plan", &["apply", "destroy", "validate", "output"]),
        (
            "--plan=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            &["plan", "destroy", "validate", "output"],
        ),
        ("--json", &["plan", "apply", "destroy"]),
        ("--output-name=x", &["plan", "apply", "destroy", "validate"]),
        ("--lock-timeout=1s", &[]),
        ("--allow-destroy", &[]),
        ("--backend-config=a=b", &[]),
    ] {
        for command in ["plan", "apply", "destroy", "validate", "output"] {
            let name = word.split('=').next().unwrap();
            let expected = commands.contains(&command).then(|| {
                format!("error: the argument '{name}' has no meaning with '--command={command}': leave it out")
            });
            assert_eq!(refused(command, word), expected);
        }
    }
}

#[test]
fn what_only_terragrunt_has_is_refused_for_the_others() {
    let said = |words: &[&str]| {
        parse(&[&[OPTIONS[0], OPTIONS[1], OPTIONS[3]], words].concat())
            .err()
            .map(|refusal| refusal.to_string().lines().next().unwrap_or_default().to_owned())
    };
    let refused = |name: &str, with: &str| {
        Some(format!(
            "error: the argument '{name}' has no meaning with '{with}': leave it out"
        ))
    };
    for binary in ["terraform", "tofu"] {
        let binary = format!("--binary={binary}");
        for word in ["--all", "--terragrunt-runs=tofu"] {
            let name = word.split('=').next().unwrap();
            assert_eq!(said(&[&binary, "--command=plan", word]), refused(name, &binary));
        }
        for command in ["--command=find", "--command=hcl-validate"] {
            assert_eq!(said(&[&binary, command]), refused(command, &binary));
        }
    }
    let terragrunt = "--binary=terragrunt";
    for word in ["--include-dir=a", "--exclude-dir=a"] {
        let name = word.split('=').next().unwrap();
        assert_eq!(
            said(&[terragrunt, "--command=plan", word]),
            refused(name, "one directory, without --all")
        );
        assert_eq!(said(&[terragrunt, "--command=plan", "--all", word]), None);
    }
    for (command, word) in [
        ("--command=plan", "--target=a.b"),
        ("--command=output", "--output-name=a"),
        ("--command=plan", "--backend-config=a=b"),
    ] {
        let name = word.split('=').next().unwrap();
        assert_eq!(said(&[terragrunt, command, "--all", word]), refused(name, "--all"));
    }
    for command in ["--command=find", "--command=hcl-validate"] {
        assert_eq!(said(&[terragrunt, command, "--all"]), refused("--all", command));
        assert_eq!(said(&[terragrunt, command, "--terragrunt-runs=tofu"]), None);
    }
}

#[test]
fn what_a_saved_plan_decides_is_refused_beside_it() {
    let plan = OPTIONS[22];
    let apply = [OPTIONS[0], OPTIONS[1], "--command=apply", OPTIONS[3], plan];
    assert!(parse(&apply).is_ok());
    for word in ["--var=a=b", "--var-file=a", "--target=a.b"] {
        assert!(parse(&[&apply[..], &[word]].concat()).is_err(), "{word}");
    }
    let terragrunt = "--binary=terragrunt";
    assert!(parse(&[&apply[..], &[terragrunt]].concat()).is_ok());
    assert!(parse_with(&["--save-plan", terragrunt]).is_ok());
    assert!(parse(&[&apply[..], &[terragrunt, "--all"]].concat()).is_err());
    check_refused(&["--save-plan", terragrunt, "--all"]);
}

#[test]
fn a_wrong_command_line_exits_with_64_and_help_with_0() {
    let run = |words: &[&str]| Command::new(SCRIPT).args(words).output().unwrap();
    let wrong = run(&["--comm=plan"]);
    assert_eq!(
        (wrong.status.code(), wrong.stdout.as_slice()),
        (Some(64), b"".as_slice())
    );
    assert!(
        String::from_utf8(wrong.stderr)
            .unwrap()
            .starts_with("error: unexpected argument '--comm' found\n")
    );
    let help = run(&["--help"]);
    assert_eq!((help.status.code(), help.stderr.as_slice()), (Some(0), b"".as_slice()));
    assert!(String::from_utf8(help.stdout).unwrap().contains("Exit codes:\n"));
}

#[test]
fn the_values_of_a_two_word_and_a_one_word_option_are_the_same() {
    let (fixture, commit) = Fixture::with_module();
    let script = fixture
        .script(&commit, "plan")
        .without("--deploy-path")
        .with("--deploy-path")
        .with("prod/app");
    script.run().expect_code(0);
}

proptest! {
    #[test]
    fn only_the_declared_names_are_options(name in "--[a-z-]{1,20}", value in "[a-z/.=-]{0,8}") {
        let known = OPTIONS.iter().any(|option| option.split('=').next() == Some(&name)) || name == "--version";
        prop_assume!(!known);
        let joined = format!("{name}={value}");
        prop_assert!(parse_with(&[&joined]).is_err());
        prop_assert!(parse_with(&[&name]).is_err());
    }

    #[test]
    fn whatever_is_accepted_as_a_commit_is_the_very_word(word in "[0-9a-fA-F]{38,42}|[0-9a-f]{40}|\\PC{0,64}") {
        let joined = format!("--ref={word}");
        if let Ok(order) = parse(&[OPTIONS[0], &joined, OPTIONS[2], OPTIONS[3]]) {
            prop_assert_eq!(order.commit.as_str(), word.as_str());
            prop_assert!(word.len() == COMMIT.len() || word.len() == 64);
        }
    }
}
