//! What must hold in a compiled allow-list for a decision to mean what it says. The compiler sees to it; the gate does not rely on that.

use std::collections::HashSet;

use super::{LoadError, MAX_ARGUMENTS};
use crate::compiled::{Compiled, Container, OptionRule, Repository, Script, Task, ValueType};
use crate::value::name::{is_fixed_option_name, is_name, is_option_name, is_variable_name};
use crate::value::{Checker, check_value};

pub(super) fn broken(rule: String, broken: &'static str) -> LoadError {
    LoadError::Invariant { rule, broken }
}

fn ensure(holds: bool, rule: &str, otherwise: &'static str) -> Result<(), LoadError> {
    if holds {
        Ok(())
    } else {
        Err(broken(rule.to_owned(), otherwise))
    }
}

pub(super) fn check(compiled: &Compiled) -> Result<(), LoadError> {
    ensure(!compiled.containers.is_empty(), "containers", "there is no container")?;
    if let Some(name) = &compiled.default_container {
        ensure(
            compiled.containers.contains_key(name),
            "defaults.container",
            "there is no such container",
        )?;
    }
    for (alias, repository) in &compiled.repositories {
        check_repository(&format!("repositories.{alias}"), alias, repository)?;
    }
    for name in compiled.volumes.keys() {
        ensure(is_name(name), &format!("volumes.{name}"), "this is not a name")?;
    }
    for (name, container) in &compiled.containers {
        let path = format!("containers.{name}");
        ensure(is_name(name), &path, "this is not a name")?;
        check_container(&path, container, compiled)?;
    }
    Ok(())
}

fn check_repository(path: &str, alias: &str, repository: &Repository) -> Result<(), LoadError> {
    ensure(is_name(alias), path, "this is not a name")?;
    ensure(
        is_plain_url(&repository.url),
        path,
        "its url is not a plain https://, ssh:// or file:/// address without a password",
    )?;
    let full_ref = Checker::new(&ValueType::Ref).map_err(|error| LoadError::Type {
        rule: path.to_owned(),
        error,
    })?;
    let all_full = repository
        .protected_refs
        .iter()
        .all(|name| full_ref.check(name).is_ok());
    ensure(all_full, path, "a protected ref is not a full ref name")
}

/// One of three schemes, printable, no password, and no host or user that ssh could take for an option.
fn is_plain_url(url: &str) -> bool {
    let rest = ["https://", "ssh://", "file:///"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    let Some(rest) = rest else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let named = url.starts_with("file:///") || !host.is_empty();
    check_value(url).is_ok()
        && named
        && !url.contains(char::is_whitespace)
        && !user.contains(':')
        && !user.starts_with('-')
        && !host.starts_with('-')
}

fn check_container(path: &str, container: &Container, compiled: &Compiled) -> Result<(), LoadError> {
    ensure(is_name(&container.image), path, "its image is not a name")?;
    let variables = container.environment.keys().chain(container.secrets.keys());
    ensure(
        variables.clone().all(|name| is_variable_name(name)),
        path,
        "a variable's name is not one",
    )?;
    let secret_too = container
        .environment
        .keys()
        .any(|name| container.secrets.contains_key(name));
    ensure(!secret_too, path, "a variable is declared both as plain and as secret")?;
    let declared = container.volumes.keys().all(|name| compiled.volumes.contains_key(name));
    ensure(declared, path, "it mounts a volume that is not declared")?;
    check_task(&format!("{path}.task"), &container.task)?;
    ensure(!container.scripts.is_empty(), path, "it has no script")?;
    for (name, script) in &container.scripts {
        let path = format!("{path}.scripts.{name}");
        ensure(is_name(name), &path, "this is not a name")?;
        check_script(&path, script)?;
    }
    Ok(())
}

fn check_task(path: &str, task: &Task) -> Result<(), LoadError> {
    ensure(
        task.cpu > 0 && task.cpu <= task.max_cpu,
        path,
        "its cpu is zero or over its own ceiling",
    )?;
    ensure(
        task.memory > 0 && task.memory <= task.max_memory,
        path,
        "its memory is zero or over its own ceiling",
    )?;
    ensure(!task.launch_types.is_empty(), path, "it has no launch type")?;
    ensure(task.timeout_seconds > 0, path, "its timeout is zero")
}

fn check_script(path: &str, script: &Script) -> Result<(), LoadError> {
    check_option_names(path, script)?;
    let fixed = script.fixed_options.values().flatten().chain(&script.fixed_positionals);
    for value in fixed {
        ensure(check_value(value).is_ok(), path, "a fixed value is not safe text")?;
    }
    for (name, rule) in &script.options {
        check_option(&format!("{path}.options.{name}"), rule)?;
    }
    check_positionals(&format!("{path}.positionals"), script)
}

/// No name can be understood in two ways: a caller's option is never also fixed or the gate's own.
fn check_option_names(path: &str, script: &Script) -> Result<(), LoadError> {
    let types = script.options.values().map(|rule| &rule.value);
    let types = types.chain(script.positionals.iter().map(|rule| &rule.value));
    let carriers = types.filter_map(|value| match value {
        ValueType::Repository { protected_refs_as, .. } => protected_refs_as.as_ref(),
        ValueType::Flag
        | ValueType::Choice { .. }
        | ValueType::Commit
        | ValueType::Ref
        | ValueType::Path { .. }
        | ValueType::Integer { .. }
        | ValueType::Text(_)
        | ValueType::KeyValue { .. } => None,
    });
    let mut seen = HashSet::new();
    let callers = script
        .options
        .keys()
        .chain(carriers)
        .map(|name| (name, is_option_name(name)));
    let fixed = script.fixed_options.keys();
    for (name, named) in callers.chain(fixed.map(|name| (name, is_fixed_option_name(name)))) {
        let path = format!("{path}.options.{name}");
        ensure(named, &path, "this is not an option's name: expected `--` and a name")?;
        ensure(
            seen.insert(name),
            &path,
            "the name is used twice: as an option, a fixed option or for protected refs",
        )?;
    }
    Ok(())
}

fn check_option(path: &str, rule: &OptionRule) -> Result<(), LoadError> {
    check_repeats(path, rule.max_repeats, &rule.value)?;
    let flag = matches!(rule.value, ValueType::Flag);
    ensure(
        !(flag && rule.value_optional),
        path,
        "a flag has no value that could be optional",
    )?;
    let repository = matches!(rule.value, ValueType::Repository { .. });
    ensure(
        !(repository && rule.value_optional),
        path,
        "a repository has no optional value",
    )
}

fn check_positionals(path: &str, script: &Script) -> Result<(), LoadError> {
    let last = script.positionals.len().saturating_sub(1);
    let mut names = HashSet::new();
    let mut optional_before = false;
    for (place, rule) in script.positionals.iter().enumerate() {
        let path = format!("{path}.{}", rule.name);
        ensure(
            is_name(&rule.name) && names.insert(&rule.name),
            &path,
            "this is not a name, or it is used twice",
        )?;
        check_repeats(&path, rule.max_repeats, &rule.value)?;
        ensure(
            !matches!(rule.value, ValueType::Flag),
            &path,
            "a positional cannot be a flag",
        )?;
        ensure(
            rule.max_repeats == 1 || place == last,
            &path,
            "only the last positional may repeat",
        )?;
        ensure(
            !(rule.required && optional_before),
            &path,
            "a required positional stands behind an optional one",
        )?;
        optional_before |= !rule.required;
    }
    Ok(())
}

fn check_repeats(path: &str, max_repeats: u32, value: &ValueType) -> Result<(), LoadError> {
    let most = u32::try_from(MAX_ARGUMENTS).unwrap_or(u32::MAX);
    ensure(
        (1..=most).contains(&max_repeats),
        path,
        "it may be given between 1 and 256 times",
    )?;
    // Protected refs of two repositories would reach the script as one list.
    let carries = matches!(
        value,
        ValueType::Repository {
            protected_refs_as: Some(_),
            ..
        }
    );
    ensure(
        !carries || max_repeats == 1,
        path,
        "a repository that hands on protected refs cannot repeat",
    )
}
