//! Scripts: options that collide with fixed ones, what is always passed, and applying what nobody reviewed.

use crate::compiled::ValueStyle;
use crate::source::{Mark, OptionSource, Positionals, ScriptSource, Source, Text, TypeFields, TypeName};
use crate::value::name::is_option_name;
use crate::value::shown;

use super::report::Report;
use super::{name, option, positional};

/// What ECS takes as overrides, in characters, less what the gate keeps for all that is not an argument.
const ARGUMENTS: usize = 8192 - 1024;
/// Words that change infrastructure.
const CHANGING: &[&str] = &["apply", "destroy", "import", "run-all", "taint", "untaint", "state"];

pub(super) fn check(source: &Source, name: &Text, script: &ScriptSource, report: &mut Report) {
    if script.description.is_none() {
        let help = "say in `description` what it does: callers see it";
        report.warning(
            "no-description",
            name.mark,
            format!("the script `{name}` has no description"),
            help,
        );
    }
    let style = script.parameter_style.as_ref();
    let values = style
        .and_then(|style| style.values.as_ref())
        .map_or(ValueStyle::Equals, |values| values.value);
    let end_of_options = style
        .and_then(|style| style.end_of_options.as_ref())
        .is_none_or(|end| end.value);
    fixed(name, script, values, end_of_options, report);
    collisions(script, report);
    report.at("options", |report| {
        name::look_alikes(script.options.entries.iter().map(|(name, _)| name), report);
        for (name, entry) in &script.options.entries {
            report.at(name, |report| {
                option::check(source, values, name, entry, report);
                protected_refs_as(script, &entry.value, report);
            });
        }
        unreviewed(source, script, report);
    });
    let positionals = script.positionals.as_ref().map_or(&[][..], Positionals::items);
    report.at("positionals", |report| {
        positional::check(source, positionals, end_of_options, report);
        for (index, entry) in positionals.iter().enumerate() {
            report.at(&format!("[{index}]"), |report| {
                protected_refs_as(script, &entry.value, report);
            });
        }
    });
}

/// What is always passed.
fn fixed(name: &Text, script: &ScriptSource, style: ValueStyle, end_of_options: bool, report: &mut Report) {
    let mut length = 0;
    for (option, values) in &script.fixed_options.entries {
        length += values
            .items
            .iter()
            .map(|value| option.len() + value.len() + 4)
            .sum::<usize>()
            .max(option.len() + 3);
        let dash = values
            .items
            .iter()
            .find(|value| style == ValueStyle::Separate && value.starts_with('-'));
        if let Some(value) = dash {
            let message = format!("`{value}` in a word of its own could be taken for an option");
            report.at("fixed_options", |report| {
                report.error(
                    "separate-style",
                    value.mark,
                    message,
                    "use `values: equals`, or another value",
                );
            });
        }
    }
    for (index, value) in script.fixed_positionals.iter().flat_map(|list| &list.items).enumerate() {
        length += value.len() + 3;
        if value.starts_with('-') && !end_of_options {
            report.at(&format!("fixed_positionals[{index}]"), |report| {
                let message = format!("without `--` before it, `{value}` is an option to the script");
                report.error(
                    "positional-dash",
                    value.mark,
                    message,
                    "set `end_of_options: true`, or make it a fixed option",
                );
            });
        }
    }
    if length > ARGUMENTS {
        let message = format!("the fixed arguments alone take {length} characters");
        report.error(
            "arguments-too-large",
            name.mark,
            message,
            format!("a task takes {ARGUMENTS} for all arguments"),
        );
    }
}

/// Without dashes: programs that take `-var` often take `--var` for the same.
fn bare(option: &str) -> &str {
    option.trim_start_matches('-')
}

fn collisions(script: &ScriptSource, report: &mut Report) {
    for (option, _) in &script.options.entries {
        if let Some((fixed, _)) = script
            .fixed_options
            .entries
            .iter()
            .find(|(fixed, _)| bare(fixed) == bare(option))
        {
            let message = format!("`{option}` is always passed as the fixed option `{fixed}`");
            let help = "a caller could set it a second time: keep one of them";
            report.at("options", |report| {
                report.at(option, |report| {
                    report.error("shadows-fixed", option.mark, message, help);
                });
            });
        }
    }
    let entries = &script.fixed_options.entries;
    for (index, (option, _)) in entries.iter().enumerate() {
        if let Some((other, _)) = entries
            .iter()
            .take(index)
            .find(|(other, _)| bare(other) == bare(option))
        {
            let message = format!("`{option}` and `{other}` are the same option to many programs");
            report.at("fixed_options", |report| {
                report.error("shadows-fixed", option.mark, message, "keep one of them");
            });
        }
    }
}

/// The option that carries protected refs is the gate's alone.
fn protected_refs_as(script: &ScriptSource, fields: &TypeFields, report: &mut Report) {
    let Some(carrier) = &fields.protected_refs_as else {
        return;
    };
    let mut refuse = |code, message: String, help| {
        report.at("protected_refs_as", |report| {
            report.error(code, carrier.mark, message, help);
        });
    };
    if !is_option_name(carrier) {
        refuse(
            "option-name",
            format!("`{}` is not the name of an option", shown(carrier)),
            "write it like `--protected-ref`",
        );
    } else if script
        .options
        .names()
        .chain(script.fixed_options.names())
        .any(|name| bare(name) == bare(carrier))
    {
        let help = "choose an option that is declared nowhere else: a caller could add refs of its own";
        refuse(
            "shadows-fixed",
            format!("`{carrier}` is also an option of the script"),
            help,
        );
    } else if carriers(script).any(|(other, mark)| other == carrier.value && mark < carrier.mark) {
        let help = "give each repository option its own: refs of one would count for the other";
        refuse(
            "shadows-fixed",
            format!("`{carrier}` also carries the refs of another option"),
            help,
        );
    }
}

fn carriers(script: &ScriptSource) -> impl Iterator<Item = (&str, Mark)> {
    let options = script.options.entries.iter().map(|(_, option)| &option.value);
    let positionals = script
        .positionals
        .iter()
        .flat_map(Positionals::items)
        .map(|positional| &positional.value);
    let carriers = options
        .chain(positionals)
        .filter_map(|fields| fields.protected_refs_as.as_ref());
    carriers.map(|carrier| (carrier.value.as_str(), carrier.mark))
}

/// A script that can apply, on a repository of which no history counts as reviewed.
fn unreviewed(source: &Source, script: &ScriptSource, report: &mut Report) {
    let options = script.options.entries.iter();
    let words = options
        .clone()
        .filter(|(name, _)| bare(name) == "command")
        .flat_map(|(_, option)| &option.value.one_of);
    let fixed = script
        .fixed_options
        .entries
        .iter()
        .filter(|(name, _)| bare(name) == "command")
        .map(|(_, values)| values);
    let changes = words
        .chain(fixed)
        .flat_map(|list| &list.items)
        .any(|word| CHANGING.contains(&word.value.as_str()));
    if !changes {
        return;
    }
    let repositories = options.filter(|(_, option)| option.value.r#type.value == TypeName::Repository);
    for (name, option) in repositories {
        report.at(name, |report| unreviewed_option(source, name, option, report));
    }
}

fn unreviewed_option(source: &Source, name: &Text, option: &OptionSource, report: &mut Report) {
    if option.value.protected_refs_as.is_none() {
        let message = "the script can change infrastructure, but does not learn which refs are protected";
        report.warning(
            "unreviewed-apply",
            name.mark,
            message,
            "add `protected_refs_as: --protected-ref`",
        );
    }
    for alias in option.value.one_of.iter().flat_map(|list| &list.items) {
        let repository = source.repositories.get(alias);
        let protected = repository.and_then(|repository| repository.protected_refs.as_ref());
        if repository.is_some() && protected.is_none_or(|refs| refs.items.is_empty()) {
            let message = format!("the script can change infrastructure from `{alias}`, which has no protected ref");
            report.warning(
                "unreviewed-apply",
                alias.mark,
                message,
                "list its protected branches in `protected_refs`",
            );
        }
    }
}
