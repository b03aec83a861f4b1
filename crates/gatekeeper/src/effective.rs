//! What the file's settings come to, with every default filled in: what the linter judges and the compiler writes.
//!
//! Never judges, never reads YAML.

mod rule;
mod task;

pub(crate) use rule::{key_value_text, option, positional, value_type};
pub(crate) use task::effective_task;

use crate::source::{List, Located, Prose, Text};

/// The texts of a list.
pub(crate) fn texts(list: &List<Text>) -> Vec<String> {
    list.items.iter().map(|text| text.value.clone()).collect()
}

/// The texts of a list; none when there is no list.
pub(crate) fn listed(list: Option<&List<Text>>) -> Vec<String> {
    list.map(texts).unwrap_or_default()
}

/// A description; empty when there is none.
pub(crate) fn prose(text: Option<&Located<Prose>>) -> String {
    text.map(|text| text.value.0.clone()).unwrap_or_default()
}
