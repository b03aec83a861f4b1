//! Recognises the commands that CI systems take from a job's log, at the character that would complete one.
//!
//! Guarded in every CI: `::command` at the start of a line (GitHub and its relatives), `##[…`, `##vso[…`, `##teamcity[…`
//! anywhere (Azure, `TeamCity`, old GitHub), `section_start:` and `section_end:` anywhere (GitLab). Only in Buildkite, because
//! they are common in ordinary text: `---`, `+++`, `~~~`, `^^^` and a space at the start of a line. Commands that need a terminal
//! sequence (Travis, Jenkins, Buildkite images) are gone with the sequence. Never: changes text, only says where to break it.

use super::super::CiSystem;
use super::{is_plain, leading};

const SECTIONS: [&[u8]; 2] = [b"section_start", b"section_end"];
const LONGEST_SECTION: usize = 13;

/// Watches one stream of text: a channel of output, or a log in which both channels and our own lines come together.
#[derive(Debug)]
pub(crate) struct Guard {
    ci: CiSystem,
    line: Line,
    hash: Hash,
    recent: Recent,
}

/// Where in a line the output stands, as far as commands at its start are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Nothing but blanks so far.
    Start,
    /// One colon after the blanks.
    Colon,
    /// A run of one to three of a Buildkite marker's characters.
    Marker { character: char, count: u8 },
    /// No command can begin any more.
    Middle,
}

/// How much of `##word[` has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    None,
    One,
    Two,
    Word,
}

/// The last few bytes of text.
#[derive(Debug, Default)]
struct Recent([u8; LONGEST_SECTION]);

impl Guard {
    pub(crate) const fn new(ci: CiSystem) -> Self {
        Self {
            ci,
            line: Line::Start,
            hash: Hash::None,
            recent: Recent([0; LONGEST_SECTION]),
        }
    }

    /// Takes the character. True when a command would be complete with it, so that a break belongs before it.
    pub(super) fn completes_command(&mut self, character: char) -> bool {
        let at_start = self.line_start(character);
        let hash = self.hash(character);
        let section = character == ':' && self.recent.ends_with_section();
        self.recent.push(character);
        at_start || hash || section
    }

    /// Takes the end of a line or of the stream. True when it would complete a command.
    pub(crate) fn ends_in_command(&mut self) -> bool {
        let marker = matches!(self.line, Line::Marker { count: 3, .. });
        self.line = Line::Start;
        self.hash = Hash::None;
        self.recent = Recent::default();
        marker
    }

    /// How many of the first `bytes` are such that no command can begin or end in them.
    pub(super) fn plain_length(&self, bytes: &[u8]) -> usize {
        if self.line != Line::Middle || self.hash != Hash::None {
            return 0;
        }
        leading(bytes, |byte| is_plain(byte) && !matches!(byte, b'\n' | b'#' | b':'))
    }

    /// Takes such bytes.
    pub(super) fn skip(&mut self, plain: &[u8]) {
        self.recent.extend(plain);
    }

    fn line_start(&mut self, character: char) -> bool {
        let (next, command) = match self.line {
            Line::Start if character.is_whitespace() || is_invisible(character) => (Line::Start, false),
            Line::Start if character == ':' => (Line::Colon, false),
            Line::Start if self.ci == CiSystem::Buildkite && is_marker(character) => {
                (Line::Marker { character, count: 1 }, false)
            }
            Line::Colon => (Line::Middle, character == ':'),
            Line::Marker { character: same, count } if same == character && count < 3 => (
                Line::Marker {
                    character,
                    count: count + 1,
                },
                false,
            ),
            Line::Marker { count, .. } => (Line::Middle, count == 3 && character.is_whitespace()),
            Line::Start | Line::Middle => (Line::Middle, false),
        };
        self.line = next;
        command
    }

    fn hash(&mut self, character: char) -> bool {
        let (next, command) = match (self.hash, character) {
            (Hash::None | Hash::Word, '#') => (Hash::One, false),
            (Hash::One | Hash::Two, '#') => (Hash::Two, false),
            (Hash::Two | Hash::Word, '[') => (Hash::None, true),
            (Hash::Two | Hash::Word, 'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.') => (Hash::Word, false),
            (Hash::None | Hash::One | Hash::Two | Hash::Word, _) => (Hash::None, false),
        };
        self.hash = next;
        command
    }
}

impl Recent {
    fn push(&mut self, character: char) {
        self.extend(&[u8::try_from(character).unwrap_or(0)]);
    }

    fn extend(&mut self, bytes: &[u8]) {
        let new = bytes
            .get(bytes.len().saturating_sub(LONGEST_SECTION)..)
            .unwrap_or_default();
        self.0.rotate_left(new.len());
        if let Some(place) = self.0.get_mut(LONGEST_SECTION - new.len()..) {
            place.copy_from_slice(new);
        }
    }

    fn ends_with_section(&self) -> bool {
        SECTIONS.iter().any(|section| self.0.ends_with(section))
    }
}

fn is_marker(character: char) -> bool {
    matches!(character, '-' | '+' | '~' | '^')
}

/// Characters without width that a log reader might strip before it looks for commands.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}
