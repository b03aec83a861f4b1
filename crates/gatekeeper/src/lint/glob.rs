//! Globs of paths: those that no accepted path can match, and those that another one makes superfluous.

use globset::GlobBuilder;

use crate::source::{List, Text};
use crate::value::shown;

use super::report::Report;

pub(super) fn check(within: Option<&List<Text>>, report: &mut Report) {
    let globs = within.map(|list| list.items.as_slice()).unwrap_or_default();
    for (index, glob) in globs.iter().enumerate() {
        report.at(&format!("within[{index}]"), |report| {
            if let Err(reason) = sensible(glob) {
                let help = "write a path relative to the checkout, such as `prod/**`";
                report.error(
                    "glob-matches-nothing",
                    glob.mark,
                    format!("`{}` {reason}", shown(glob)),
                    help,
                );
            } else if let Some(wider) = globs
                .iter()
                .enumerate()
                .find(|(other, wider)| *other != index && covers(wider, glob))
            {
                let message = format!(
                    "`{}` is never needed: `{}` matches all that it does",
                    shown(glob),
                    shown(wider.1)
                );
                report.warning("unreachable-glob", glob.mark, message, "remove one of them");
            }
        });
    }
}

/// Refuses globs that no normalised relative path can match.
fn sensible(glob: &str) -> Result<(), &'static str> {
    if glob.is_empty() {
        return Err("matches no path: it is empty");
    }
    if glob.starts_with(['/', '~']) {
        return Err("matches no path: paths are relative to the checkout");
    }
    if glob.contains('\\') {
        return Err("has a backslash, which no accepted path holds");
    }
    let mut parts = glob.split('/');
    if parts.clone().any(|part| part == "..") {
        return Err("matches no path: paths with `..` are refused");
    }
    if parts
        .clone()
        .any(|part| part.is_empty() || (part == "." && glob != "."))
    {
        return Err("matches no path: paths have no empty part, no `.` part and no slash at their end");
    }
    if parts.any(|part| part.eq_ignore_ascii_case(".git")) {
        return Err("matches no path: git's own directory is refused");
    }
    if glob == "." {
        return Err("matches no path: `allow_root: true` accepts the checkout itself");
    }
    Ok(())
}

/// Whether one glob surely matches all that another does.
fn covers(wider: &str, glob: &str) -> bool {
    let is_plain = |text: &str| !text.contains(['*', '?', '[', '{', '\\']);
    if wider == glob {
        return false;
    }
    if let Some(directory) = wider.strip_suffix("**").filter(|directory| is_plain(directory)) {
        return glob.starts_with(directory) && glob.len() > directory.len();
    }
    let built = GlobBuilder::new(wider).literal_separator(true).build();
    is_plain(glob) && built.is_ok_and(|wider| wider.compile_matcher().is_match(glob))
}
