//! Replaces secrets in the job's output by `***`, wherever the job's writes happen to be cut.
//!
//! What is found: each line of a secret's value as it is, and the whole value in the forms of [`forms`]. Overlapping finds are masked
//! together. What could still become a secret is held back until it is decided or the output ends, never shown on a timer: nobody can
//! answer a prompt here, so a prompt whose last letters look like the start of a secret loses nothing by waiting. No form contains a newline, so a line that
//! is whole is never held back.
//!
//! This protects from accidents, not from a job that wants to tell its secrets: it can always find a form that is not looked for.

mod forms;

use std::ffi::OsStr;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::{Builder, NFA};
use aho_corasick::{Anchored, MatchKind};

/// What stands in the place of a secret.
const MASK: &[u8] = b"***";

/// The secrets of a job, ready to be looked for.
pub(crate) struct Masks {
    patterns: Option<Arc<Patterns>>,
    too_short: Vec<String>,
}

/// Why secrets cannot be looked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MasksError {
    #[error(
        "the forms of the secrets, up to `{name}`, have more than the {most} bytes that can be looked for: declare fewer or smaller ones",
        most = Masks::MOST_FORM_BYTES
    )]
    TooLarge { name: String },
    #[error("cannot prepare the masking of the secrets: {0}")]
    Build(#[from] aho_corasick::BuildError),
    #[error("cannot prepare the masking of the secrets: {0}")]
    Search(#[from] aho_corasick::MatchError),
}

impl Masks {
    /// Shorter values, and shorter lines of a value, are not masked: they would turn up everywhere.
    pub(crate) const LEAST_BYTES: usize = 4;
    /// Keeps the memory for looking for all forms of all secrets within bounds. A private key has some 50 KiB of forms.
    pub(crate) const MOST_FORM_BYTES: usize = 1024 * 1024;

    pub(crate) fn of<'a>(secrets: impl Iterator<Item = (&'a OsStr, &'a [u8])>) -> Result<Self, MasksError> {
        let mut too_short = Vec::new();
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        for (name, value) in secrets {
            let name = name.to_string_lossy().into_owned();
            forms::of(value, &mut patterns);
            patterns.sort_unstable();
            patterns.dedup();
            if patterns.iter().map(Vec::len).sum::<usize>() > Self::MOST_FORM_BYTES {
                return Err(MasksError::TooLarge { name });
            }
            if forms::has_short_line(value) {
                too_short.push(name);
            }
        }
        let patterns = (!patterns.is_empty()).then(|| Patterns::new(&patterns)).transpose()?;
        Ok(Self {
            patterns: patterns.map(Arc::new),
            too_short,
        })
    }

    /// Names of the secrets that are not masked, or not all of their lines.
    pub(crate) fn too_short(&self) -> impl Iterator<Item = &str> {
        self.too_short.iter().map(String::as_str)
    }

    /// A masker for one output.
    pub(crate) fn masker(&self) -> Masker {
        Masker {
            search: self.patterns.clone().map(Search::new),
        }
    }
}

/// All forms of all secrets, as one automaton.
struct Patterns {
    automaton: NFA,
    start: StateID,
    /// For each state but the start, in order, how many of the bytes read last are the start of a form.
    depths: Vec<(StateID, u32)>,
}

impl Patterns {
    fn new(forms: &[Vec<u8>]) -> Result<Self, MasksError> {
        let automaton = Builder::new().match_kind(MatchKind::Standard).build(forms)?;
        let start = automaton.start_state(Anchored::No)?;
        let mut depths = Vec::with_capacity(forms.iter().map(Vec::len).sum());
        for form in forms {
            let mut state = start;
            for (byte, depth) in form.iter().zip(1..) {
                state = automaton.next_state(Anchored::No, state, *byte);
                depths.push((state, depth));
            }
        }
        depths.sort_unstable();
        depths.dedup();
        depths.shrink_to_fit();
        Ok(Self {
            automaton,
            start,
            depths,
        })
    }

    /// How many of the bytes read last may become a form.
    fn depth(&self, state: StateID) -> usize {
        let found = self.depths.binary_search_by_key(&state, |(state, _)| *state);
        let depth = found
            .ok()
            .and_then(|index| self.depths.get(index))
            .map_or(0, |(_, depth)| *depth);
        usize::try_from(depth).unwrap_or(usize::MAX)
    }

    /// The length of the longest form that ends in this state.
    fn longest_match(&self, state: StateID) -> Option<usize> {
        if !self.automaton.is_match(state) {
            return None;
        }
        let lengths = (0..self.automaton.match_len(state))
            .map(|index| self.automaton.pattern_len(self.automaton.match_pattern(state, index)));
        lengths.max()
    }
}

/// Masks one output, in pieces of any size.
pub(crate) struct Masker {
    search: Option<Search>,
}

impl Masker {
    /// Takes what the job wrote and appends what may be shown.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match &mut self.search {
            Some(search) => search.push(bytes, out),
            None => out.extend_from_slice(bytes),
        }
    }

    /// Appends what was held back: the output has ended, so it will not become a secret any more.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(search) = &mut self.search {
            search.release(search.held.len(), out);
        }
    }
}

struct Search {
    patterns: Arc<Patterns>,
    state: StateID,
    /// What is not decided yet.
    held: Vec<u8>,
    /// Where secrets were found in it: apart from each other, in order.
    found: Vec<Range<usize>>,
    /// The byte before `held` belonged to a secret, so its mask has been written.
    masking: bool,
}

impl Search {
    fn new(patterns: Arc<Patterns>) -> Self {
        Self {
            state: patterns.start,
            patterns,
            held: Vec::new(),
            found: Vec::new(),
            masking: false,
        }
    }

    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let patterns = Arc::clone(&self.patterns);
        let mut end = self.held.len();
        self.held.extend_from_slice(bytes);
        for byte in bytes {
            end += 1;
            self.state = patterns.automaton.next_state(Anchored::No, self.state, *byte);
            if patterns.automaton.is_special(self.state)
                && let Some(length) = patterns.longest_match(self.state)
            {
                self.cover(end.saturating_sub(length)..end);
            }
        }
        self.release(self.held.len().saturating_sub(patterns.depth(self.state)), out);
    }

    /// Notes a find. It ends after all others, but may start before some.
    fn cover(&mut self, mut find: Range<usize>) {
        while let Some(last) = self.found.last()
            && last.end >= find.start
        {
            find.start = find.start.min(last.start);
            self.found.pop();
        }
        self.found.push(find);
    }

    /// Writes the first `until` bytes of what is held, with the secrets masked.
    fn release(&mut self, until: usize, out: &mut Vec<u8>) {
        let mut at = 0;
        for find in &self.found {
            if find.start >= until {
                break;
            }
            let shown = self.held.get(at..find.start).unwrap_or_default();
            out.extend_from_slice(shown);
            if !(shown.is_empty() && self.masking) {
                out.extend_from_slice(MASK);
            }
            self.masking = true;
            at = find.end.min(until);
        }
        let shown = self.held.get(at..until).unwrap_or_default();
        out.extend_from_slice(shown);
        self.masking &= shown.is_empty();
        self.forget(until);
    }

    fn forget(&mut self, until: usize) {
        self.held.drain(..until);
        self.found.retain(|find| find.end > until);
        for find in &mut self.found {
            *find = find.start.saturating_sub(until)..find.end - until;
        }
    }
}

#[cfg(test)]
mod tests;
