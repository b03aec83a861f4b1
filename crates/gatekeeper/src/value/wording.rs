//! What a type accepts, in one line, for denials, catalogues and editors.

use crate::compiled::{TextRule, ValueType};

/// Most words of a list that are shown.
const MAX_LISTED: usize = 12;

/// The type's name in the allow-list.
pub const fn type_name(value: &ValueType) -> &'static str {
    match value {
        ValueType::Flag => "flag",
        ValueType::Choice { .. } => "choice",
        ValueType::Commit => "commit",
        ValueType::Ref => "ref",
        ValueType::Repository { .. } => "repository",
        ValueType::Path { .. } => "path",
        ValueType::Integer { .. } => "integer",
        ValueType::Text(_) => "text",
        ValueType::KeyValue { .. } => "key_value",
    }
}

/// What the type accepts.
pub fn accepts(value: &ValueType) -> String {
    match value {
        ValueType::Flag => "no value".to_owned(),
        ValueType::Choice { one_of } => format!("one of: {}", some_of(one_of)),
        ValueType::Commit => "a full commit id of 40 or 64 lower-case hexadecimal digits".to_owned(),
        ValueType::Ref => "a full ref name, such as `refs/heads/main`".to_owned(),
        ValueType::Repository { one_of, .. } => format!("a repository by its alias, one of: {}", some_of(one_of)),
        ValueType::Path { within, allow_root } => path(within, *allow_root),
        ValueType::Integer { min, max } => format!("an integer from {min} to {max}"),
        ValueType::Text(rule) => text(rule),
        ValueType::KeyValue { keys, value } => format!(
            "key=value, with the key one of: {}; value: {}",
            some_of(keys),
            text(value)
        ),
    }
}

/// The first words of a list, and how many more there are.
pub(crate) fn some_of(words: &[impl AsRef<str>]) -> String {
    let mut line = String::new();
    for word in words.iter().take(MAX_LISTED) {
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(word.as_ref());
    }
    match words.len().checked_sub(MAX_LISTED) {
        Some(more) if more > 0 => format!("{line} and {more} more"),
        Some(_) | None => line,
    }
}

fn path(within: &[String], allow_root: bool) -> String {
    let root = if allow_root { ", or `.`" } else { "" };
    if within.is_empty() {
        format!("a relative path inside the checkout{root}")
    } else {
        format!(
            "a relative path inside the checkout that matches one of: {}{root}",
            some_of(within)
        )
    }
}

fn text(rule: &TextRule) -> String {
    let length = format!("text of at most {} characters", rule.max_length);
    let pattern = rule
        .pattern
        .as_ref()
        .map(|pattern| format!(" that matches `{pattern}` as a whole"));
    let empty = if rule.allow_empty { ", or empty" } else { "" };
    format!("{length}{}{empty}", pattern.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut_and_says_how_much_more_there_is() {
        let words = |count: usize| (1..=count).map(|number| format!("w{number}")).collect::<Vec<_>>();
        assert_eq!(some_of(&words(0)), "");
        assert_eq!(some_of(&words(2)), "w1, w2");
        let whole = words(MAX_LISTED).join(", ");
        assert_eq!(some_of(&words(MAX_LISTED)), whole);
        assert_eq!(some_of(&words(MAX_LISTED + 3)), format!("{whole} and 3 more"));
    }
}
