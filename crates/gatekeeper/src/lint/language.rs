//! What a pattern can match: decided by walking its automaton together with a small one, not by trying examples.
//!
//! Answers with a shortest example, so that a finding can show it. Bounded: a pattern that needs a large automaton is left
//! undecided.

use std::collections::{HashMap, VecDeque};

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};

/// Largest automaton, in bytes, and most memory for making it.
const MAX_BYTES: usize = 1 << 20;
/// Most pairs of states that are visited.
const MAX_VISITED: usize = 1 << 18;

/// All texts that a pattern matches as a whole.
pub(super) struct Language(dense::DFA<Vec<u32>>);

/// A state of the pattern together with a state of the condition.
type Place = (StateID, Watch);

/// Each place that was reached: the place before it and the byte between, none for the start.
type Origins = HashMap<Place, Option<(Place, u8)>>;

/// A second condition on the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Watch {
    /// The text begins with a dash.
    Dash(Seen),
    /// The text, as a path, is absolute or leaves its directory.
    Escape(Part),
    /// The type accepts the text: not empty, no leading dash, unless it says so.
    Value {
        seen: Seen,
        allow_empty: bool,
        allow_leading_dash: bool,
    },
}

/// What has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    Nothing,
    Something,
}

/// How far the current part of a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// Nothing has been read.
    Start,
    /// Right after a slash.
    AfterSlash,
    /// One dot, and whether there was a slash before it.
    Dot { inner: bool },
    /// Two dots.
    Dots { inner: bool },
    /// An ordinary part.
    Other,
    /// The path has escaped, whatever follows.
    Escaped,
}

impl Watch {
    /// The condition after one more byte; `None` when it can no longer hold.
    fn step(self, byte: u8) -> Option<Self> {
        match self {
            Self::Dash(Seen::Nothing) if byte != b'-' => None,
            Self::Dash(_) => Some(Self::Dash(Seen::Something)),
            Self::Escape(part) => Some(Self::Escape(part.step(byte))),
            Self::Value {
                seen: Seen::Nothing,
                allow_leading_dash: false,
                ..
            } if byte == b'-' => None,
            Self::Value {
                allow_empty,
                allow_leading_dash,
                ..
            } => Some(Self::Value {
                seen: Seen::Something,
                allow_empty,
                allow_leading_dash,
            }),
        }
    }

    /// Whether the condition holds at the end of the text.
    const fn holds(self) -> bool {
        match self {
            Self::Dash(seen) => matches!(seen, Seen::Something),
            Self::Escape(part) => matches!(part, Part::Escaped | Part::Dots { inner: true }),
            Self::Value { seen, allow_empty, .. } => allow_empty || matches!(seen, Seen::Something),
        }
    }
}

impl Part {
    const fn step(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Escaped, _) | (Self::Start | Self::Dots { .. }, b'/') => Self::Escaped,
            (_, b'/') => Self::AfterSlash,
            (Self::Start, b'.') => Self::Dot { inner: false },
            (Self::AfterSlash, b'.') => Self::Dot { inner: true },
            (Self::Dot { inner }, b'.') => Self::Dots { inner },
            _ => Self::Other,
        }
    }
}

impl Language {
    /// The language of a pattern; `None` when its automaton would be too large, or the pattern needs more than one.
    pub(super) fn of(pattern: &str) -> Option<Self> {
        let config = dense::Config::new()
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(MAX_BYTES))
            .determinize_size_limit(Some(MAX_BYTES));
        let syntax = syntax::Config::new().unicode(false).utf8(false);
        let whole = format!(r"(?:{pattern})\z");
        dense::Builder::new()
            .configure(config)
            .syntax(syntax)
            .build(&whole)
            .ok()
            .map(Self)
    }

    /// A shortest text in it for which a condition holds, and which has no control character. `Err` when undecided.
    pub(super) fn example(&self, watch: Watch) -> Result<Option<String>, Undecided> {
        let start = self
            .0
            .start_state(&start::Config::new().anchored(regex_automata::Anchored::Yes));
        let start = (start.map_err(|_no_start| Undecided)?, watch);
        let mut origins: Origins = HashMap::from([(start, None)]);
        let mut queue = VecDeque::from([start]);
        while let Some(place) = queue.pop_front() {
            let (state, watch) = place;
            if watch.holds() && self.0.is_match_state(self.0.next_eoi_state(state)) {
                return Ok(Some(spelled(&origins, place)));
            }
            if origins.len() > MAX_VISITED {
                return Err(Undecided);
            }
            for byte in bytes() {
                let next = self.0.next_state(state, byte);
                if self.0.is_dead_state(next) {
                    continue;
                }
                if let Some(watch) = watch.step(byte) {
                    origins.entry((next, watch)).or_insert_with(|| {
                        queue.push_back((next, watch));
                        Some((place, byte))
                    });
                }
            }
        }
        Ok(None)
    }
}

/// The pattern is too large to be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Undecided;

/// Every byte that a value can hold, those that read well first.
fn bytes() -> impl Iterator<Item = u8> {
    let letters = b'a'..=b'z';
    letters
        .chain(b'0'..=b'9')
        .chain(b' '..=b'/')
        .chain(b':'..=b'`')
        .chain(b'{'..=b'~')
        .chain(0x80..=0xf4)
}

/// The text that leads to a place.
fn spelled(origins: &Origins, end: Place) -> String {
    let mut reversed = Vec::new();
    let mut place = end;
    while let Some(Some((before, byte))) = origins.get(&place) {
        reversed.push(*byte);
        place = *before;
    }
    reversed.reverse();
    String::from_utf8_lossy(&reversed).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: Watch = Watch::Value {
        seen: Seen::Nothing,
        allow_empty: false,
        allow_leading_dash: false,
    };

    #[track_caller]
    fn example(pattern: &str, watch: Watch, expected: Option<&str>) {
        let found = Language::of(pattern).unwrap().example(watch).unwrap();
        assert_eq!(found.as_deref(), expected, "{pattern}");
    }

    #[test]
    fn a_shortest_text_with_a_leading_dash_is_found() {
        example("[a-z-]+", Watch::Dash(Seen::Nothing), Some("-"));
        example("x|--force|-vv", Watch::Dash(Seen::Nothing), Some("-vv"));
        example("[a-z][a-z-]*", Watch::Dash(Seen::Nothing), None);
    }

    #[test]
    fn a_path_that_escapes_is_found_and_dots_in_names_are_not() {
        let escape = Watch::Escape(Part::Start);
        example("[a-z./]+", escape, Some("/"));
        example("[a-z][a-z./]+", escape, Some("a/.."));
        example("[.]{2}/x", escape, Some("../x"));
        example("[a-z]+/[.]{2}", escape, Some("a/.."));
        example("[A-Za-z0-9._-]+", escape, None);
        example("[a-z]+(/[a-z]+)*", escape, None);
        example("[a-z]+/[.]{3}", escape, None);
    }

    #[test]
    fn a_text_that_a_type_accepts_is_found_or_there_is_none() {
        example("[a-z]{3,}", VALUE, Some("aaa"));
        example("-[a-z]+", VALUE, None);
        example("", VALUE, None);
        example("a^b", VALUE, None);
        example(r"\n", VALUE, None);
        example("(?u:[\u{e9}])", VALUE, Some("\u{e9}"));
    }

    #[test]
    fn a_pattern_with_a_large_automaton_is_left_undecided() {
        assert!(Language::of("(?:[a-z]*a[a-z]{20})").is_none());
    }
}
