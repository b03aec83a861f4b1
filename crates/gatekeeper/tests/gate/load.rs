//! Loading: only canonical bytes that keep every invariant become an allow-list.

use gatekeeper::compiled::{Compiled, OptionRule, PositionalRule, TextRule, ValueType};
use gatekeeper::{AllowList, MAX_COMPILED_BYTES};

use crate::lists::{any_text, choice, compiled, container, deploy_script, load, matching, option, positional, words};

fn standard() -> Compiled {
    compiled([("planner", container([("deploy", deploy_script())]))])
}

#[track_caller]
fn bytes_refused(bytes: &[u8], expected: &str) {
    let error = AllowList::load(bytes).expect_err("must not load");
    assert!(error.to_string().contains(expected), "{error}");
}

#[track_caller]
fn refused<T>(break_it: impl FnOnce(&mut Compiled) -> T, expected: &str) {
    let mut compiled = standard();
    drop(break_it(&mut compiled));
    let error = AllowList::load(&serde_json::to_vec(&compiled).unwrap()).expect_err("must not load");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let list = load(&standard());
    assert_eq!(list.digest(), standard().digest());
    assert_eq!(list.digest().len(), 64);
}

#[test]
fn only_canonical_bytes_are_read() {
    let bytes = serde_json::to_vec(&standard()).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    bytes_refused(
        &serde_json::to_vec_pretty(&standard()).unwrap(),
        "not in its canonical form",
    );
    bytes_refused(format!("{text} ").as_bytes(), "not in its canonical form");
    bytes_refused(format!("{text}{text}").as_bytes(), "trailing characters");
    let twice = text.replacen(r#""planner":"#, r#""planner":null,"planner":"#, 1);
    bytes_refused(twice.as_bytes(), "not understood");
    let doubled = text.replacen(
        r#"{"live":"#,
        r#"{"live":{"url":"file:///x","protected_refs":[]},"live":"#,
        1,
    );
    bytes_refused(doubled.as_bytes(), "not in its canonical form");
    bytes_refused(text.replacen('{', r#"{"x":1,"#, 1).as_bytes(), "unknown field `x`");
    // What is not loosened has one form, which does not say so; and nothing is given that no allow-list can ask for.
    let with = |field: &str| text.replacen(r#""task":"#, &format!(r#"{field},"task":"#), 1);
    bytes_refused(
        with(r#""root_filesystem":"read_only""#).as_bytes(),
        "not in its canonical form",
    );
    bytes_refused(with(r#""capabilities":[]"#).as_bytes(), "not in its canonical form");
    bytes_refused(
        with(r#""capabilities":["SYS_ADMIN"]"#).as_bytes(),
        "unknown variant `SYS_ADMIN`",
    );
    bytes_refused(
        text.replacen(r#""format":1"#, r#""format":2"#, 1).as_bytes(),
        "has format 2, this build reads 1",
    );
    bytes_refused(b"", "not understood");
    bytes_refused(
        &vec![b' '; MAX_COMPILED_BYTES + 1],
        "4194305 bytes: at most 4194304 are read",
    );
    bytes_refused(&vec![b' '; MAX_COMPILED_BYTES], "not understood");
}

#[test]
fn names_and_references_hold() {
    refused(|list| list.containers.clear(), "containers: there is no container");
    refused(
        |list| list.default_container = Some("x".to_owned()),
        "defaults.container: there is no such container",
    );
    refused(
        |list| {
            let container = list.containers["planner"].clone();
            list.containers.insert("a/b".to_owned(), container);
        },
        "containers.a/b: this is not a name",
    );
    refused(
        |list| {
            let script = deploy_script();
            list.containers["planner"].scripts.insert("../x".to_owned(), script);
        },
        "containers.planner.scripts.../x: this is not a name",
    );
    refused(
        |list| list.containers["planner"].scripts.clear(),
        "containers.planner: it has no script",
    );
    refused(
        |list| list.containers["planner"].image = "a/b".to_owned(),
        "containers.planner: its image is not a name",
    );
    refused(
        |list| list.repositories.shift_remove("live"),
        "containers.planner.scripts.deploy.options.--repo: it names a repository that is not declared",
    );
    refused(
        |list| {
            let repository = list.repositories["live"].clone();
            list.repositories.insert("-x".to_owned(), repository);
        },
        "repositories.-x: this is not a name",
    );
}

#[test]
fn variables_and_volumes_hold() {
    for name in ["A-B", "", "A=B"] {
        for secret in [false, true] {
            refused(
                |list| {
                    let container = &mut list.containers["planner"];
                    let variables = if secret {
                        &mut container.secrets
                    } else {
                        &mut container.environment
                    };
                    variables.insert(name.to_owned(), String::new());
                },
                "containers.planner: a variable's name is not one",
            );
        }
    }
    refused(
        |list| {
            list.containers["planner"]
                .environment
                .insert("GIT_TOKEN".to_owned(), String::new())
        },
        "containers.planner: a variable is declared both as plain and as secret",
    );
    refused(
        |list| {
            list.containers["planner"]
                .volumes
                .insert("state".to_owned(), "/state".to_owned())
        },
        "containers.planner: it mounts a volume that is not declared",
    );
    refused(
        |list| {
            let description = String::new();
            list.volumes
                .insert("a b".to_owned(), gatekeeper::compiled::Volume { description });
        },
        "volumes.a b: this is not a name",
    );
}

#[test]
fn repositories_have_plain_addresses_and_full_refs() {
    for url in [
        "",
        "http://x/y",
        "ext::sh -c id",
        "git://x/y",
        "https://",
        "https:///x",
        "ssh://-oProxyCommand=x/y",
        "ssh://git@-x/y",
        "ssh://-u@x/y",
        "https://user:password@x/y",
        "https://x/a b",
        "https://x/\u{202e}",
        "file://x/y",
        "/srv/git",
        "https://@/x",
        "ssh://git@/y",
    ] {
        refused(
            |list| list.repositories["live"].url = url.to_owned(),
            "repositories.live: its url is not a plain https://, ssh:// or file:/// address without a password",
        );
    }
    for url in [
        "https://x/y.git",
        "ssh://git@x:22/y",
        "file:///srv/git/x.git",
        "https://user@x/y",
    ] {
        let mut compiled = standard();
        compiled.repositories["live"].url = url.to_owned();
        load(&compiled);
    }
    refused(
        |list| list.repositories["live"].protected_refs.push("main".to_owned()),
        "repositories.live: a protected ref is not a full ref name",
    );
}

#[test]
fn tasks_hold() {
    let task = "containers.planner.task";
    let cpu = format!("{task}: its cpu is zero or over its own ceiling");
    let memory = format!("{task}: its memory is zero or over its own ceiling");
    refused(|list| list.containers["planner"].task.cpu = 0, &cpu);
    refused(|list| list.containers["planner"].task.cpu = 4097, &cpu);
    refused(|list| list.containers["planner"].task.memory = 0, &memory);
    refused(|list| list.containers["planner"].task.memory = 16_385, &memory);
    refused(
        |list| list.containers["planner"].task.launch_types.clear(),
        &format!("{task}: it has no launch type"),
    );
    refused(
        |list| list.containers["planner"].task.timeout_seconds = 0,
        &format!("{task}: its timeout is zero"),
    );
    let mut at_the_ceiling = standard();
    at_the_ceiling.containers["planner"].task.cpu = 4096;
    at_the_ceiling.containers["planner"].task.memory = 16_384;
    load(&at_the_ceiling);
}

#[track_caller]
fn option_refused(name: &str, rule: OptionRule, expected: &str) {
    let path = format!("containers.planner.scripts.deploy.options.{name}: {expected}");
    refused(
        |list| {
            list.containers["planner"].scripts["deploy"]
                .options
                .insert(name.to_owned(), rule)
        },
        &path,
    );
}

#[test]
fn option_names_have_one_meaning() {
    let flag = || option(ValueType::Flag);
    for name in ["x", "-x", "--", "---x", "--a=b", "--a b", "--\u{430}"] {
        option_refused(name, flag(), "this is not an option's name: expected `--` and a name");
    }
    let twice = "the name is used twice: as an option, a fixed option or for protected refs";
    option_refused("--log-level", flag(), twice);
    option_refused("--protected-ref", flag(), twice);
    let second_carrier = ValueType::Repository {
        one_of: words(&["live"]),
        protected_refs_as: Some("--protected-ref".to_owned()),
    };
    let path = "containers.planner.scripts.deploy.options.--protected-ref";
    refused(
        |list| {
            let script = &mut list.containers["planner"].scripts["deploy"];
            script
                .options
                .insert("--other".to_owned(), option(second_carrier.clone()));
        },
        &format!("{path}: {twice}"),
    );
    refused(
        |list| {
            list.containers["planner"].scripts["deploy"]
                .positionals
                .push(positional("p", second_carrier.clone()));
        },
        &format!("{path}: {twice}"),
    );
}

#[test]
fn options_can_be_satisfied_and_defaults_are_values() {
    let repeats = |value: ValueType, max_repeats| OptionRule {
        max_repeats,
        ..option(value)
    };
    let often = "it may be given between 1 and 256 times";
    option_refused("--x", repeats(ValueType::Flag, 0), often);
    option_refused("--x", repeats(ValueType::Flag, 257), often);
    let repository = |carrier: Option<&str>| ValueType::Repository {
        one_of: words(&["live"]),
        protected_refs_as: carrier.map(str::to_owned),
    };
    option_refused(
        "--x",
        repeats(repository(Some("--y")), 2),
        "a repository that hands on protected refs cannot repeat",
    );
    let optional = |value| OptionRule {
        value_optional: true,
        ..option(value)
    };
    option_refused(
        "--x",
        optional(ValueType::Flag),
        "a flag has no value that could be optional",
    );
    option_refused("--x", optional(repository(None)), "a repository has no optional value");
    let default = |value, default: &str| OptionRule {
        default: Some(default.to_owned()),
        ..option(value)
    };
    let no_value = "its default is not a value that it accepts";
    option_refused("--x", default(choice(&["a"]), "b"), no_value);
    option_refused("--x", default(ValueType::Flag, "true"), no_value);
    refused(
        |list| {
            list.containers["planner"].scripts["deploy"]
                .fixed_positionals
                .push("a\nb".to_owned());
        },
        "containers.planner.scripts.deploy: a fixed value is not safe text",
    );
    refused(
        |list| list.containers["planner"].scripts["deploy"].fixed_options["--log-level"].push("\u{200b}".to_owned()),
        "containers.planner.scripts.deploy: a fixed value is not safe text",
    );
    let mut repeating = standard();
    let options = &mut repeating.containers["planner"].scripts["deploy"].options;
    options.insert("--x".to_owned(), repeats(repository(None), 256));
    load(&repeating);
}

#[test]
fn types_accept_something() {
    option_refused(
        "--x",
        option(choice(&[])),
        "the list of accepted words is empty: name at least one",
    );
    option_refused("--x", option(choice(&["a", ""])), "the listed word `` is empty");
    option_refused(
        "--x",
        option(choice(&["-a"])),
        "the listed word `-a` begins with a dash, so that it could be read as an option",
    );
    option_refused(
        "--x",
        option(choice(&["a\n"])),
        "the listed word `a\\n` contains the character `\\u{a}`, which is invisible, controls a terminal or reorders text",
    );
    option_refused(
        "--x",
        option(ValueType::Integer { min: 2, max: 1 }),
        "no integer lies between 2 and 1",
    );
    for length in [0, 4_097] {
        let expected = format!("`{length}` is no usable maximum length: expected 1 to 4096");
        option_refused("--x", option(ValueType::Text(any_text(length))), &expected);
    }
    option_refused(
        "--x",
        option(ValueType::Text(matching("a)|(?:b"))),
        "`a)|(?:b` is not a usable pattern: unopened group",
    );
}

#[test]
fn keys_and_globs_can_match() {
    let keys = |keys: &[&str], value: TextRule| ValueType::KeyValue {
        keys: words(keys),
        value,
    };
    option_refused(
        "--x",
        option(keys(&[], any_text(1))),
        "the list of accepted words is empty: name at least one",
    );
    let no_key = |key: &str| format!("the key `{key}` is empty or contains `=`: no argument could ever name it");
    option_refused("--x", option(keys(&[""], any_text(1))), &no_key(""));
    option_refused("--x", option(keys(&["a=b"], any_text(1))), &no_key("a=b"));
    option_refused(
        "--x",
        option(keys(&["-a"], any_text(1))),
        "the listed word `-a` begins with a dash, so that it could be read as an option",
    );
    let within = ValueType::Path {
        within: words(&["a["]),
        allow_root: false,
    };
    option_refused(
        "--x",
        option(within),
        "`a[` is not a usable glob: unclosed character class; missing ']'",
    );
    let mut one = standard();
    let options = &mut one.containers["planner"].scripts["deploy"].options;
    options.insert("--x".to_owned(), option(ValueType::Integer { min: 1, max: 1 }));
    options.insert("--y".to_owned(), option(ValueType::Text(any_text(4_096))));
    load(&one);
}

#[track_caller]
fn positionals_refused(positionals: Vec<PositionalRule>, expected: &str) {
    refused(
        |list| list.containers["planner"].scripts["deploy"].positionals = positionals,
        &format!("containers.planner.scripts.deploy.positionals.{expected}"),
    );
}

#[test]
fn positionals_have_one_reading() {
    let plain = |name: &str| positional(name, ValueType::Commit);
    let repeated = |name: &str, max_repeats| PositionalRule {
        max_repeats,
        ..plain(name)
    };
    let required = |name: &str| PositionalRule {
        required: true,
        ..plain(name)
    };
    positionals_refused(vec![plain("a b")], "a b: this is not a name, or it is used twice");
    positionals_refused(
        vec![plain("a"), plain("a")],
        "a: this is not a name, or it is used twice",
    );
    positionals_refused(
        vec![positional("a", ValueType::Flag)],
        "a: a positional cannot be a flag",
    );
    positionals_refused(
        vec![repeated("a", 2), plain("b")],
        "a: only the last positional may repeat",
    );
    positionals_refused(vec![repeated("a", 0)], "a: it may be given between 1 and 256 times");
    positionals_refused(
        vec![plain("a"), required("b")],
        "b: a required positional stands behind an optional one",
    );
    let mut fine = standard();
    fine.containers["planner"].scripts["deploy"].positionals = vec![required("a"), required("b"), repeated("c", 2)];
    load(&fine);
}
