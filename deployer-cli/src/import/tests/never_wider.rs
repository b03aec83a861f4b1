//! Whatever an imported allow-list permits, the configuration that it came from permitted too.

use std::cell::Cell;

use gatekeeper::{AllowList, Decision, decide};
use proptest::prelude::*;
use protocol::RunRequest;
use serde_json::{Map, Value, json};

use super::super::import_text;
use super::model::judge;
use crate::check::Checked;

const NAMES: [&str; 12] = [
    "--ref", "--repo", "--a", "--b", "c", "a", "repo", "-a", "--d.e", "--Upper", "--flag", "flag",
];
/// Pieces of patterns: what is common, and what dialects read differently.
const PIECES: [&str; 34] = [
    "a",
    "b",
    ".",
    "-",
    "é",
    "plan",
    "main",
    "https://h.example/x",
    "git@h.example:o/r.git",
    r"\.",
    r"\d",
    r"\w",
    r"\W",
    r"\D",
    r"\s",
    r"\S",
    "[^a]",
    "[a-c]",
    "[.]",
    r"[\w-]",
    r"[^\d]",
    "^",
    "$",
    "|",
    "(",
    ")",
    "*",
    "+",
    "?",
    "{2}",
    "{,2}",
    "(?i)",
    r"\b",
    "(?:",
];
const VALUES: [&str; 24] = [
    "a",
    "b",
    "ab",
    "aa",
    "é",
    "éa",
    "аb",
    "A",
    "K",
    "\u{212a}",
    "-a",
    "--b",
    "plan",
    "main",
    "x y",
    "1",
    "٣",
    "a.b",
    "https://h.example/x",
    "git@h.example:o/r.git",
    "r",
    "x",
    "0123456789012345678901234567890123456789",
    "",
];

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(&NAMES[..]).prop_map(str::to_owned)
}

fn names() -> impl Strategy<Value = Value> {
    prop::collection::vec(name(), 0..6).prop_map(Value::from)
}

fn text_pattern() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 1..6).prop_map(|pieces| pieces.concat())
}

fn fixed() -> impl Strategy<Value = Value> {
    let values = prop::collection::vec(prop::sample::select(&["x", "y", "-z"][..]), 0..3);
    prop::collection::btree_map(prop::sample::select(&["fixed", "--a", "-f", "c"][..]), values, 0..3)
        .prop_map(|map| json!(map))
}

fn config() -> impl Strategy<Value = Value> {
    (
        fixed(),
        prop::collection::vec(prop::sample::select(&["--last", "word", "-l", "--x=y"][..]), 0..3),
        any::<bool>(),
        prop::option::weighted(0.8, names()),
        names(),
        prop::option::of(prop::collection::vec(name(), 0..3)),
        prop::collection::btree_map(name(), text_pattern(), 0..5),
    )
        .prop_map(|(fixed, last, positionals, allowed, flags, restricted, patterns)| {
            json!({
                "hardcoded_options": fixed, "hardcoded_args": last, "allow_positional_args": positionals,
                "allowed_options": allowed, "allowed_options_without_args": flags,
                "restricted_options": restricted, "restricted_options_regex": patterns,
            })
        })
}

fn requests() -> impl Strategy<Value = Vec<Vec<String>>> {
    let value = prop_oneof![
        prop::sample::select(&VALUES[..]).prop_map(str::to_owned),
        text_pattern(),
        "[a-cé.1 -]{0,4}",
    ];
    let word = (name(), value).prop_map(|(name, value)| match value.len() % 3 {
        0 => vec![format!("--{}={value}", name.trim_start_matches('-'))],
        1 => vec![format!("--{}", name.trim_start_matches('-')), value],
        _ => vec![name],
    });
    let line = prop::collection::vec(word, 0..4).prop_map(|words| words.concat());
    prop::collection::vec(line, 1..24)
}

thread_local! {
    /// How many requests were permitted: a property about nothing would hold too.
    static PERMITTED: Cell<usize> = const { Cell::new(0) };
}

fn compare(config: &Value, requests: &[Vec<String>]) -> Result<(), TestCaseError> {
    let mut scripts = Map::new();
    scripts.insert("s".to_owned(), config.clone());
    let text = json!({"c": {"docker_image": "i", "docker_tag": "1", "script_config": scripts}}).to_string();
    let imported = import_text("x.json", &text).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let Some(allow_list) = imported.allow_list else {
        return Ok(());
    };
    let compiled = Checked::of("x.yaml", allow_list.yaml.clone()).compiled;
    let list = AllowList::load(&compiled.expect("it passes").canonical_bytes()).expect("a gate loads it");
    for args in requests {
        let request = RunRequest {
            container: Some("c".to_owned()),
            script: "s".to_owned(),
            args: args.clone(),
            ..RunRequest::default()
        };
        if let Decision::Permitted(permit) = decide(&list, &request) {
            PERMITTED.set(PERMITTED.get() + 1);
            let verdict = judge(config, permit.args());
            prop_assert!(
                verdict.is_ok(),
                "{args:?} → {:?}: {verdict:?}\n{config:#}\n{}",
                permit.args(),
                allow_list.yaml
            );
        }
    }
    Ok(())
}

#[test]
fn what_an_imported_allow_list_permits_was_permitted_before() {
    PERMITTED.set(0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&(config(), requests()), |(config, requests)| {
        compare(&config, &requests)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(
        PERMITTED.get() > 500,
        "only {} requests were permitted",
        PERMITTED.get()
    );
}

#[test]
fn a_pattern_that_was_taken_over_matches_nothing_that_the_original_does_not() {
    PERMITTED.set(0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 3_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let requests: Vec<_> = VALUES.map(|value| vec![format!("--a={value}")]).into();
    let outcome = runner.run(&text_pattern(), |pattern| {
        let config = json!({"allowed_options": ["--a"], "restricted_options_regex": {"a": pattern}});
        compare(&config, &requests)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(PERMITTED.get() > 500, "only {} values were permitted", PERMITTED.get());
}

#[test]
fn the_standard_configuration_is_not_widened_either() {
    let root: Value = serde_json::from_str(super::STANDARD).expect("JSON");
    let config = &root["container_images"]["value"]["docker-image-builder"]["script_config"]["build-docker-image"];
    let tags = [
        "r.example/x:v1",
        "r.example/x:v1.2",
        "r.example/é:v1",
        "x:v٣",
        "x:y:v1",
        ":v1",
        "x:latest",
    ];
    let requests: Vec<_> = tags.map(|tag| vec![format!("--docker-image-tag={tag}")]).into();
    PERMITTED.set(0);
    compare(config, &requests).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(PERMITTED.get(), 2);
}
