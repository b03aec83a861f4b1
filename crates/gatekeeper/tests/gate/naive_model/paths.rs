//! Paths and globs, part by part.

/// Whether a path is relative, written in one way, and one of the globs matches it.
pub(super) fn is_accepted(path: &str, within: &[String], allow_root: bool) -> bool {
    if path == "." {
        return allow_root;
    }
    if path.len() > 1_024 || path.starts_with('-') || path.starts_with('~') || path.contains('\\') {
        return false;
    }
    let parts: Vec<&str> = path.split('/').collect();
    for part in &parts {
        if part.is_empty() || *part == "." || *part == ".." || part.len() > 255 || part.to_lowercase() == ".git" {
            return false;
        }
    }
    within.is_empty()
        || within
            .iter()
            .any(|glob| matches(&glob.split('/').collect::<Vec<_>>(), &parts))
}

/// `**` at the end stands for one part or more, elsewhere for any number.
fn matches(glob: &[&str], parts: &[&str]) -> bool {
    match (glob, parts) {
        ([], []) => true,
        (["**"], _) => !parts.is_empty(),
        (["**", rest @ ..], _) => (0..=parts.len()).any(|skip| matches(rest, &parts[skip..])),
        (["*", rest @ ..], [_, others @ ..]) => matches(rest, others),
        ([literal, rest @ ..], [part, others @ ..]) => literal == part && matches(rest, others),
        (_, _) => false,
    }
}
