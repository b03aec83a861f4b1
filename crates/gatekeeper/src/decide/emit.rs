//! The canonical arguments: written by the gate from what it understood, never the caller's own words.

use protocol::ProblemKind;

use crate::allow_list::{ScriptRules, ValueRules};
use crate::compiled::ValueStyle;
use crate::grammar::{Reading, Value};
use crate::report::{Report, Words};

/// Most characters of the overrides of an ECS task, JSON included.
const MAX_OVERRIDES: usize = 8_192;
/// Kept for what surrounds the arguments: names, the runner's own options, the notation.
const RESERVE: usize = 1_024;

/// Writes them: fixed options, options in declared order, `--`, fixed positionals, positionals.
pub(super) fn arguments(script: &ScriptRules, reading: &Reading<'_>, report: &mut Report) -> Vec<String> {
    let mut out = Vec::with_capacity(2 * reading.options.len() + reading.positionals.len() + 8);
    for (name, values) in &script.fixed_options {
        fixed_option(script, name, values, &mut out);
    }
    for (rule, value) in &reading.options {
        match value.emitted() {
            None => out.push(rule.name.clone()),
            // An optional value in a word of its own could be read as a positional.
            Some(text) if rule.spec.value_optional => out.push(format!("{}={text}", rule.name)),
            Some(text) => option(script, &rule.name, text, &mut out),
        }
        protected_refs(script, &rule.value, *value, &mut out);
    }
    for (rule, value) in &reading.positionals {
        protected_refs(script, &rule.value, *value, &mut out);
    }
    let any_positional = !(script.fixed_positionals.is_empty() && reading.positionals.is_empty());
    if script.style.end_of_options && any_positional {
        out.push("--".to_owned());
    }
    out.extend(script.fixed_positionals.iter().cloned());
    out.extend(
        reading
            .positionals
            .iter()
            .filter_map(|(_, value)| value.emitted())
            .map(str::to_owned),
    );
    check_size(&out, report);
    out
}

fn fixed_option(script: &ScriptRules, name: &str, values: &[String], out: &mut Vec<String>) {
    if values.is_empty() {
        out.push(name.to_owned());
    }
    for value in values {
        option(script, name, value, out);
    }
}

fn option(script: &ScriptRules, name: &str, value: &str, out: &mut Vec<String>) {
    match script.style.values {
        ValueStyle::Equals => out.push([name, "=", value].concat()),
        ValueStyle::Separate => out.extend([name.to_owned(), value.to_owned()]),
    }
}

fn protected_refs(script: &ScriptRules, rules: &ValueRules, value: Value<'_>, out: &mut Vec<String>) {
    if let (Some(carrier), Value::Repository { repository, .. }) = (&rules.protected_refs_as, value) {
        for name in &repository.protected_refs {
            option(script, carrier, name, out);
        }
    }
}

fn check_size(args: &[String], report: &mut Report) {
    let size = args.iter().map(|arg| json_length(arg) + 1).sum::<usize>() + RESERVE;
    if size > MAX_OVERRIDES {
        let message = format!(
            "the arguments take {} characters: a task cannot carry them",
            size - RESERVE
        );
        let accepted = format!(
            "at most {} characters, quotes and escapes included",
            MAX_OVERRIDES - RESERVE
        );
        report.add(
            ProblemKind::TooLarge,
            Words::none("built-in.overrides-size"),
            message,
            accepted,
            None,
        );
    }
}

/// The bytes of a text as a JSON string. Control characters never come here.
fn json_length(text: &str) -> usize {
    let escaped = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    text.len() + escaped + 2
}
