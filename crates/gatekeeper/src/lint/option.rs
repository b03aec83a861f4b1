//! Options: fields that contradict one another, and defaults that their own rule refuses.

use crate::compiled::ValueStyle;
use crate::source::{Located, Mark, OptionSource, Repeats, Source, Text, TypeFields, TypeName};
use crate::value::{Checker, shown};

use super::report::Report;
use super::value;

pub(super) fn check(source: &Source, style: ValueStyle, name: &Text, option: &OptionSource, report: &mut Report) {
    let checker = value::check(source, &option.value, report);
    let rule = &option.rule;
    repeats(rule.repeatable.as_ref(), rule.max_repeats.as_ref(), report);
    flag(option, report);
    repository(option, report);
    default(option, checker.as_ref(), report);
    if style == ValueStyle::Separate {
        two_words(option, report);
    }
    if matches!(name.as_str(), "--help" | "--version") {
        let message = format!("`{name}` makes many programs do something else, some of them by starting a pager");
        report.warning(
            "help-option",
            name.mark,
            message,
            "leave it out: the catalogue describes the script",
        );
    }
}

/// `max_repeats` without `repeatable`.
pub(super) fn repeats(repeatable: Option<&Located<bool>>, most: Option<&Located<Repeats>>, report: &mut Report) {
    let is_repeatable = repeatable.is_some_and(|field| field.value);
    if let Some(most) = most.filter(|_| !is_repeatable) {
        let message = "`max_repeats` has no meaning without `repeatable: true`";
        report.error(
            "repeats-without-repeatable",
            most.mark,
            message,
            "add `repeatable: true`, or remove it",
        );
    }
}

fn is_true(field: Option<&Located<bool>>) -> Option<Mark> {
    field.filter(|field| field.value).map(|field| field.mark)
}

/// A flag has no value to be optional or to have a default.
fn flag(option: &OptionSource, report: &mut Report) {
    if option.value.r#type.value != TypeName::Flag {
        return;
    }
    let default = option.rule.default.as_ref().map(|default| default.mark);
    let fields = [
        ("default", default),
        ("value_optional", is_true(option.rule.value_optional.as_ref())),
    ];
    for (field, mark) in fields {
        if let Some(mark) = mark {
            report.error(
                "flag-with-value",
                mark,
                format!("a flag takes no value, so `{field}` has no meaning"),
                "remove it",
            );
        }
    }
    if let Some(mark) = is_true(option.rule.required.as_ref()) {
        let message = "a flag that must be given tells nothing";
        report.warning("required-flag", mark, message, "make it a fixed option");
    }
}

fn default(option: &OptionSource, checker: Option<&Checker>, report: &mut Report) {
    let Some(default) = &option.rule.default else { return };
    if let Some(mark) = is_true(option.rule.required.as_ref()) {
        let message = "an option with a default is never missing, so `required` has no meaning";
        report.error("required-with-default", mark, message, "remove one of them");
    }
    let refused = checker
        .filter(|_| option.value.r#type.value != TypeName::Flag)
        .and_then(|checker| checker.check(&default.0).err());
    if let Some(refusal) = refused {
        let message = format!("the default `{}` {refusal}", shown(&default.0));
        let help = "write a default that a caller could give too";
        report.at("default", |report| {
            report.error("default-refused", default.mark, message, help);
        });
    }
}

/// In two words, a value that looks like an option makes the script read another option.
fn two_words(option: &OptionSource, report: &mut Report) {
    if let Some(mark) = is_true(option.rule.value_optional.as_ref()) {
        let message =
            "an optional value is always written `--name=value`, also where others are in a word of their own";
        report.warning(
            "separate-style",
            mark,
            message,
            "make sure that the script reads it, or remove `value_optional`",
        );
    }
    if let Some(mark) = dash_value(&option.value) {
        let message = "a value that begins with a dash, in a word of its own, could be taken for an option";
        let help = "use `values: equals`, or change the type so that no value can begin with a dash";
        report.error("separate-style", mark, message, help);
    }
}

/// A repository that says nothing, or several at once: which refs are protected would be in doubt.
fn repository(option: &OptionSource, report: &mut Report) {
    if option.value.r#type.value != TypeName::Repository {
        return;
    }
    if let Some(mark) = is_true(option.rule.value_optional.as_ref()) {
        report.error(
            "repository-value",
            mark,
            "a repository has no optional value",
            "remove `value_optional`",
        );
    }
    several(option.rule.repeatable.as_ref(), &option.value, report);
}

/// Protected refs of two repositories would reach the script as one list.
pub(super) fn several(repeatable: Option<&Located<bool>>, fields: &TypeFields, report: &mut Report) {
    if let Some(mark) = is_true(repeatable).filter(|_| fields.protected_refs_as.is_some()) {
        let message = "the protected refs of several repositories would reach the script as one list";
        report.error(
            "repository-value",
            mark,
            message,
            "remove `repeatable` or `protected_refs_as`",
        );
    }
}

/// Where a type says that a value may begin with a dash.
pub(super) fn dash_value(fields: &TypeFields) -> Option<Mark> {
    let negative = fields.min.as_ref().filter(|min| min.value < 0).map(|min| min.mark);
    is_true(fields.allow_leading_dash.as_ref()).or(negative)
}
