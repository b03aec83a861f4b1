//! Finds the container and the script, by exact name.

use protocol::ProblemKind;

use crate::allow_list::{AllowList, ContainerRules, ScriptRules};
use crate::report::{Report, Words};
use crate::value::{check_word, nearest, shown, some_of};

/// The container of that name, or the default one when none is named.
pub(super) fn container<'a>(
    list: &'a AllowList,
    name: Option<&str>,
    report: &mut Report,
) -> Option<(&'a str, &'a ContainerRules)> {
    let wanted = name.or(list.default_container.as_deref());
    let found = wanted.and_then(|name| list.containers.get_key_value(name));
    if let Some((name, rules)) = found {
        return Some((name, rules));
    }
    let names: Vec<&str> = list.containers.keys().map(String::as_str).collect();
    if let Some(name) = name {
        unknown(
            ProblemKind::UnknownContainer,
            "container",
            name,
            "containers",
            &names,
            report,
        );
    } else {
        let message = "no container is named, and the allow-list has no default".to_owned();
        let accepted = format!("one of: {}", some_of(&names));
        report.add(
            ProblemKind::UnknownContainer,
            Words::none("defaults.container"),
            message,
            accepted,
            None,
        );
    }
    None
}

/// The script of that name in the container. Without a container nothing is known of scripts.
pub(super) fn script<'a>(
    container: Option<(&'a str, &'a ContainerRules)>,
    name: &str,
    report: &mut Report,
) -> Option<(&'a str, &'a ScriptRules)> {
    let Some((_, container)) = container else {
        if let Err(problem) = check_word(name) {
            report.unsafe_text(name, None, &problem);
        }
        return None;
    };
    if let Some((name, rules)) = container.scripts.get_key_value(name) {
        return Some((name, rules));
    }
    let names: Vec<&str> = container.scripts.keys().map(String::as_str).collect();
    let rule = format!("{}.scripts", container.path);
    unknown(ProblemKind::UnknownScript, "script", name, &rule, &names, report);
    None
}

fn unknown(kind: ProblemKind, what: &str, name: &str, rule: &str, names: &[&str], report: &mut Report) {
    if let Err(problem) = check_word(name) {
        return report.unsafe_text(name, None, &problem);
    }
    let suggestion = report.suggest(|| nearest(name, names.iter().copied()).map(str::to_owned));
    let message = format!("there is no {what} `{}`", shown(name));
    let accepted = format!("one of: {}", some_of(names));
    report.add(kind, Words::outside(name, rule), message, accepted, suggestion);
}
