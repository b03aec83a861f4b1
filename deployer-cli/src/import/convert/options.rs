//! The options that callers may give: each needs a type, and what has none keeps the limits that it had.

use std::collections::{BTreeMap, BTreeSet};

use super::repository::Aliases;
use crate::import::configuration;
use crate::import::draft::{Script, Value};
use crate::import::pattern::{self, Reading};
use crate::import::remark::Remarks;

/// The option that names the repository in the standard scripts.
const REPOSITORY: &str = "--repo";
/// The option that names what is checked out in the standard scripts.
const REFERENCE: &str = "--ref";

/// The name with its dashes; keys of maps are often written without.
pub(super) fn name_of(key: &str) -> String {
    if key.starts_with('-') {
        key.to_owned()
    } else {
        format!("--{key}")
    }
}

/// Programs that take `-var` often take `--var` for the same.
fn bare(name: &str) -> &str {
    name.trim_start_matches('-')
}

pub(super) fn convert(
    path: &str,
    config: &configuration::Script,
    script: &mut Script,
    aliases: &mut Aliases,
    remarks: &mut Remarks,
) {
    if config.allowed_options.is_none() {
        any_option(path, config, remarks);
    }
    let rules = Rules::of(config);
    let forbidden: BTreeSet<_> = config.restricted_options.iter().map(|name| bare(name)).collect();
    let fixed: BTreeSet<_> = script.fixed_options.keys().map(|name| bare(name).to_owned()).collect();
    let names = rules.flags.union(&rules.valued);
    let mut any_text = Vec::new();
    for name in names.filter(|name| !forbidden.contains(bare(name))) {
        let mut remarks = At {
            path: format!("{path}.options.{name}"),
            remarks,
        };
        if fixed.contains(bare(name)) {
            remarks.stricter(
                "it is always passed, so callers cannot give it a second time",
                "remove it from `fixed_options` if callers have to choose",
            );
        } else if let Some(value) = rules.value_of(name, aliases, &mut remarks) {
            if value == (Value::Text { pattern: None }) {
                any_text.push(format!("`{name}`"));
            }
            script.options.insert(name.clone(), value);
        }
    }
    if !any_text.is_empty() {
        remarks.decide(
            path,
            format!("these options take any text, as before: {}", any_text.join(", ")),
            "give each its type, such as `path`, `choice`, `integer` or `text` with a `pattern`",
        );
    }
}

/// What the configuration says of options, by their full names.
struct Rules<'a> {
    flags: BTreeSet<String>,
    valued: BTreeSet<String>,
    /// Two keys can mean the same option.
    patterns: BTreeMap<String, Vec<&'a str>>,
}

impl<'a> Rules<'a> {
    fn of(config: &'a configuration::Script) -> Self {
        let mut patterns: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (key, pattern) in &config.restricted_options_regex {
            patterns.entry(name_of(key)).or_default().push(pattern);
        }
        let valued = match &config.allowed_options {
            Some(names) => names.iter().map(|name| name_of(name)).collect(),
            None => patterns.keys().cloned().collect(),
        };
        let flags = config.allowed_options_without_args.iter();
        Self {
            flags: flags.map(|name| name_of(name)).collect(),
            valued,
            patterns,
        }
    }

    fn value_of(&self, name: &str, aliases: &mut Aliases, remarks: &mut At<'_>) -> Option<Value> {
        let patterns = self.patterns.get(name).map(Vec::as_slice).unwrap_or_default();
        match (self.flags.contains(name), patterns) {
            (true, []) => {
                if self.valued.contains(name) {
                    remarks.stricter(
                        "it was allowed with a value too, and is a flag now",
                        "give it a type with a value, or `value_optional`",
                    );
                }
                Some(Value::Flag)
            }
            (true, _) => {
                remarks.left_out(
                    "it takes no value, but has a pattern for values",
                    "declare it as a flag or with a type",
                );
                None
            }
            (false, []) => without_pattern(name, remarks),
            (false, [one]) => with_pattern(name, one, aliases, remarks),
            (false, _) => {
                remarks.left_out("it has several patterns", "declare it with the one that counts");
                None
            }
        }
    }
}

fn any_option(path: &str, config: &configuration::Script, remarks: &mut Remarks) {
    let message = if config.restricted_options.is_empty() {
        "callers could give any option".to_owned()
    } else {
        let but: Vec<_> = config
            .restricted_options
            .iter()
            .map(|name| format!("`{}`", name.0))
            .collect();
        format!("callers could give any option but {}", but.join(", "))
    };
    let help = "declare under `options` those that your pipelines pass; there is no deny-list";
    remarks.left_out(path, message, help);
}

fn without_pattern(name: &str, remarks: &mut At<'_>) -> Option<Value> {
    match name {
        REPOSITORY => {
            remarks.left_out(
                "callers could name any address",
                "list the repositories at the top of the file and declare it with `type: repository`",
            );
            None
        }
        REFERENCE => {
            remarks.stricter(
                "it takes a full object id; a branch may move between the review and the run",
                "let pipelines pass the commit, such as `--ref=$(git rev-parse HEAD)`",
            );
            Some(Value::Commit)
        }
        _ => Some(Value::Text { pattern: None }),
    }
}

fn with_pattern(name: &str, original: &str, aliases: &mut Aliases, remarks: &mut At<'_>) -> Option<Value> {
    match pattern::read(original) {
        Err(reason) => {
            remarks.left_out(
                format!("its pattern `{original}` is not taken over: {reason}"),
                "write a `pattern` for the whole value in the syntax of Rust's regex crate",
            );
            None
        }
        Ok(Reading::Words(words)) if name == REPOSITORY => Some(repositories(words, aliases, remarks)),
        Ok(Reading::Words(words)) => {
            remarks.stricter(
                format!("its pattern `{original}` has become the list of the words that it matches as a whole"),
                "add what is missing to `one_of`",
            );
            Some(Value::Choice { one_of: words })
        }
        Ok(Reading::Pattern(_)) if name == REPOSITORY => {
            remarks.left_out(
                format!("callers could name every address that `{original}` matches"),
                "list the repositories at the top of the file and declare it with `type: repository`",
            );
            None
        }
        Ok(Reading::Pattern(pattern)) => {
            remarks.stricter(
                format!("its pattern `{original}` matches the whole value, in printable ASCII only"),
                "look at it with `infrastructure-deployer check`, which names what it matches beyond what was meant",
            );
            Some(Value::Text { pattern: Some(pattern) })
        }
    }
}

/// Words of which one is no address stay words.
fn repositories(words: Vec<String>, aliases: &mut Aliases, remarks: &mut At<'_>) -> Value {
    let Some(aliases) = aliases.of_all(&words) else {
        remarks.decide(
            "not all words of its pattern are addresses of repositories",
            "declare it with `type: repository` if it names one",
        );
        return Value::Choice { one_of: words };
    };
    remarks.stricter(
        format!(
            "callers name a repository by its alias instead of its address: {}",
            aliases.join(", ")
        ),
        "let pipelines pass the alias",
    );
    Value::Repository { aliases }
}

/// Remarks about one option.
struct At<'a> {
    path: String,
    remarks: &'a mut Remarks,
}

impl At<'_> {
    fn left_out(&mut self, message: impl Into<String>, help: &str) {
        self.remarks.left_out(&self.path, message, help);
    }

    fn decide(&mut self, message: impl Into<String>, help: &str) {
        self.remarks.decide(&self.path, message, help);
    }

    fn stricter(&mut self, message: impl Into<String>, help: &str) {
        self.remarks.stricter(&self.path, message, help);
    }
}
