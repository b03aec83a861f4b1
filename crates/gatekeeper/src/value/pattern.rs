//! Patterns: regular expressions that always match a whole value, in linear time, over ASCII unless they say otherwise.

use std::error::Error;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;

/// Largest compiled pattern, in bytes.
const MAX_COMPILED_BYTES: usize = 1 << 20;
/// Deepest nesting of groups.
const MAX_NESTING: u32 = 50;
/// Longest pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 2_048;

/// Why a pattern is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Longer than a pattern may be.
    #[error("the pattern of {0} bytes is too long: at most {MAX_PATTERN_BYTES} are read")]
    TooLong(usize),
    /// Not a regular expression, or too large once compiled.
    #[error("`{pattern}` is not a usable pattern: {reason}")]
    NotUsable {
        /// The pattern.
        pattern: String,
        /// What is wrong with it, in one line.
        reason: String,
    },
}

/// A pattern that matches whole values only.
#[derive(Debug)]
pub(super) struct WholePattern(Regex);

impl WholePattern {
    /// Builds it. The pattern must stand on its own first, so that it cannot close the group that anchors it.
    pub(super) fn new(pattern: &str) -> Result<Self, PatternError> {
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::TooLong(pattern.len()));
        }
        stands_alone(pattern)?;
        build(pattern).map(Self)
    }

    /// Whether it matches the whole value.
    pub(super) fn matches(&self, value: &str) -> bool {
        self.0.is_match(value.as_bytes())
    }
}

/// Reads it as [`build`] will, without compiling it.
fn stands_alone(pattern: &str) -> Result<(), PatternError> {
    ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .nest_limit(MAX_NESTING)
        .build()
        .parse(pattern)
        .map(drop)
        .map_err(|error| not_usable(pattern, &error))
}

/// `\d`, `\w`, `\s` and letter case are ASCII; `(?u:…)` asks for Unicode.
fn build(pattern: &str) -> Result<Regex, PatternError> {
    RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
        .unicode(false)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES)
        .nest_limit(MAX_NESTING)
        .build()
        .map_err(|error| not_usable(pattern, &error))
}

/// The reason is the last line of the error; the lines before it draw the pattern with a marker below.
fn not_usable(pattern: &str, error: &dyn Error) -> PatternError {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    PatternError::NotUsable {
        pattern: super::shown(pattern),
        reason: last.trim_start_matches("error: ").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn matches(pattern: &str, value: &str, expected: bool) {
        assert_eq!(
            WholePattern::new(pattern).unwrap().matches(value),
            expected,
            "`{pattern}` on `{value}`"
        );
    }

    #[test]
    fn a_pattern_matches_the_whole_value_only() {
        matches("main", "main", true);
        matches("main", "evil-main-x", false);
        matches("main", "main\n", false);
        matches("a|b", "ab", false);
        matches("(?m)^a$", "a\nb", false);
        matches("a$|b", "a\nb", false);
        // Every byte but one, which need not be text.
        matches("[^a]+", "b\u{e9}", true);
    }

    #[test]
    fn classes_are_ascii_unless_the_pattern_asks_for_unicode() {
        matches(r"\d", "7", true);
        matches(r"\d", "\u{ff17}", false);
        matches(r"\w", "\u{430}", false);
        matches(r"\s", "\u{a0}", false);
        matches("(?i)k", "\u{212a}", false);
        matches(r"(?u:\w)", "\u{430}", true);
    }

    #[track_caller]
    fn refused(pattern: &str, expected: &str) {
        let error = WholePattern::new(pattern).expect_err("the pattern must be refused");
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn a_pattern_cannot_step_out_of_its_anchors() {
        refused("a)|(?:b", "unopened group");
        refused("(?x)a # ", "unclosed group");
    }

    #[test]
    fn a_pattern_that_is_broken_or_too_large_is_refused() {
        refused("(", "unclosed group");
        refused(r"(?:a{1000}){1000}", "size limit");
        refused(&format!("{}{}", "(".repeat(60), ")".repeat(60)), "nest");
        refused(&"a".repeat(2_049), "pattern of 2049 bytes is too long");
        refused(r"(a)\1", "backreferences are not supported");
    }
}
