//! Values that a type accepts, and a few that it nearly does.

use gatekeeper::compiled::{TextRule, ValueType};

use super::Random;

/// A pattern, what it means in plain code, and texts around it.
pub(crate) struct Pattern {
    pub(crate) text: &'static str,
    pub(crate) means: fn(&str) -> bool,
    pub(crate) examples: &'static [&'static str],
}

fn all(text: &str, means: fn(char) -> bool) -> bool {
    text.chars().all(means)
}

/// The patterns of generated allow-lists.
pub(crate) const PATTERNS: [Pattern; 8] = [
    Pattern {
        text: "[a-z]+",
        means: |text| !text.is_empty() && all(text, |c| c.is_ascii_lowercase()),
        examples: &["a", "main", "zz"],
    },
    Pattern {
        text: "main|ma",
        means: |text| text == "main" || text == "ma",
        examples: &["main", "ma"],
    },
    Pattern {
        text: r"\d{2,4}",
        means: |text| (2..=4).contains(&text.chars().count()) && all(text, |c| c.is_ascii_digit()),
        examples: &["12", "123", "1234"],
    },
    Pattern {
        text: "[A-Za-z0-9._-]{1,128}",
        means: |text| (1..=128).contains(&text.len()) && all(text, |c| c.is_ascii_alphanumeric() || "._-".contains(c)),
        examples: &["v1.2.3", "-x", "A_b"],
    },
    Pattern {
        text: "(?i)prod",
        means: |text| text.is_ascii() && text.to_lowercase() == "prod",
        examples: &["prod", "PROD", "Prod"],
    },
    Pattern {
        text: "a?=?b*",
        means: |text| {
            let text = text.strip_prefix('a').unwrap_or(text);
            let text = text.strip_prefix('=').unwrap_or(text);
            all(text, |c| c == 'b')
        },
        examples: &["a=b", "=bb", "", "a"],
    },
    Pattern {
        text: ".*",
        means: |text| !text.contains('\n'),
        examples: &["", "a b c", "\u{fc}ber", "-lock=false", "x=1 -lock=false"],
    },
    Pattern {
        text: r"-?\w+",
        means: |text| {
            let text = text.strip_prefix('-').unwrap_or(text);
            !text.is_empty() && all(text, |c| c.is_ascii_alphanumeric() || c == '_')
        },
        examples: &["-x", "word", "w_1"],
    },
];

/// A value that the type accepts.
pub(crate) fn valid_value(random: &mut Random, value: &ValueType) -> String {
    match value {
        ValueType::Flag => String::new(),
        ValueType::Choice { one_of } | ValueType::Repository { one_of, .. } => random.pick(one_of).clone(),
        ValueType::Commit => {
            let length = *random.pick(&[40, 64]);
            (0..length)
                .map(|_| char::from(*random.pick(b"0123456789abcdef")))
                .collect()
        }
        ValueType::Ref => (*random.pick(&["refs/heads/main", "refs/tags/v1.0", "refs/heads/a/b"])).to_owned(),
        ValueType::Path { within, allow_root } => path(random, within, *allow_root),
        ValueType::Integer { min, max } => {
            let near = [*min, *max, 0, 1, -1, 7];
            let near: Vec<i64> = near
                .into_iter()
                .filter(|number| (min..=max).contains(&number))
                .collect();
            random.pick(&near).to_string()
        }
        ValueType::Text(rule) => text(random, rule),
        ValueType::KeyValue { keys, value } => format!("{}={}", random.pick(keys), text(random, value)),
    }
}

fn path(random: &mut Random, within: &[String], allow_root: bool) -> String {
    if allow_root && random.percent(20) {
        return ".".to_owned();
    }
    if within.is_empty() {
        return (*random.pick(&["a", "a/b c/d", ".x/y", "a/-b"])).to_owned();
    }
    let paths: &[&str] = match random.pick(within).as_str() {
        "sandbox/**" => &["sandbox/a", "sandbox/a/b"],
        "prod/*/app" => &["prod/eu/app", "prod/u s/app"],
        "**/modules" => &["modules", "a/modules", "a/b/modules"],
        "a/**/z" => &["a/z", "a/b/z", "a/b/c/z"],
        _ => &["single"],
    };
    (*random.pick(paths)).to_owned()
}

/// A text that the rule accepts; if none of the examples is, the pattern's first.
fn text(random: &mut Random, rule: &TextRule) -> String {
    let pattern = rule.pattern.as_deref();
    let examples: Vec<&str> = PATTERNS
        .iter()
        .filter(|known| pattern.is_none_or(|pattern| known.text == pattern))
        .flat_map(|known| known.examples)
        .copied()
        .collect();
    let fits = |text: &&str| {
        text.chars().count() <= rule.max_length as usize
            && (rule.allow_empty || !text.is_empty())
            && (rule.allow_leading_dash || !text.starts_with('-'))
    };
    let fitting: Vec<&str> = examples.iter().copied().filter(fits).collect();
    (*random.pick(&fitting)).to_owned()
}
