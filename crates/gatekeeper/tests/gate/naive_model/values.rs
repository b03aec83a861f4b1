//! Values, type by type, in plain code. Patterns are the few of the generator, each with its meaning written out there.

use std::sync::LazyLock;

use gatekeeper::compiled::{TextRule, ValueType};
use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use super::paths;
use crate::generate::PATTERNS;

pub(super) enum Judgement {
    Good,
    Bad,
    Unsafe,
}

static INVISIBLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\x{2800}\x{FFFC}\x{FFFD}]|[\p{Zs}--\x20]|\A\p{M}")
        .unwrap()
});

fn is_unsafe(text: &str, longest: usize) -> bool {
    if text.chars().count() > longest {
        return true;
    }
    if text.chars().all(|character| (' '..='~').contains(&character)) {
        return false;
    }
    INVISIBLE.is_match(text) || text.nfc().collect::<String>() != text
}

pub(super) fn is_unsafe_word(text: &str) -> bool {
    is_unsafe(text, 8_192)
}

pub(super) fn may_begin_with_dash(kind: &ValueType) -> bool {
    match kind {
        ValueType::Integer { min, .. } => *min < 0,
        ValueType::Text(rule) => rule.allow_leading_dash,
        ValueType::Flag
        | ValueType::Choice { .. }
        | ValueType::Commit
        | ValueType::Ref
        | ValueType::Repository { .. }
        | ValueType::Path { .. }
        | ValueType::KeyValue { .. } => false,
    }
}

pub(super) fn is_dashed_text(kind: &ValueType) -> bool {
    matches!(kind, ValueType::Text(rule) if rule.allow_leading_dash)
}

pub(super) fn judge(kind: &ValueType, value: &str) -> Judgement {
    if is_unsafe(value, 4_096) {
        return Judgement::Unsafe;
    }
    let good = match kind {
        ValueType::Flag => false,
        ValueType::Choice { one_of } | ValueType::Repository { one_of, .. } => one_of.iter().any(|word| word == value),
        ValueType::Commit => {
            (value.len() == 40 || value.len() == 64) && value.chars().all(|c| "0123456789abcdef".contains(c))
        }
        ValueType::Ref => is_ref(value),
        ValueType::Path { within, allow_root } => paths::is_accepted(value, within, *allow_root),
        ValueType::Integer { min, max } => {
            let number: Option<i64> = value.parse().ok();
            number.is_some_and(|number| number.to_string() == value && number >= *min && number <= *max)
        }
        ValueType::Text(rule) => is_text(rule, value),
        ValueType::KeyValue { keys, value: rule } => match value.split_once('=') {
            Some((key, rest)) if keys.iter().any(|known| known == key) => {
                if is_unsafe(rest, 4_096) {
                    return Judgement::Unsafe;
                }
                is_text(rule, rest)
            }
            _ => false,
        },
    };
    if good { Judgement::Good } else { Judgement::Bad }
}

fn is_text(rule: &TextRule, value: &str) -> bool {
    let means = |pattern: &String| {
        let known = PATTERNS.iter().find(|known| known.text == pattern);
        (known.expect("a pattern of the generator").means)(value)
    };
    (rule.allow_empty || !value.is_empty())
        && (rule.allow_leading_dash || !value.starts_with('-'))
        && value != "--"
        && value.chars().count() <= rule.max_length as usize
        && rule.pattern.as_ref().is_none_or(means)
}

fn is_ref(value: &str) -> bool {
    let parts: Vec<&str> = value.split('/').collect();
    let good_part = |part: &&str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.starts_with('-')
            && part.strip_suffix(".lock").is_none()
            && !part.contains("..")
    };
    parts.len() >= 3
        && parts[0] == "refs"
        && parts.iter().all(good_part)
        && value.len() <= 255
        && !value.ends_with('.')
        && !value.contains("@{")
        && !value.chars().any(|character| " ~^:?*[\\".contains(character))
}
