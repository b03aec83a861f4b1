//! Paths inside a checkout: relative, written in one way only, and optionally within named directories.
//!
//! Text only. That a path stays in the checkout after symbolic links is for the script to see to, where the files are.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{Refusal, TypeError, shown};

/// Longest path, in bytes.
const MAX_PATH_BYTES: usize = 1_024;
/// Longest part between two slashes, in bytes: what Linux file systems take.
const MAX_PART_BYTES: usize = 255;

/// Which paths are accepted.
#[derive(Debug)]
pub(super) struct PathRule {
    within: Option<GlobSet>,
    allow_root: bool,
}

impl PathRule {
    /// Builds the globs. An empty list accepts any path.
    pub(super) fn new(within: &[String], allow_root: bool) -> Result<Self, TypeError> {
        let globs = if within.is_empty() {
            None
        } else {
            Some(glob_set(within)?)
        };
        Ok(Self {
            within: globs,
            allow_root,
        })
    }

    /// Accepts the path, or says why not.
    pub(super) fn check(&self, text: &str) -> Result<(), Refusal> {
        if text == "." {
            let refusal = Refusal::NotAPath("the checkout's own directory is not accepted");
            return self.allow_root.then_some(()).ok_or(refusal);
        }
        check_shape(text)?;
        match &self.within {
            Some(globs) if !globs.is_match(text) => {
                Err(Refusal::NotAPath("it lies outside of the accepted directories"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The same path in its one notation, if that would be accepted.
    pub(super) fn suggestion(&self, text: &str) -> Option<String> {
        let parts: Vec<&str> = text
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        let normal = parts.join("/");
        (normal != text && super::check_value(&normal).is_ok() && self.check(&normal).is_ok()).then(|| shown(&normal))
    }
}

fn check_shape(text: &str) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(Refusal::Empty);
    }
    if text.starts_with('-') {
        return Err(Refusal::LeadingDash);
    }
    if text.starts_with(['/', '~']) {
        return Err(Refusal::NotAPath("it must be relative to the checkout"));
    }
    if text.contains('\\') {
        return Err(Refusal::NotAPath("its parts must be separated by `/`"));
    }
    if text.len() > MAX_PATH_BYTES || text.split('/').any(|part| part.len() > MAX_PART_BYTES) {
        return Err(Refusal::NotAPath(
            "it must have at most 1024 bytes, and 255 in each part",
        ));
    }
    if text.split('/').any(|part| part == "..") {
        return Err(Refusal::NotAPath("it must not contain `..`"));
    }
    if text.split('/').any(|part| part.is_empty() || part == ".") {
        return Err(Refusal::NotAPath(
            "it must not have an empty part, a `.` part or a slash at its end",
        ));
    }
    if text.split('/').any(|part| part.eq_ignore_ascii_case(".git")) {
        return Err(Refusal::NotAPath("git's own directory is not part of the checkout"));
    }
    Ok(())
}

fn glob_set(within: &[String]) -> Result<GlobSet, TypeError> {
    let mut set = GlobSetBuilder::new();
    for glob in within {
        let built = GlobBuilder::new(glob)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| not_usable(glob, &error))?;
        set.add(built);
    }
    set.build().map_err(|error| not_usable(&within.join("`, `"), &error))
}

fn not_usable(glob: &str, error: &globset::Error) -> TypeError {
    TypeError::Glob {
        glob: shown(glob),
        reason: error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(within: &[&str], allow_root: bool) -> PathRule {
        let within: Vec<String> = within.iter().map(|glob| (*glob).to_owned()).collect();
        PathRule::new(&within, allow_root).unwrap()
    }

    #[test]
    fn a_path_is_written_in_one_way_only() {
        let any = rule(&[], false);
        for text in [
            "a",
            "a/b",
            "a b/c",
            ".hidden",
            "a/.terraform-version",
            "a...b",
            "\u{fc}ber",
            "a/-b",
            "@x",
        ] {
            assert_eq!(any.check(text), Ok(()), "{text}");
        }
        for text in [
            "..",
            "../x",
            "a/..",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            "a/./b",
            "/etc",
            "//x",
            "~",
            "~root/x",
            "a\\..\\b",
            ".git",
            "a/.git/hooks",
            ".GIT/config",
            ".",
        ] {
            assert!(matches!(any.check(text), Err(Refusal::NotAPath(_))), "{text}");
        }
        assert_eq!(any.check(""), Err(Refusal::Empty));
        assert_eq!(any.check("-x"), Err(Refusal::LeadingDash));
    }

    #[test]
    fn the_root_is_accepted_only_where_the_rule_says_so_and_whatever_the_globs_say() {
        assert_eq!(rule(&["a/**"], true).check("."), Ok(()));
        assert!(rule(&["**"], false).check(".").is_err());
    }

    #[test]
    fn a_glob_matches_the_whole_path_and_a_star_stays_within_a_part() {
        let within = rule(&["sandbox/**", "prod/*/app"], false);
        for text in ["sandbox/a", "sandbox/a/b", "prod/eu/app"] {
            assert_eq!(within.check(text), Ok(()), "{text}");
        }
        for text in [
            "sandbox",
            "sandboxes/a",
            "x/sandbox/a",
            "prod/eu/x/app",
            "prod/eu/app/x",
            "Sandbox/a",
        ] {
            assert!(within.check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_longest_path_is_accepted_and_one_byte_more_is_not() {
        let any = rule(&[], false);
        assert_eq!(any.check(&"a".repeat(255)), Ok(()));
        assert!(any.check(&"a".repeat(256)).is_err());
        let long = format!("{}{}", "a/".repeat(511), "aa");
        assert_eq!(long.len(), 1_024);
        assert_eq!(any.check(&long), Ok(()));
        assert!(any.check(&format!("{long}a")).is_err());
    }

    #[test]
    fn a_path_that_is_only_written_differently_is_suggested_in_its_one_notation() {
        let within = rule(&["a/**"], false);
        assert_eq!(within.suggestion("./a//b/").as_deref(), Some("a/b"));
        assert_eq!(within.suggestion("/a/b").as_deref(), Some("a/b"));
        assert_eq!(within.suggestion("./x"), None);
        assert_eq!(within.suggestion("a/b"), None);
        assert_eq!(within.suggestion("a/../b"), None);
    }

    #[test]
    fn a_broken_glob_is_refused_with_its_reason() {
        let error = PathRule::new(&["a[".to_owned()], false).expect_err("broken");
        assert_eq!(
            error.to_string(),
            "`a[` is not a usable glob: unclosed character class; missing ']'"
        );
    }
}
