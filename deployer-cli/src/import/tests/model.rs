//! The other system's rules, in as few lines as they take, in their strictest reading: a pattern must match the whole value, over Unicode,
//! and an option without a value is one that is listed as such.
//!
//! Judges what reaches the script, not what the caller typed.

use regex::Regex;
use serde_json::Value;

/// Whether the rules let these words reach the script, and why not.
pub(super) fn judge(config: &Value, args: &[String]) -> Result<(), String> {
    let mut rest = fixed_words_removed(config, args)?.into_iter().peekable();
    while let Some(word) = rest.next() {
        if !word.starts_with("--") {
            let allowed = config["allow_positional_args"] == true;
            return if allowed {
                Ok(())
            } else {
                Err(format!("the positional {word}"))
            };
        }
        if listed(config, "restricted_options", &word) {
            return Err(format!("{word} is restricted"));
        }
        if listed(config, "allowed_options_without_args", &word) {
            continue;
        }
        let allowed = config["allowed_options"].is_null() || listed(config, "allowed_options", &word);
        if !allowed {
            return Err(format!("{word} is not allowed"));
        }
        let value = rest.next().ok_or_else(|| format!("{word} without a value"))?;
        for pattern in patterns(config, &word) {
            let whole = Regex::new(&format!("^(?:{pattern})$")).map_err(|error| error.to_string())?;
            if !spellings(&value).iter().any(|spelling| whole.is_match(spelling)) {
                return Err(format!("{word} {value} does not match {pattern}"));
            }
        }
    }
    Ok(())
}

/// Everything that is always passed must be there; it says nothing about the caller.
fn fixed_words_removed(config: &Value, args: &[String]) -> Result<Vec<String>, String> {
    let mut rest = args.to_vec();
    let mut remove = |wanted: &[String]| {
        let at = rest.windows(wanted.len()).position(|words| words == wanted);
        let at = at.ok_or_else(|| format!("the fixed {wanted:?} is missing in {args:?}"))?;
        rest.drain(at..at + wanted.len());
        Ok::<_, String>(())
    };
    for (key, values) in config["hardcoded_options"].as_object().into_iter().flatten() {
        let values = values.as_array().expect("a list");
        if values.is_empty() {
            remove(&[dashed(key)])?;
        }
        for value in values {
            remove(&[dashed(key), value.as_str().expect("a text").to_owned()])?;
        }
    }
    for word in config["hardcoded_args"].as_array().into_iter().flatten() {
        remove(&[word.as_str().expect("a text").to_owned()])?;
    }
    Ok(rest)
}

fn dashed(key: &str) -> String {
    if key.starts_with('-') {
        key.to_owned()
    } else {
        format!("--{key}")
    }
}

fn listed(config: &Value, field: &str, name: &str) -> bool {
    let names = config[field].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).any(|listed| dashed(listed) == name)
}

fn patterns<'a>(config: &'a Value, name: &str) -> Vec<&'a str> {
    let patterns = config["restricted_options_regex"].as_object().into_iter().flatten();
    let patterns = patterns.filter(|(key, _)| dashed(key) == name);
    patterns.filter_map(|(_, pattern)| pattern.as_str()).collect()
}

/// A repository over SSH has two spellings; callers wrote the short one.
fn spellings(value: &str) -> Vec<String> {
    let short = value.strip_prefix("ssh://").and_then(|rest| rest.split_once('/'));
    let short = short.map(|(authority, path)| format!("{authority}:{path}"));
    [value.to_owned()].into_iter().chain(short).collect()
}

#[test]
fn the_model_itself_says_no_where_it_must() {
    let config = serde_json::json!({
        "hardcoded_options": {"fixed": ["a"]}, "hardcoded_args": ["--last"], "allowed_options": ["--a", "b"],
        "allowed_options_without_args": ["--flag"], "restricted_options": ["--b"],
        "restricted_options_regex": {"a": "x+"},
    });
    let judged = |line: &str| judge(&config, &line.split(' ').map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(judged("--fixed a --last --a xx --flag"), Ok(()));
    for (line, reason) in [
        ("--last --a xx", "fixed"),
        ("--fixed a --a xx", "missing"),
        ("--fixed a --last --a xy", "does not match"),
        ("--fixed a --last --a", "without a value"),
        ("--fixed a --last --b x", "restricted"),
        ("--fixed a --last --c x", "not allowed"),
        ("--fixed a --last --flag x", "positional"),
    ] {
        assert!(judged(line).unwrap_err().contains(reason), "{line}");
    }
}
