//! Repositories: addresses that git opens as they look, and full names of protected refs.

use crate::compiled::ValueType;
use crate::source::{Positionals, RepositorySource, Source, Text, TypeFields};
use crate::value::Checker;

use super::report::Report;
use super::{item, name};

pub(super) fn check(source: &Source, report: &mut Report) {
    for (alias, repository) in &source.repositories.entries {
        report.at(alias, |report| {
            address(repository, report);
            protected_refs(repository, report);
            if !is_used(source, alias) {
                let help = "list it in the `one_of` of a `repository` option, or remove it";
                report.warning(
                    "unused-repository",
                    alias.mark,
                    format!("no option names the repository `{alias}`"),
                    help,
                );
            }
        });
    }
    name::look_alikes(source.repositories.entries.iter().map(|(alias, _)| alias), report);
    two_aliases(source, report);
}

fn address(repository: &RepositorySource, report: &mut Report) {
    if let Err(reason) = readable_address(&repository.url) {
        let help = "write `https://host/path`, `ssh://user@host/path` or `file:///path`";
        let message = format!(
            "the address `{}` is refused: it {reason}",
            shown_address(&repository.url)
        );
        report.at("url", |report| {
            report.error("repository-url", repository.url.mark, message, help);
        });
    }
}

/// The address without a password that may stand in it.
fn shown_address(url: &str) -> String {
    let shown = crate::value::shown(url);
    match (shown.split_once("://"), shown.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => shown,
    }
}

/// Accepts what git opens by the named transport and nothing else.
fn readable_address(url: &str) -> Result<(), &'static str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err("is not a full address with a scheme");
    };
    if url.contains(|character: char| !character.is_ascii_graphic() || matches!(character, '\\' | '\'' | '"' | '`')) {
        return Err("holds characters that no address has");
    }
    if rest.contains(['?', '#']) {
        return Err("has a query or a fragment");
    }
    match scheme {
        "file" => local_path(rest),
        "https" | "ssh" => remote(scheme, rest),
        "http" | "git" => Err("uses a transport that anybody on the way can change"),
        _ => Err("uses a transport that is not accepted"),
    }
}

fn local_path(rest: &str) -> Result<(), &'static str> {
    let Some(path) = rest.strip_prefix('/') else {
        return Err("names a host, but `file:///` takes a path");
    };
    parts_are_plain(path)
}

fn remote(scheme: &str, rest: &str) -> Result<(), &'static str> {
    let Some((authority, path)) = rest.split_once('/') else {
        return Err("has no path");
    };
    let (user, host) = authority
        .split_once('@')
        .map_or((None, authority), |(user, host)| (Some(user), host));
    match user {
        Some(user) if user.contains(':') => return Err("holds a password"),
        Some(_) if scheme == "https" => return Err("holds a user name or a token; use a secret"),
        Some(user) if user.is_empty() || user.starts_with('-') => {
            return Err("has a user name that is empty or an option");
        }
        Some(_) | None => {}
    }
    let (host, port) = host
        .split_once(':')
        .map_or((host, None), |(host, port)| (host, Some(port)));
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if !host.starts_with(|first: char| first.is_ascii_alphanumeric()) || !host.bytes().all(is_host) {
        return Err("has no plain host name");
    }
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("has a port that is no number up to 65535");
    }
    parts_are_plain(path)
}

fn parts_are_plain(path: &str) -> Result<(), &'static str> {
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.starts_with('-');
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    trimmed
        .split('/')
        .all(plain)
        .then_some(())
        .ok_or("has a path with an empty, `.`, `..` or option-like part")
}

fn protected_refs(repository: &RepositorySource, report: &mut Report) {
    report.at("protected_refs", |report| {
        item::no_duplicates(repository.protected_refs.as_ref(), report);
    });
    let refs = repository
        .protected_refs
        .as_ref()
        .map(|list| list.items.as_slice())
        .unwrap_or_default();
    let Ok(checker) = Checker::new(&ValueType::Ref) else {
        return;
    };
    for (index, name) in refs.iter().enumerate() {
        if let Err(refusal) = checker.check(name) {
            report.at(&format!("protected_refs[{index}]"), |report| {
                let message = format!("`{name}` {refusal}");
                report.error(
                    "protected-ref",
                    name.mark,
                    message,
                    "write the full name, such as `refs/heads/main`",
                );
            });
        }
    }
}

fn is_used(source: &Source, alias: &Text) -> bool {
    all_types(source).any(|fields| {
        fields
            .one_of
            .iter()
            .flat_map(|list| &list.items)
            .any(|item| item.value == alias.value)
    })
}

/// The types of all options and positionals.
fn all_types(source: &Source) -> impl Iterator<Item = &TypeFields> {
    let scripts = source
        .containers
        .entries
        .iter()
        .flat_map(|(_, container)| &container.scripts.entries);
    scripts.flat_map(|(_, script)| {
        let options = script.options.entries.iter().map(|(_, option)| &option.value);
        let positionals = script
            .positionals
            .iter()
            .flat_map(Positionals::items)
            .map(|positional| &positional.value);
        options.chain(positionals)
    })
}

/// Two aliases of one repository with other protected refs: what counts as reviewed would depend on the caller's choice.
fn two_aliases(source: &Source, report: &mut Report) {
    let entries = &source.repositories.entries;
    for (index, (alias, repository)) in entries.iter().enumerate() {
        let earlier = entries
            .iter()
            .take(index)
            .find(|(_, other)| same_address(&other.url, &repository.url));
        if let Some((first, _)) = earlier {
            let message = format!("`{alias}` has the address of `{first}`");
            let help = "keep one: with two, the caller chooses which protected refs count";
            report.at(alias, |report| {
                report.warning("same-repository", repository.url.mark, message, help);
            });
        }
    }
}

fn same_address(left: &str, right: &str) -> bool {
    let plain = |url: &str| url.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase();
    plain(left) == plain(right)
}
