//! What values may be: types that nothing can satisfy, and lists with words that none can be.

use crate::compiled::ValueType;
use crate::effective::{key_value_text, value_type};
use crate::source::{Mark, Source, TypeFields, TypeName};
use crate::value::{Checker, TypeError};

use super::pattern::{Place, Position};
use super::report::Report;
use super::{glob, item, name, pattern};

/// Checks a type; the checker is there when the type is usable.
pub(super) fn check(source: &Source, fields: &TypeFields, report: &mut Report) -> Option<Checker> {
    report.at("one_of", |report| item::no_duplicates(fields.one_of.as_ref(), report));
    report.at("keys", |report| item::no_duplicates(fields.keys.as_ref(), report));
    report.at("within", |report| item::no_duplicates(fields.within.as_ref(), report));
    glob::check(fields.within.as_ref(), report);
    if fields.r#type.value == TypeName::Repository {
        repositories(source, fields, report);
    }
    let checker = usable(fields, report)?;
    text(fields, report);
    Some(checker)
}

fn repositories(source: &Source, fields: &TypeFields, report: &mut Report) {
    let aliases = fields.one_of.iter().flat_map(|list| &list.items).enumerate();
    for (index, alias) in aliases {
        report.at(&format!("one_of[{index}]"), |report| {
            name::known(
                alias,
                source.repositories.names(),
                "repository",
                "unknown-repository",
                report,
            );
        });
    }
}

fn usable(fields: &TypeFields, report: &mut Report) -> Option<Checker> {
    match Checker::new(&value_type(fields)) {
        Ok(checker) => Some(checker),
        Err(error) => {
            let (field, code, help) = blame(&error, fields.r#type.value);
            let mark = place(fields, field);
            report.at(field, |report| report.error(code, mark, error.to_string(), help));
            None
        }
    }
}

/// The field that makes a type unusable.
fn blame(error: &TypeError, name: TypeName) -> (&'static str, &'static str, &'static str) {
    let list = if name == TypeName::KeyValue { "keys" } else { "one_of" };
    match error {
        TypeError::NothingListed => (list, "empty-list", "no caller can satisfy it: list at least one word"),
        TypeError::ListedWord { .. } => (list, "impossible-word", "remove it, or write it as callers can"),
        TypeError::Key(_) => (list, "impossible-word", "write the key without `=`"),
        TypeError::NoInteger { .. } => (
            "min",
            "empty-range",
            "no caller can satisfy it: `min` must not be above `max`",
        ),
        TypeError::MaxLength(_) => ("max_length", "max-length", "choose a length that a value can have"),
        TypeError::Pattern(_) if name == TypeName::KeyValue => ("value", "bad-pattern", PATTERN_HELP),
        TypeError::Pattern(_) => ("pattern", "bad-pattern", PATTERN_HELP),
        TypeError::Glob { .. } => ("within", "bad-glob", "write `*`, `**`, `?`, `[abc]` or `{a,b}`"),
    }
}

const PATTERN_HELP: &str = "patterns have the syntax of Rust's regex crate: no look-around, no back-references";

/// Where a field stands; the type when it is absent.
fn place(fields: &TypeFields, field: &str) -> Mark {
    let found = match field {
        "one_of" => fields.one_of.as_ref().map(|list| list.mark),
        "keys" => fields.keys.as_ref().map(|list| list.mark),
        "within" => fields.within.as_ref().map(|list| list.mark),
        "min" => fields.min.as_ref().map(|min| min.mark),
        "max_length" => fields.max_length.as_ref().map(|length| length.mark),
        "pattern" => fields.pattern.as_ref().map(|pattern| pattern.mark),
        "value" => fields
            .value
            .as_ref()
            .map(|value| value.pattern.as_ref().map_or(value.mark, |pattern| pattern.mark)),
        _ => None,
    };
    found.unwrap_or(fields.r#type.mark)
}

fn text(fields: &TypeFields, report: &mut Report) {
    if let ValueType::Text(rule) = value_type(fields) {
        let place = Place {
            rule,
            pattern: fields.pattern.as_ref(),
            position: Position::Whole,
            max_length: place(fields, "max_length"),
            allow_empty: fields
                .allow_empty
                .as_ref()
                .map_or(fields.r#type.mark, |field| field.mark),
            allow_leading_dash: fields
                .allow_leading_dash
                .as_ref()
                .map_or(fields.r#type.mark, |field| field.mark),
        };
        pattern::check(&place, report);
    }
    if let Some(value) = &fields.value {
        let place = Place {
            rule: key_value_text(value),
            pattern: value.pattern.as_ref(),
            position: Position::AfterKey,
            max_length: value.max_length.as_ref().map_or(value.mark, |field| field.mark),
            allow_empty: value.allow_empty.as_ref().map_or(value.mark, |field| field.mark),
            allow_leading_dash: value.allow_leading_dash.as_ref().map_or(value.mark, |field| field.mark),
        };
        report.at("value", |report| pattern::check(&place, report));
    }
}
