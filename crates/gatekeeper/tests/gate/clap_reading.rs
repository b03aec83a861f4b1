//! What a script's own parser reads from the canonical arguments equals what the gate understood.
//!
//! The parser is clap, built from the compiled allow-list as an author of the script would build it.

use std::sync::atomic::{AtomicUsize, Ordering};

use clap::builder::{PossibleValuesParser, RangedI64ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use gatekeeper::compiled::{Compiled, OptionRule, PositionalRule, Script, ValueType};
use gatekeeper::{AllowList, Understood, Value, understand};
use protocol::RunRequest;

use crate::generate::{Random, attacked, count, in_parallel, list, valid_request};
use crate::lists::load;

const BATCH: usize = 250;
/// Stands for a value that was left out. No argument can contain it.
const ABSENT: &str = "\u{1}";

fn parser(compiled: &Compiled, script: &Script) -> Command {
    let mut command = Command::new("script")
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true);
    for (name, values) in &script.fixed_options {
        let kind = if values.is_empty() { ValueType::Flag } else { any_text() };
        command = command.arg(option(compiled, name, &crate::lists::option(kind)));
    }
    for (name, rule) in &script.options {
        command = command.arg(option(compiled, name, rule));
    }
    for carrier in carriers(script) {
        command = command.arg(option(compiled, carrier, &crate::lists::option(ValueType::Ref)));
    }
    for place in 0..script.fixed_positionals.len() {
        command = command.arg(Arg::new(format!("fixed{place}")));
    }
    for rule in &script.positionals {
        command = command.arg(positional(compiled, rule));
    }
    command
}

fn any_text() -> ValueType {
    ValueType::Text(crate::lists::any_text(4_096))
}

fn carriers(script: &Script) -> impl Iterator<Item = &String> {
    let types = script.options.values().map(|rule| &rule.value);
    let types = types.chain(script.positionals.iter().map(|rule| &rule.value));
    types.filter_map(|value| {
        let ValueType::Repository { protected_refs_as, .. } = value else {
            return None;
        };
        protected_refs_as.as_ref()
    })
}

fn option(compiled: &Compiled, name: &str, rule: &OptionRule) -> Arg {
    let arg = Arg::new(name.to_owned()).long(name.trim_start_matches('-').to_owned());
    if rule.value == ValueType::Flag {
        return arg.action(ArgAction::Count);
    }
    let arg = typed(compiled, arg.action(ArgAction::Append), &rule.value);
    if rule.value_optional {
        arg.num_args(0..=1).require_equals(true).default_missing_value(ABSENT)
    } else {
        arg.num_args(1)
    }
}

fn positional(compiled: &Compiled, rule: &PositionalRule) -> Arg {
    let arg = typed(compiled, Arg::new(rule.name.clone()), &rule.value);
    if rule.max_repeats == 1 {
        arg.action(ArgAction::Set)
    } else {
        arg.action(ArgAction::Append).num_args(1..=rule.max_repeats as usize)
    }
}

/// The type as clap knows it. Values that may be absent stay text.
fn typed(compiled: &Compiled, arg: Arg, value: &ValueType) -> Arg {
    match value {
        ValueType::Choice { one_of } => {
            let absent = std::iter::once(ABSENT.to_owned());
            arg.value_parser(PossibleValuesParser::new(one_of.iter().cloned().chain(absent)))
        }
        ValueType::Repository { one_of, .. } => {
            let urls = one_of.iter().map(|alias| compiled.repositories[alias].url.clone());
            arg.value_parser(PossibleValuesParser::new(urls))
        }
        ValueType::Integer { min, .. } => arg.allow_negative_numbers(*min < 0),
        ValueType::Text(rule) => arg.allow_hyphen_values(rule.allow_leading_dash),
        ValueType::Flag | ValueType::Commit | ValueType::Ref | ValueType::Path { .. } | ValueType::KeyValue { .. } => {
            arg
        }
    }
}

fn texts(matches: &ArgMatches, id: &str) -> Vec<String> {
    matches.get_many::<String>(id).into_iter().flatten().cloned().collect()
}

#[track_caller]
fn same_reading(script: &Script, understood: &Understood<'_>, matches: &ArgMatches) {
    for (name, values) in &script.fixed_options {
        if values.is_empty() {
            assert_eq!(matches.get_count(name), 1, "{name}");
        } else {
            assert_eq!(texts(matches, name), *values, "{name}");
        }
    }
    let mut refs = Vec::new();
    for (name, rule) in &script.options {
        let given: Vec<Value<'_>> = understood
            .options()
            .filter(|(given, _)| given == name)
            .map(|(_, value)| value)
            .collect();
        refs.extend(given.iter().filter_map(|value| handed_on(&rule.value, value)));
        if rule.value == ValueType::Flag {
            assert_eq!(usize::from(matches.get_count(name)), given.len(), "{name}");
        } else {
            let expected: Vec<&str> = given.iter().map(|value| value.emitted().unwrap_or(ABSENT)).collect();
            assert_eq!(texts(matches, name), expected, "{name}");
            same_numbers(&rule.value, &expected);
        }
    }
    let mut words = understood.positionals();
    for (place, value) in script.fixed_positionals.iter().enumerate() {
        assert_eq!(texts(matches, &format!("fixed{place}")), [value.as_str()]);
    }
    for rule in &script.positionals {
        for word in texts(matches, &rule.name) {
            let value = words.next().unwrap();
            refs.extend(handed_on(&rule.value, &value));
            assert_eq!(value.emitted(), Some(word.as_str()), "{}", rule.name);
            same_numbers(&rule.value, &[&word]);
        }
    }
    assert_eq!(words.next(), None, "the parser read fewer positionals");
    for carrier in carriers(script) {
        assert_eq!(texts(matches, carrier), refs.concat(), "{carrier}");
    }
}

/// The protected refs that reach the script for a value of this type.
fn handed_on(kind: &ValueType, value: &Value<'_>) -> Option<Vec<String>> {
    match (kind, value) {
        (
            ValueType::Repository {
                protected_refs_as: Some(_),
                ..
            },
            Value::Repository { repository, .. },
        ) => Some(repository.protected_refs.clone()),
        (_, Value::Absent | Value::Text(_) | Value::Repository { .. }) => None,
    }
}

/// The numbers are also numbers for clap, within the bounds that the allow-list names.
#[track_caller]
fn same_numbers(value: &ValueType, texts: &[&str]) {
    let ValueType::Integer { min, max } = value else { return };
    let arg = Arg::new("n")
        .value_parser(RangedI64ValueParser::<i64>::new().range(*min..=*max))
        .allow_negative_numbers(true);
    let mut command = Command::new("number").no_binary_name(true).arg(arg);
    for text in texts.iter().filter(|text| **text != ABSENT) {
        let matches = command.try_get_matches_from_mut([text]).unwrap();
        assert_eq!(matches.get_one::<i64>("n").unwrap().to_string(), **text);
    }
}

/// Whether the request was permitted, and so compared.
fn compare(compiled: &Compiled, list: &AllowList, request: &RunRequest, seed: u64) -> bool {
    let Ok(understood) = understand(list, request) else {
        return false;
    };
    let name = request
        .container
        .as_ref()
        .or(compiled.default_container.as_ref())
        .unwrap();
    let script = &compiled.containers[name].scripts[&request.script];
    match parser(compiled, script).try_get_matches_from(understood.args()) {
        Ok(matches) => same_reading(script, &understood, &matches),
        Err(error) => panic!(
            "batch {seed}: clap refuses {:?}: {error}\n{script:#?}",
            understood.args()
        ),
    }
    true
}

#[test]
fn clap_reads_from_the_canonical_arguments_what_the_gate_understood_in_a_hundred_thousand_cases() {
    let cases = count("GATE_CLAP_CASES", 100_000);
    let compared = AtomicUsize::new(0);
    // About one attack in four leaves a request that is permitted; only those can be compared.
    in_parallel(cases, BATCH, |random: &mut Random| {
        let compiled = list(random);
        let loaded = load(&compiled);
        let mut left = BATCH;
        for attempt in 0.. {
            if left == 0 {
                break;
            }
            assert!(
                attempt < 20 * BATCH,
                "batch {}: hardly a request is permitted",
                random.seed()
            );
            let request = valid_request(random, &compiled);
            let request = if random.percent(50) {
                request
            } else {
                attacked(random, request)
            };
            left -= usize::from(compare(&compiled, &loaded, &request, random.seed()));
        }
        compared.fetch_add(BATCH, Ordering::Relaxed);
    });
    assert!(compared.into_inner() >= cases);
}
