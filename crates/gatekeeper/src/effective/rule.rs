//! Options and positionals: what their values may be, with every default filled in.

use crate::compiled::{OptionRule, PositionalRule, TextRule, ValueType};
use crate::source::{KeyValueText, Length, Located, OptionSource, PositionalSource, Repeats, TypeFields, TypeName};

use super::{listed, prose};

/// How often a repeatable argument may be given when nothing says otherwise.
const REPEATS: u32 = 32;
/// Most characters of a text when nothing says otherwise.
const LENGTH: u32 = 1024;

pub(crate) fn option(source: &OptionSource) -> OptionRule {
    let rule = &source.rule;
    OptionRule {
        description: prose(rule.description.as_ref()),
        required: is_true(rule.required.as_ref()),
        max_repeats: repeats(rule.repeatable.as_ref(), rule.max_repeats.as_ref()),
        value_optional: is_true(rule.value_optional.as_ref()),
        default: rule.default.as_ref().map(|default| default.value.0.clone()),
        value: value_type(&source.value),
    }
}

pub(crate) fn positional(source: &PositionalSource) -> PositionalRule {
    let rule = &source.rule;
    PositionalRule {
        name: rule.name.value.clone(),
        description: prose(rule.description.as_ref()),
        required: is_true(rule.required.as_ref()),
        max_repeats: repeats(rule.repeatable.as_ref(), rule.max_repeats.as_ref()),
        value: value_type(&source.value),
    }
}

fn is_true(field: Option<&Located<bool>>) -> bool {
    field.is_some_and(|field| field.value)
}

fn repeats(repeatable: Option<&Located<bool>>, most: Option<&Located<Repeats>>) -> u32 {
    if is_true(repeatable) {
        most.map_or(REPEATS, |most| most.value.0)
    } else {
        1
    }
}

/// What a value may be. The reader has made sure that the fields of the type are there.
pub(crate) fn value_type(source: &TypeFields) -> ValueType {
    let one_of = || listed(source.one_of.as_ref());
    let number = |field: Option<&Located<i64>>| field.map_or(0, |number| number.value);
    match source.r#type.value {
        TypeName::Flag => ValueType::Flag,
        TypeName::Choice => ValueType::Choice { one_of: one_of() },
        TypeName::Commit => ValueType::Commit,
        TypeName::Ref => ValueType::Ref,
        TypeName::Repository => ValueType::Repository {
            one_of: one_of(),
            protected_refs_as: source.protected_refs_as.as_ref().map(|name| name.value.clone()),
        },
        TypeName::Path => ValueType::Path {
            within: listed(source.within.as_ref()),
            allow_root: is_true(source.allow_root.as_ref()),
        },
        TypeName::Integer => ValueType::Integer {
            min: number(source.min.as_ref()),
            max: number(source.max.as_ref()),
        },
        TypeName::Text => ValueType::Text(text_rule(source)),
        TypeName::KeyValue => ValueType::KeyValue {
            keys: listed(source.keys.as_ref()),
            value: source.value.as_ref().map_or_else(no_text, key_value_text),
        },
    }
}

fn text_rule(source: &TypeFields) -> TextRule {
    TextRule {
        pattern: source.pattern.as_ref().map(|pattern| pattern.value.clone()),
        max_length: length(source.max_length.as_ref()),
        allow_empty: is_true(source.allow_empty.as_ref()),
        allow_leading_dash: is_true(source.allow_leading_dash.as_ref()),
    }
}

pub(crate) fn key_value_text(source: &KeyValueText) -> TextRule {
    TextRule {
        pattern: source.pattern.as_ref().map(|pattern| pattern.value.clone()),
        max_length: length(source.max_length.as_ref()),
        allow_empty: is_true(source.allow_empty.as_ref()),
        allow_leading_dash: is_true(source.allow_leading_dash.as_ref()),
    }
}

/// Accepts nothing: what a `key_value` without its `value` would be if the reader let it through.
fn no_text() -> TextRule {
    TextRule {
        pattern: None,
        max_length: 0,
        allow_empty: false,
        allow_leading_dash: false,
    }
}

fn length(field: Option<&Located<Length>>) -> u32 {
    field.map_or(LENGTH, |length| length.value.0)
}
