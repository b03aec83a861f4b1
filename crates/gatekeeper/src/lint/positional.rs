//! Positionals: their order must leave no doubt which word is which.

use crate::source::{Mark, PositionalSource, Source};
use crate::value::name::is_name;
use crate::value::shown;

use super::report::Report;
use super::{option, value};

/// Checks the positionals of a script. `end_of_options`: the gate writes `--` before them.
pub(super) fn check(source: &Source, positionals: &[PositionalSource], end_of_options: bool, report: &mut Report) {
    let mut optional = false;
    for (index, positional) in positionals.iter().enumerate() {
        let is_last = index + 1 == positionals.len();
        report.at(&format!("[{index}]"), |report| {
            order(positional, optional, is_last, report);
            own_name(positional, positionals, index, report);
            one(source, positional, end_of_options, report);
        });
        optional = optional || !is_required(positional);
    }
}

fn is_required(positional: &PositionalSource) -> bool {
    positional.rule.required.as_ref().is_some_and(|field| field.value)
}

fn order(positional: &PositionalSource, after_optional: bool, is_last: bool, report: &mut Report) {
    let rule = &positional.rule;
    if after_optional && is_required(positional) {
        let mark = rule.required.as_ref().map_or(positional.mark, |field| field.mark);
        let message = format!("the required positional `{}` follows an optional one", rule.name);
        report.error("positional-order", mark, message, "put the required ones first");
    }
    let repeatable = rule.repeatable.as_ref().filter(|field| field.value && !is_last);
    if let Some(field) = repeatable {
        let message = format!("the repeatable positional `{}` is not the last", rule.name);
        report.error(
            "positional-order",
            field.mark,
            message,
            "only the last positional may be repeatable",
        );
    }
}

fn own_name(positional: &PositionalSource, all: &[PositionalSource], index: usize, report: &mut Report) {
    let name = &positional.rule.name;
    if !is_name(name) {
        let message = format!("`{}` cannot be the name of a positional", shown(name));
        report.error(
            "positional-name",
            name.mark,
            message,
            "use letters, digits, `_`, `.` and `-`",
        );
    } else if all
        .iter()
        .take(index)
        .any(|earlier| earlier.rule.name.value == name.value)
    {
        let message = format!("another positional is also named `{name}`");
        report.error("positional-name", name.mark, message, "choose a name of its own");
    }
}

fn one(source: &Source, positional: &PositionalSource, end_of_options: bool, report: &mut Report) {
    let rule = &positional.rule;
    value::check(source, &positional.value, report);
    option::several(rule.repeatable.as_ref(), &positional.value, report);
    option::repeats(rule.repeatable.as_ref(), rule.max_repeats.as_ref(), report);
    let dash: Option<Mark> = option::dash_value(&positional.value).filter(|_| !end_of_options);
    if let Some(mark) = dash {
        let message = "without `--` before the positionals, a value that begins with a dash is an option to the script";
        report.error(
            "positional-dash",
            mark,
            message,
            "set `end_of_options: true`, or refuse the dash",
        );
    }
}
