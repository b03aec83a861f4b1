//! The argument grammar, rule by rule: which words are accepted, what they become, and which problem names each refused one.

use gatekeeper::compiled::{OptionRule, ParameterStyle, PositionalRule, Script, TextRule, ValueStyle, ValueType};
use gatekeeper::{Decision, decide};
use protocol::{Problem, ProblemKind, RunRequest};

use crate::lists::{any_text, choice, compiled, container, load, matching, option, positional, script, words};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn with_options<const N: usize>(options: [(&str, OptionRule); N]) -> Script {
    Script {
        options: options
            .into_iter()
            .map(|(name, rule)| (name.to_owned(), rule))
            .collect(),
        ..script()
    }
}

fn with_positionals<const N: usize>(positionals: [PositionalRule; N]) -> Script {
    Script {
        positionals: positionals.into(),
        ..script()
    }
}

fn answer(script: &Script, args: &[&str]) -> Result<Vec<String>, Vec<Problem>> {
    let list = load(&compiled([("planner", container([("deploy", script.clone())]))]));
    let request = RunRequest {
        container: Some("planner".to_owned()),
        script: "deploy".to_owned(),
        args: words(args),
        ..RunRequest::default()
    };
    match decide(&list, &request) {
        Decision::Permitted(permit) => Ok(permit.args().to_vec()),
        Decision::Denied(denial) => Err(denial.problems),
    }
}

#[track_caller]
fn becomes(script: &Script, args: &[&str], expected: &[&str]) {
    match answer(script, args) {
        Ok(canonical) => assert_eq!(canonical, expected, "{args:?}"),
        Err(problems) => panic!("{args:?} must be permitted: {problems:#?}"),
    }
}

#[track_caller]
fn refused(script: &Script, args: &[&str], expected: &[(ProblemKind, Option<u32>)]) -> Vec<Problem> {
    match answer(script, args) {
        Ok(canonical) => panic!("{args:?} must be refused, not become {canonical:?}"),
        Err(problems) => {
            let found: Vec<_> = problems.iter().map(|problem| (problem.kind, problem.index)).collect();
            assert_eq!(found, expected, "{args:?} {problems:#?}");
            problems
        }
    }
}

/// The whole first problem, as it travels.
#[track_caller]
fn told(script: &Script, args: &[&str], expected: &[&str; 5]) {
    let Err(problems) = answer(script, args) else {
        panic!("{args:?} must be refused")
    };
    let first = problems.into_iter().next().unwrap();
    let suggestion = first.suggestion.unwrap_or_default();
    let word = first.word.unwrap_or_default();
    let found = [word.as_str(), &first.rule, &first.message, &first.accepted, &suggestion];
    assert_eq!(&found, expected, "{args:?}");
}

fn small() -> Script {
    with_options([
        ("--command", option(choice(&["plan", "validate"]))),
        ("--ref", option(ValueType::Commit)),
        ("--text", option(ValueType::Text(any_text(8)))),
        ("--flag", option(ValueType::Flag)),
    ])
}

#[test]
fn the_first_equals_sign_splits_and_the_rest_belongs_to_the_value() {
    becomes(&small(), &["--text=a=b=c"], &["--text=a=b=c"]);
    becomes(&small(), &["--text", "a=b=c"], &["--text=a=b=c"]);
    becomes(&small(), &["--text", "=a"], &["--text==a"]);
    refused(&small(), &["--text="], &[(ProblemKind::InvalidValue, Some(0))]);
    refused(&small(), &["--=x"], &[(ProblemKind::UnknownOption, Some(0))]);
}

#[test]
fn a_value_that_is_missing_is_a_named_denial() {
    refused(&small(), &["--text"], &[(ProblemKind::MissingValue, Some(0))]);
    refused(&small(), &["--text", "--flag"], &[(ProblemKind::MissingValue, Some(0))]);
    refused(
        &small(),
        &["--text", "--command=plan"],
        &[(ProblemKind::MissingValue, Some(0))],
    );
    let both = [
        (ProblemKind::MissingValue, Some(0)),
        (ProblemKind::EndOfOptions, Some(1)),
    ];
    refused(&small(), &["--text", "--"], &both);
    told(
        &small(),
        &["--ref"],
        &[
            "--ref",
            "containers.planner.scripts.deploy.options.--ref",
            "`--ref` needs a value, and none follows it",
            "a full commit id of 40 or 64 lower-case hexadecimal digits",
            "",
        ],
    );
}

#[test]
fn a_word_that_is_no_option_of_the_script_is_the_value_even_when_it_has_dashes() {
    refused(
        &small(),
        &["--ref", "--upload-pack=x"],
        &[(ProblemKind::InvalidValue, Some(1))],
    );
    refused(&small(), &["--text", "-h"], &[(ProblemKind::InvalidValue, Some(1))]);
    let mut fixed = small();
    fixed.fixed_options = [("--fixed".to_owned(), Vec::new())].into();
    let both = [
        (ProblemKind::MissingValue, Some(0)),
        (ProblemKind::UnknownOption, Some(1)),
    ];
    refused(&fixed, &["--text", "--fixed"], &both);
}

#[test]
fn names_are_exact() {
    for word in [
        "--comm=plan",
        "--Command=plan",
        "-command=plan",
        "---command=plan",
        "--command =plan",
        "--commandx=plan",
    ] {
        refused(&small(), &[word], &[(ProblemKind::UnknownOption, Some(0))]);
    }
    for word in ["-f", "-", "---", "-xvf", "--help", "-h", "--version"] {
        refused(&small(), &[word], &[(ProblemKind::UnknownOption, Some(0))]);
    }
    told(
        &small(),
        &["-comand=plan"],
        &[
            "-comand=plan",
            "containers.planner.scripts.deploy.options",
            "there is no option `-comand`: options have two dashes, and none has a short form",
            "one of: --command, --ref, --text, --flag",
            "--command",
        ],
    );
    told(
        &small(),
        &["--\u{441}ommand=plan"],
        &[
            "--\\u{441}ommand=plan",
            "containers.planner.scripts.deploy.options",
            "there is no option `--\\u{441}ommand`",
            "one of: --command, --ref, --text, --flag",
            "--command",
        ],
    );
}

#[test]
fn the_word_behind_an_unknown_option_is_taken_for_its_value_where_nothing_else_wants_it() {
    refused(
        &small(),
        &["--comand", "plan"],
        &[(ProblemKind::UnknownOption, Some(0))],
    );
    let both = [
        (ProblemKind::UnknownOption, Some(0)),
        (ProblemKind::UnexpectedPositional, Some(1)),
    ];
    refused(&small(), &["--comand=plan", "plan"], &both);
    refused(&small(), &["-", "plan"], &both);
    let unsafe_too = [
        (ProblemKind::UnknownOption, Some(0)),
        (ProblemKind::UnsafeText, Some(1)),
    ];
    refused(&small(), &["--comand", "pl\nan"], &unsafe_too);
    let two = [
        (ProblemKind::UnknownOption, Some(0)),
        (ProblemKind::UnknownOption, Some(1)),
    ];
    refused(&small(), &["--comand", "--plam"], &two);
    let takes_one = with_positionals([positional("p", choice(&["a"]))]);
    let wanted = [
        (ProblemKind::UnknownOption, Some(0)),
        (ProblemKind::InvalidValue, Some(1)),
    ];
    refused(&takes_one, &["--unknown", "b"], &wanted);
    refused(
        &takes_one,
        &["--unknown", "a"],
        &[(ProblemKind::UnknownOption, Some(0))],
    );
}

#[test]
fn a_fixed_option_and_one_of_the_gate_itself_can_never_be_named() {
    let mut script = with_options([(
        "--repo",
        option(ValueType::Repository {
            one_of: words(&["live"]),
            protected_refs_as: Some("--protected-ref".to_owned()),
        }),
    )]);
    script.fixed_options = [("--log-level".to_owned(), words(&["info"]))].into();
    told(
        &script,
        &["--log-level=debug"],
        &[
            "--log-level=debug",
            "containers.planner.scripts.deploy.fixed_options.--log-level",
            "`--log-level` is fixed by the allow-list: leave it out",
            "one of: --repo",
            "",
        ],
    );
    told(
        &script,
        &["--protected-ref=refs/heads/evil"],
        &[
            "--protected-ref=refs/heads/evil",
            "containers.planner.scripts.deploy.options.--repo",
            "`--protected-ref` is set by the gate itself: leave it out",
            "one of: --repo",
            "",
        ],
    );
}

#[test]
fn an_option_is_given_no_more_often_than_it_may_be() {
    refused(
        &small(),
        &["--command", "plan", "--command", "validate"],
        &[(ProblemKind::Repeated, Some(2))],
    );
    refused(&small(), &["--flag", "--flag"], &[(ProblemKind::Repeated, Some(1))]);
    let both = [(ProblemKind::Repeated, Some(1)), (ProblemKind::InvalidValue, Some(1))];
    refused(&small(), &["--command=plan", "--command=apply"], &both);
    let twice = with_options([(
        "--var",
        OptionRule {
            max_repeats: 2,
            ..option(choice(&["a", "b"]))
        },
    )]);
    becomes(&twice, &["--var=b", "--var", "a"], &["--var=b", "--var=a"]);
    told(
        &twice,
        &["--var=b", "--var=a", "--var=a"],
        &[
            "--var=a",
            "containers.planner.scripts.deploy.options.--var",
            "`--var` is given more than 2 times",
            "`--var` at most 2 times",
            "",
        ],
    );
    told(
        &small(),
        &["--flag", "--flag"],
        &[
            "--flag",
            "containers.planner.scripts.deploy.options.--flag",
            "`--flag` is given more than once",
            "`--flag` at most once",
            "",
        ],
    );
}

#[test]
fn a_flag_takes_no_value() {
    becomes(&small(), &["--flag"], &["--flag"]);
    told(
        &small(),
        &["--flag=1"],
        &[
            "--flag=1",
            "containers.planner.scripts.deploy.options.--flag",
            "`--flag` takes no value",
            "`--flag` alone",
            "--flag",
        ],
    );
    refused(&small(), &["--flag="], &[(ProblemKind::UnexpectedValue, Some(0))]);
    refused(
        &small(),
        &["--flag", "1"],
        &[(ProblemKind::UnexpectedPositional, Some(1))],
    );
}

#[test]
fn an_optional_value_stands_in_the_same_word_or_is_absent() {
    let mut script = with_options([(
        "--color",
        OptionRule {
            value_optional: true,
            ..option(choice(&["always", "never"]))
        },
    )]);
    becomes(&script, &["--color"], &["--color"]);
    becomes(&script, &["--color=never"], &["--color=never"]);
    refused(
        &script,
        &["--color", "never"],
        &[(ProblemKind::UnexpectedPositional, Some(1))],
    );
    script.parameter_style.values = ValueStyle::Separate;
    becomes(&script, &["--color=never"], &["--color=never"]);
}

#[test]
fn canonical_arguments_follow_the_declared_order_and_style() {
    let mut script = small();
    script.fixed_options = [
        ("--log".to_owned(), words(&["a", "b"])),
        ("--quiet".to_owned(), Vec::new()),
    ]
    .into();
    script.fixed_positionals = words(&["first"]);
    script.options.get_mut("--command").unwrap().default = Some("plan".to_owned());
    let given = ["--flag", "--text", "x y"];
    becomes(
        &script,
        &given,
        &[
            "--log=a",
            "--log=b",
            "--quiet",
            "--command=plan",
            "--text=x y",
            "--flag",
            "--",
            "first",
        ],
    );
    script.parameter_style = ParameterStyle {
        values: ValueStyle::Separate,
        end_of_options: false,
    };
    let separate = [
        "--log",
        "a",
        "--log",
        "b",
        "--quiet",
        "--command",
        "plan",
        "--text",
        "x y",
        "--flag",
        "first",
    ];
    becomes(&script, &given, &separate);
    becomes(
        &script,
        &["--command=validate"],
        &["--log", "a", "--log", "b", "--quiet", "--command", "validate", "first"],
    );
    becomes(&small(), &[], &[]);
}

#[test]
fn a_default_stands_in_only_when_the_option_is_absent() {
    let mut script = small();
    script.options.get_mut("--command").unwrap().default = Some("plan".to_owned());
    becomes(&script, &[], &["--command=plan"]);
    becomes(&script, &["--command=validate"], &["--command=validate"]);
    refused(&script, &["--command=x"], &[(ProblemKind::InvalidValue, Some(0))]);
}

#[test]
fn what_is_required_and_absent_is_told_after_the_words() {
    let mut script = small();
    script.options.get_mut("--ref").unwrap().required = true;
    script.positionals = vec![
        PositionalRule {
            required: true,
            ..positional("one", choice(&["a"]))
        },
        PositionalRule {
            required: true,
            max_repeats: 2,
            ..positional("two", choice(&["a"]))
        },
    ];
    let missing = (ProblemKind::Missing, None);
    refused(&script, &[], &[missing, missing, missing]);
    refused(&script, &["a"], &[missing, missing]);
    refused(&script, &["a", "a"], &[missing]);
    refused(
        &script,
        &["a", "a", "--ref=main"],
        &[(ProblemKind::InvalidValue, Some(2))],
    );
    let reference = format!("--ref={COMMIT}");
    becomes(
        &script,
        &["a", "a", "a", &reference],
        &[&reference, "--", "a", "a", "a"],
    );
    let unexpected = [(ProblemKind::UnexpectedPositional, Some(3)), missing];
    let problems = refused(&script, &["a", "a", "a", "a"], &unexpected);
    assert_eq!(problems[1].rule, "containers.planner.scripts.deploy.options.--ref");
    assert_eq!(problems[1].message, "the option `--ref` is required");
    assert!(problems[1].accepted.starts_with("`--ref` with a full commit id"));
    let problems = refused(&script, &[&reference, "a"], &[missing]);
    assert_eq!(problems[0].rule, "containers.planner.scripts.deploy.positionals.two");
    assert_eq!(problems[0].message, "the argument `two` is required");
    assert_eq!(problems[0].accepted, "one of: a");
}

#[test]
fn a_word_that_no_positional_wants_is_told_what_the_script_takes() {
    told(
        &small(),
        &["command"],
        &[
            "command",
            "containers.planner.scripts.deploy.positionals",
            "`command` is no option, and the script takes nothing else",
            "options only",
            "--command",
        ],
    );
    told(
        &with_positionals([positional("one", choice(&["a"]))]),
        &["a", "zzz"],
        &[
            "zzz",
            "containers.planner.scripts.deploy.positionals",
            "`zzz` is one argument too many",
            "fewer arguments that are no options",
            "",
        ],
    );
}

#[test]
fn a_positional_begins_with_one_dash_only_behind_the_gates_own_end_of_options() {
    let number = ValueType::Integer { min: -5, max: 5 };
    let mut script = with_positionals([positional("number", number)]);
    becomes(&script, &["-3"], &["--", "-3"]);
    refused(&script, &["--3"], &[(ProblemKind::UnknownOption, Some(0))]);
    refused(&script, &["-x"], &[(ProblemKind::InvalidValue, Some(0))]);
    script.parameter_style.end_of_options = false;
    refused(&script, &["-3"], &[(ProblemKind::UnknownOption, Some(0))]);
    becomes(&script, &["3"], &["3"]);
    let positive = with_positionals([positional("number", ValueType::Integer { min: 0, max: 5 })]);
    refused(&positive, &["-3"], &[(ProblemKind::UnknownOption, Some(0))]);
}

#[test]
fn a_type_that_allows_a_leading_dash_takes_the_next_word_whatever_it_is_except_for_two_dashes() {
    let dashes = ValueType::Text(TextRule {
        allow_leading_dash: true,
        ..any_text(40)
    });
    let script = with_options([("--raw", option(dashes)), ("--flag", option(ValueType::Flag))]);
    becomes(&script, &["--raw", "-lock=false"], &["--raw=-lock=false"]);
    becomes(&script, &["--raw", "--flag"], &["--raw=--flag"]);
    refused(&script, &["--raw=--"], &[(ProblemKind::InvalidValue, Some(0))]);
    let both = [
        (ProblemKind::MissingValue, Some(0)),
        (ProblemKind::EndOfOptions, Some(1)),
    ];
    refused(&script, &["--raw", "--"], &both);
}

#[test]
fn unsafe_text_is_refused_wherever_it_stands() {
    let script = Script {
        positionals: vec![positional("p", ValueType::Text(any_text(40)))],
        ..small()
    };
    let bad = "a\u{202e}b";
    let places: [(&[&str], u32); 6] = [
        (&["--text", bad], 1),
        (&[bad], 0),
        (&["x", bad], 1),
        (&["--flag", "--x\u{0}y"], 1),
        (&["-\n"], 0),
        (&["--text=\u{338}x"], 0),
    ];
    for (args, index) in places {
        refused(&script, args, &[(ProblemKind::UnsafeText, Some(index))]);
    }
    told(
        &small(),
        &["x\u{1b}[31m"],
        &[
            "x\\u{1b}[31m",
            "built-in.safe-text",
            "`x\\u{1b}[31m` contains the character `\\u{1b}`, which is invisible, controls a terminal or reorders text",
            "visible text in normal form C",
            "",
        ],
    );
}

#[test]
fn a_refused_value_names_the_option_the_value_the_reason_and_the_nearest() {
    told(
        &small(),
        &["--command", "paln"],
        &[
            "paln",
            "containers.planner.scripts.deploy.options.--command",
            "`--command`: `paln` is not one of the accepted words",
            "one of: plan, validate",
            "plan",
        ],
    );
    let long = format!("--text={}", "x".repeat(200));
    let problems = refused(&small(), &[&long], &[(ProblemKind::InvalidValue, Some(0))]);
    assert_eq!(problems[0].word, Some(format!("--text={}...", "x".repeat(73))));
    assert_eq!(
        problems[0].message,
        format!("`--text`: `{}...` is longer than 8 characters", "x".repeat(80))
    );
}

#[test]
fn suggestions_are_looked_for_only_so_often() {
    let args = vec!["--comand=plan"; 30];
    let problems = refused(
        &small(),
        &args,
        &(0..30)
            .map(|index| (ProblemKind::UnknownOption, Some(index)))
            .collect::<Vec<_>>(),
    );
    let suggested: Vec<bool> = problems.iter().map(|problem| problem.suggestion.is_some()).collect();
    assert_eq!(suggested, [vec![true; 24], vec![false; 6]].concat());
}

#[test]
fn at_most_256_arguments_are_read() {
    let many = with_positionals([PositionalRule {
        max_repeats: 256,
        ..positional("p", choice(&["a"]))
    }]);
    assert_eq!(answer(&many, &["a"; 256]).unwrap().len(), 257);
    let problems = refused(&many, &["a"; 257], &[(ProblemKind::TooLarge, None)]);
    assert_eq!(problems[0].message, "257 arguments are too many: none of them was read");
    assert_eq!(problems[0].accepted, "at most 256 arguments");
    assert_eq!(problems[0].rule, "built-in.argument-count");
}

#[test]
fn the_arguments_together_fit_into_the_overrides_of_a_task() {
    let script = with_options([(
        "--t",
        OptionRule {
            max_repeats: 9,
            ..option(ValueType::Text(any_text(4_096)))
        },
    )]);
    // Each argument takes its text, two quotes and a comma; 8,192 characters less the reserve of 1,024 are 7,168.
    let fits = |second: usize| {
        let (first, second) = (
            format!("--t={}", "x".repeat(4_000)),
            format!("--t={}", "x".repeat(second)),
        );
        answer(&script, &[&first, &second])
    };
    let second = 7_168 - (4 + 4_000 + 3) - (4 + 3);
    assert!(fits(second).is_ok());
    let problems = fits(second + 1).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].kind, ProblemKind::TooLarge);
    assert_eq!(problems[0].rule, "built-in.overrides-size");
    assert_eq!(
        problems[0].message,
        "the arguments take 7169 characters: a task cannot carry them"
    );
    assert_eq!(
        problems[0].accepted,
        "at most 7168 characters, quotes and escapes included"
    );
    let (first, second) = (
        format!("--t={}", "x".repeat(4_000)),
        format!("--t={}", "x".repeat(4_000)),
    );
    refused(
        &script,
        &[&first, &second, "--u"],
        &[(ProblemKind::UnknownOption, Some(2))],
    );
    let quotes = "\"".repeat(3_600);
    assert!(
        answer(&script, &["--t", &quotes]).is_err(),
        "a quote takes two characters"
    );
    let backslashes = "\\".repeat(3_600);
    assert!(
        answer(&script, &["--t", &backslashes]).is_err(),
        "a backslash takes two characters"
    );
    assert!(answer(&script, &["--t", &"'".repeat(3_600)]).is_ok());
}

#[test]
fn a_repository_is_named_by_its_alias_and_becomes_its_url_and_its_protected_refs() {
    let repository = |carrier: Option<&str>| ValueType::Repository {
        one_of: words(&["live", "modules"]),
        protected_refs_as: carrier.map(str::to_owned),
    };
    let mut script = with_options([("--repo", option(repository(Some("--safe"))))]);
    script.parameter_style.values = ValueStyle::Separate;
    let url = "https://git.example.com/acme/live.git";
    let refs = ["--safe", "refs/heads/main", "--safe", "refs/heads/release"];
    becomes(&script, &["--repo=live"], &[&["--repo", url][..], &refs].concat());
    becomes(
        &script,
        &["--repo=modules"],
        &["--repo", "https://git.example.com/acme/modules.git"],
    );
    for hostile in [url, "ext::sh -c id", "ssh://-oProxyCommand=id", "file:///etc"] {
        refused(&script, &["--repo", hostile], &[(ProblemKind::InvalidValue, Some(1))]);
    }
    let positional = with_positionals([positional("repo", repository(Some("--safe")))]);
    becomes(
        &positional,
        &["live"],
        &["--safe=refs/heads/main", "--safe=refs/heads/release", "--", url],
    );
    let plain = with_options([("--repo", option(repository(None)))]);
    becomes(
        &plain,
        &["--repo", "live"],
        &["--repo=https://git.example.com/acme/live.git"],
    );
}

#[test]
fn a_key_value_checks_the_key_and_the_value() {
    let script = with_options([(
        "--var",
        option(ValueType::KeyValue {
            keys: words(&["image_version", "count"]),
            value: matching("[a-z0-9=.]{1,8}"),
        }),
    )]);
    becomes(&script, &["--var", "count=3"], &["--var=count=3"]);
    becomes(&script, &["--var=count=a=b"], &["--var=count=a=b"]);
    for bad in [
        "count",
        "count=",
        "other=3",
        "=3",
        "count=x y",
        "count=-x",
        "image_version=\u{338}",
    ] {
        let kind = if bad.ends_with('\u{338}') {
            ProblemKind::UnsafeText
        } else {
            ProblemKind::InvalidValue
        };
        refused(&script, &["--var", bad], &[(kind, Some(1))]);
    }
    told(
        &script,
        &["--var=coumt=3"],
        &[
            "--var=coumt=3",
            "containers.planner.scripts.deploy.options.--var",
            "`--var`: `coumt=3` does not begin with an accepted key and `=`",
            "key=value, with the key one of: image_version, count; value: text of at most 128 characters that matches \
             `[a-z0-9=.]{1,8}` as a whole",
            "count=3",
        ],
    );
}

#[test]
fn a_negative_number_is_a_value_but_the_name_of_an_option_is_not() {
    let script = with_options([
        ("--offset", option(ValueType::Integer { min: -5, max: 5 })),
        ("--flag", option(ValueType::Flag)),
    ]);
    becomes(&script, &["--offset", "-3"], &["--offset=-3"]);
    refused(
        &script,
        &["--offset", "--flag"],
        &[(ProblemKind::MissingValue, Some(0))],
    );
}
