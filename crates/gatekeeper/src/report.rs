//! Collects the problems of a request in the order of its words, each fit for display and bounded in size.
//!
//! Never decides: whether something is a problem is the caller's business.

use protocol::{Problem, ProblemKind};

use crate::value::{UnsafeText, shown};

/// Most suggestions in one denial: an honest request needs few, and looking for them costs time.
const MAX_SUGGESTIONS: u32 = 24;

/// The rule of the gate itself that refuses unsafe text.
const SAFE_TEXT: &str = "built-in.safe-text";

/// The words that a problem is about.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    word: Option<&'a str>,
    index: Option<usize>,
    rule: &'a str,
}

impl<'a> Words<'a> {
    /// An argument and the rule that refuses it.
    pub(crate) const fn at(word: &'a str, index: usize, rule: &'a str) -> Self {
        Self {
            word: Some(word),
            index: Some(index),
            rule,
        }
    }

    /// A word that is not an argument.
    pub(crate) const fn outside(word: &'a str, rule: &'a str) -> Self {
        Self {
            word: Some(word),
            index: None,
            rule,
        }
    }

    /// Something that is missing, or the request as a whole.
    pub(crate) const fn none(rule: &'a str) -> Self {
        Self {
            word: None,
            index: None,
            rule,
        }
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    problems: Vec<Problem>,
    suggestions: u32,
}

impl Report {
    /// Adds a problem.
    pub(crate) fn add(
        &mut self,
        kind: ProblemKind,
        words: Words<'_>,
        message: String,
        accepted: String,
        suggestion: Option<String>,
    ) {
        self.problems.push(Problem {
            kind,
            word: words.word.map(shown),
            index: words.index.and_then(|index| u32::try_from(index).ok()),
            rule: words.rule.to_owned(),
            message,
            accepted,
            suggestion,
        });
    }

    /// Adds text that is refused anywhere.
    pub(crate) fn unsafe_text(&mut self, word: &str, index: Option<usize>, problem: &UnsafeText) {
        let words = Words {
            word: Some(word),
            index,
            rule: SAFE_TEXT,
        };
        let message = format!("`{}` {problem}", shown(word));
        self.add(
            ProblemKind::UnsafeText,
            words,
            message,
            "visible text in normal form C".to_owned(),
            None,
        );
    }

    /// Looks for a suggestion, unless enough have been made.
    pub(crate) fn suggest(&mut self, look: impl FnOnce() -> Option<String>) -> Option<String> {
        if self.suggestions >= MAX_SUGGESTIONS {
            return None;
        }
        self.suggestions += 1;
        look()
    }

    /// Whether nothing is wrong so far.
    pub(crate) const fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// The problems, in the order of the words.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}
