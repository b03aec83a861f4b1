//! Values: whether a text is what a type of the allow-list accepts.
//!
//! Responsible for the meaning of every type, in this one place: the gate asks it about a caller's words, the linter about
//! defaults and fixed values. Never decides about a whole request, and never changes a value.

mod git;
mod integer;
mod nearest;
mod path;
mod pattern;
mod refusal;
mod safety;
mod wording;

pub mod name;

use std::collections::HashSet;

pub use nearest::nearest;
pub use pattern::PatternError;
pub use refusal::{Refusal, UnsafeText};
#[cfg(feature = "authoring")]
pub(crate) use safety::is_visible;
pub use safety::{MAX_VALUE_CHARACTERS, MAX_WORD_CHARACTERS, check_value, check_word, shown};
pub(crate) use wording::some_of;
pub use wording::{accepts, type_name};

use crate::compiled::{TextRule, ValueType};
use path::PathRule;
use pattern::WholePattern;

/// Why a type cannot be used: it would accept nothing, or something that is never safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// An empty list accepts nothing.
    #[error("the list of accepted words is empty: name at least one")]
    NothingListed,
    /// A listed word that no value could ever be.
    #[error("the listed word `{word}` {refusal}")]
    ListedWord {
        /// The word, fit for display.
        word: String,
        /// Why it is refused.
        refusal: Refusal,
    },
    /// A key that cannot stand before the first `=`.
    #[error("the key `{0}` is empty or contains `=`: no argument could ever name it")]
    Key(String),
    /// Nothing lies between the bounds.
    #[error("no integer lies between {min} and {max}")]
    NoInteger {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A length that is zero, or longer than any value may be.
    #[error("`{0}` is no usable maximum length: expected 1 to {MAX_VALUE_CHARACTERS}")]
    MaxLength(u32),
    /// A pattern that is not usable.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A glob that is not usable.
    #[error("`{glob}` is not a usable glob: {reason}")]
    Glob {
        /// The glob.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A type made ready for use: its patterns, globs and lists are built once.
#[derive(Debug)]
pub struct Checker {
    rule: Rule,
    accepts: String,
}

#[derive(Debug)]
enum Rule {
    Flag,
    Listed { words: Vec<String>, index: HashSet<String> },
    Commit,
    Ref,
    Path(PathRule),
    Integer { min: i64, max: i64 },
    Text(Text),
    KeyValue { keys: Vec<String>, value: Text },
}

#[derive(Debug)]
struct Text {
    pattern: Option<WholePattern>,
    max_length: u32,
    allow_empty: bool,
    allow_leading_dash: bool,
}

impl Checker {
    /// Builds the type.
    pub fn new(value: &ValueType) -> Result<Self, TypeError> {
        let rule = match value {
            ValueType::Flag => Rule::Flag,
            ValueType::Choice { one_of } | ValueType::Repository { one_of, .. } => listed(one_of)?,
            ValueType::Commit => Rule::Commit,
            ValueType::Ref => Rule::Ref,
            ValueType::Path { within, allow_root } => Rule::Path(PathRule::new(within, *allow_root)?),
            ValueType::Integer { min, max } if min > max => return Err(TypeError::NoInteger { min: *min, max: *max }),
            ValueType::Integer { min, max } => Rule::Integer { min: *min, max: *max },
            ValueType::Text(text) => Rule::Text(Text::new(text)?),
            ValueType::KeyValue { keys, value } => Rule::KeyValue {
                keys: key_list(keys)?,
                value: Text::new(value)?,
            },
        };
        Ok(Self {
            rule,
            accepts: accepts(value),
        })
    }

    /// Accepts the text, or says why not.
    pub fn check(&self, text: &str) -> Result<(), Refusal> {
        check_value(text)?;
        match &self.rule {
            Rule::Flag => Err(Refusal::TakesNoValue),
            Rule::Listed { index, .. } => index.contains(text).then_some(()).ok_or(Refusal::NotListed),
            Rule::Commit => git::check_commit(text),
            Rule::Ref => git::check_ref(text),
            Rule::Path(rule) => rule.check(text),
            Rule::Integer { min, max } => integer::check(text, *min, *max),
            Rule::Text(rule) => rule.check(text),
            Rule::KeyValue { keys, value } => check_key_value(text, keys, value),
        }
    }

    /// What is accepted, in one line.
    pub fn accepts(&self) -> &str {
        &self.accepts
    }

    /// A value may begin with one dash, so that a word with one can be meant as a value.
    pub fn allows_leading_dash(&self) -> bool {
        match &self.rule {
            Rule::Integer { min, .. } => *min < 0,
            Rule::Flag
            | Rule::Listed { .. }
            | Rule::Commit
            | Rule::Ref
            | Rule::Path(_)
            | Rule::Text(_)
            | Rule::KeyValue { .. } => self.allows_leading_dashes(),
        }
    }

    /// A value may begin with any number of dashes, so that even the name of an option can be meant as a value.
    pub fn allows_leading_dashes(&self) -> bool {
        matches!(&self.rule, Rule::Text(text) if text.allow_leading_dash)
    }

    /// The accepted value that a refused one was probably meant to be.
    pub fn suggestion(&self, text: &str) -> Option<String> {
        match &self.rule {
            Rule::Listed { words, .. } => nearest(text, words.iter().map(String::as_str)).map(str::to_owned),
            Rule::Commit => git::commit_suggestion(text),
            Rule::Path(rule) => rule.suggestion(text),
            Rule::KeyValue { keys, .. } => {
                let (key, value) = text.split_once('=')?;
                let near = nearest(key, keys.iter().map(String::as_str)).filter(|near| *near != key)?;
                Some(format!("{near}={}", shown(value)))
            }
            Rule::Flag | Rule::Ref | Rule::Integer { .. } | Rule::Text(_) => None,
        }
    }
}

impl Text {
    fn new(rule: &TextRule) -> Result<Self, TypeError> {
        let longest = u32::try_from(MAX_VALUE_CHARACTERS).unwrap_or(u32::MAX);
        if !(1..=longest).contains(&rule.max_length) {
            return Err(TypeError::MaxLength(rule.max_length));
        }
        Ok(Self {
            pattern: rule.pattern.as_deref().map(WholePattern::new).transpose()?,
            max_length: rule.max_length,
            allow_empty: rule.allow_empty,
            allow_leading_dash: rule.allow_leading_dash,
        })
    }

    fn check(&self, text: &str) -> Result<(), Refusal> {
        if text.is_empty() && !self.allow_empty {
            return Err(Refusal::Empty);
        }
        // `--` alone ends the options for most parsers, whatever stands before it.
        if text == "--" || (text.starts_with('-') && !self.allow_leading_dash) {
            return Err(Refusal::LeadingDash);
        }
        if text.chars().count() > usize::try_from(self.max_length).unwrap_or(usize::MAX) {
            return Err(Refusal::TooLong { max: self.max_length });
        }
        match &self.pattern {
            Some(pattern) if !pattern.matches(text) => Err(Refusal::Pattern),
            Some(_) | None => Ok(()),
        }
    }
}

fn listed(words: &[String]) -> Result<Rule, TypeError> {
    if words.is_empty() {
        return Err(TypeError::NothingListed);
    }
    for word in words {
        usable_word(word)?;
    }
    Ok(Rule::Listed {
        words: words.to_vec(),
        index: words.iter().cloned().collect(),
    })
}

fn key_list(keys: &[String]) -> Result<Vec<String>, TypeError> {
    if keys.is_empty() {
        return Err(TypeError::NothingListed);
    }
    for key in keys {
        if key.is_empty() || key.contains('=') {
            return Err(TypeError::Key(shown(key)));
        }
        usable_word(key)?;
    }
    Ok(keys.to_vec())
}

fn usable_word(word: &str) -> Result<(), TypeError> {
    let refusal = match check_value(word) {
        Err(problem) => Refusal::from(problem),
        Ok(()) if word.is_empty() => Refusal::Empty,
        Ok(()) if word.starts_with('-') => Refusal::LeadingDash,
        Ok(()) => return Ok(()),
    };
    Err(TypeError::ListedWord {
        word: shown(word),
        refusal,
    })
}

fn check_key_value(text: &str, keys: &[String], value: &Text) -> Result<(), Refusal> {
    let Some((key, rest)) = text.split_once('=') else {
        return Err(Refusal::Key);
    };
    if !keys.iter().any(|known| known == key) {
        return Err(Refusal::Key);
    }
    check_value(rest)?;
    value.check(rest)
}
