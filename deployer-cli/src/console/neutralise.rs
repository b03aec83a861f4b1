//! Makes the output of a job harmless to the console that shows it.
//!
//! Responsible for: replacing terminal sequences (all but colours), invisible reordering of text and, in CI, workflow
//! commands by something visible that can be undone. Works on a stream in bounded memory: how the bytes are cut into
//! chunks never changes the result. Never: drops a byte, reads the environment or writes anywhere by itself.
//!
//! The notation, from which the exact bytes can be restored:
//!
//! | In the output | Was |
//! |---|---|
//! | `␀`–`␟`, `␡` (control pictures) | the control character of that name; `␍` is followed by a line break that was not there |
//! | `␦xHH` | the byte HH, which was not part of valid UTF-8 |
//! | `␦uHHHH` | the character U+HHHH (C1 control, text direction override or exotic line separator) |
//! | `␦` before a control picture or `␦` | that character itself |
//! | `␦` before anything else | nothing: it breaks up a CI workflow command |

mod sgr;
mod workflow;

use sgr::{OpenStyle, Sequence};
pub(super) use workflow::Guard;

use super::CiSystem;

const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;
const MARK: char = '\u{2426}';
/// A line end after something that must not be a command.
pub(super) const BROKEN_LINE_END: &str = "\u{2426}\n";
const PICTURE_OF_NUL: u32 = 0x2400;
const PICTURE_OF_DELETE: char = '\u{2421}';

/// A streaming filter for one channel of a job's output.
#[derive(Debug)]
pub struct Neutraliser {
    state: State,
    guard: Option<Guard>,
    /// The guard of the whole log, while this channel writes to it.
    log: Option<Guard>,
    style: OpenStyle,
}

/// What has been read and cannot be judged yet.
#[derive(Debug)]
enum State {
    Ground,
    CarriageReturn,
    Escape,
    Sequence(Sequence),
    Character(Held),
}

/// The beginning of a UTF-8 character.
#[derive(Debug, Default)]
struct Held {
    bytes: [u8; 4],
    length: usize,
}

impl Neutraliser {
    /// A filter for a terminal or, with a CI system, for that system's log.
    pub fn new(ci: Option<CiSystem>) -> Self {
        Self {
            state: State::Ground,
            guard: ci.map(Guard::new),
            log: None,
            style: OpenStyle::default(),
        }
    }

    /// Filters the next bytes and appends the result to `out`. At most a few dozen bytes are held back.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            let plain = self.plain_run(rest);
            let taken = if !plain.is_empty() {
                out.extend_from_slice(plain);
                plain.len()
            } else if let Some(character) = self.whole_character(rest) {
                self.character(character, out);
                character.len_utf8()
            } else {
                self.byte(byte, out);
                1
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    /// Appends what was held back at the end of the stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.settle(out);
        self.line_end(b"", out);
    }

    /// Does `work` as a part of a log that others write to as well: no command can be put together from the parts of two.
    pub(super) fn within(&mut self, log: &mut Option<Guard>, work: impl FnOnce(&mut Self)) {
        std::mem::swap(&mut self.log, log);
        work(self);
        std::mem::swap(&mut self.log, log);
    }

    /// Somebody else ends the line on this stream. True when that would complete a command.
    pub(super) fn end_line(&mut self) -> bool {
        self.guard.as_mut().is_some_and(Guard::ends_in_command)
    }

    /// The colour sequences since the last reset: what has to be sent again after something else was written in between.
    pub fn open_style(&self) -> &[u8] {
        self.style.as_bytes()
    }

    /// The longest beginning of `bytes` that is ordinary text, whatever follows.
    fn plain_run<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if !matches!(self.state, State::Ground) {
            return &[];
        }
        let guards = || self.guard.iter().chain(&self.log);
        let length = guards().map(|guard| guard.plain_length(bytes)).min();
        let length = length.unwrap_or_else(|| leading(bytes, is_plain));
        let plain = bytes.get(..length).unwrap_or_default();
        for guard in self.guard.iter_mut().chain(&mut self.log) {
            guard.skip(plain);
        }
        plain
    }

    /// The character beyond ASCII that `bytes` begins with, if it is there as a whole: a short cut, the rest is done byte by byte.
    fn whole_character(&self, bytes: &[u8]) -> Option<char> {
        let length = match bytes.first()? {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return None,
        };
        let candidate = bytes.get(..length).filter(|_| matches!(self.state, State::Ground))?;
        std::str::from_utf8(candidate).ok()?.chars().next()
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        match &mut self.state {
            State::Ground => self.ground(byte, out),
            State::CarriageReturn if byte == b'\n' => {
                self.state = State::Ground;
                self.line_end(b"\r\n", out);
            }
            State::Escape if byte == b'[' => self.state = State::Sequence(Sequence::default()),
            State::CarriageReturn | State::Escape => self.again(byte, out),
            State::Sequence(sequence) => {
                if byte == b'm' && sequence.only_changes_colours() {
                    self.style.apply(sequence);
                    sequence.write_to(out);
                    self.state = State::Ground;
                } else if !sequence.push(byte) {
                    self.again(byte, out);
                }
            }
            State::Character(held) => match held.push(byte) {
                Next::Complete(character) => {
                    self.state = State::Ground;
                    self.character(character, out);
                }
                Next::Incomplete => {}
                Next::Broken => self.again(byte, out),
            },
        }
    }

    /// The byte does not continue what is held: that goes out as it is, and the byte is looked at afresh.
    fn again(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.settle(out);
        self.ground(byte, out);
    }

    fn settle(&mut self, out: &mut Vec<u8>) {
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Ground => {}
            State::CarriageReturn => {
                self.text(picture(b'\r'), out);
                self.line_end(b"\n", out);
            }
            State::Escape => self.text(picture(ESCAPE), out),
            State::Sequence(sequence) => {
                self.text(picture(ESCAPE), out);
                self.text('[', out);
                for &byte in sequence.parameters() {
                    self.text(char::from(byte), out);
                }
            }
            State::Character(held) => {
                for &byte in held.as_bytes() {
                    self.escaped(format_args!("x{byte:02x}"), out);
                }
            }
        }
    }

    fn ground(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            b'\n' => self.line_end(b"\n", out),
            b'\r' => self.state = State::CarriageReturn,
            ESCAPE => self.state = State::Escape,
            b'\t' | b' '..=b'~' => self.text(char::from(byte), out),
            0x00..=0x1f | DELETE => self.text(picture(byte), out),
            0xc2..=0xf4 => {
                let mut held = Held::default();
                held.push(byte);
                self.state = State::Character(held);
            }
            0x80..=0xc1 | 0xf5..=0xff => self.escaped(format_args!("x{byte:02x}"), out),
        }
    }

    fn character(&mut self, character: char, out: &mut Vec<u8>) {
        if is_deceptive(character) {
            self.escaped(format_args!("u{:04x}", u32::from(character)), out);
        } else if is_reserved(character) {
            self.text(MARK, out);
            self.text(character, out);
        } else {
            self.text(character, out);
        }
    }

    fn escaped(&mut self, notation: std::fmt::Arguments<'_>, out: &mut Vec<u8>) {
        self.text(MARK, out);
        for character in notation.to_string().chars() {
            self.text(character, out);
        }
    }

    fn text(&mut self, character: char, out: &mut Vec<u8>) {
        self.break_if(|guard| guard.completes_command(character), out);
        push_char(character, out);
    }

    fn line_end(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.break_if(Guard::ends_in_command, out);
        out.extend_from_slice(bytes);
    }

    /// Puts a break where one of the guards wants it. Each of them has to see everything.
    fn break_if(&mut self, wanted: impl Fn(&mut Guard) -> bool, out: &mut Vec<u8>) {
        let guards = self.guard.iter_mut().chain(&mut self.log);
        if guards.map(wanted).fold(false, |any, one| any | one) {
            push_char(MARK, out);
        }
    }
}

enum Next {
    Complete(char),
    Incomplete,
    Broken,
}

impl Held {
    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Takes the byte if the character can go on with it.
    fn push(&mut self, byte: u8) -> Next {
        let Some(place) = self.bytes.get_mut(self.length) else {
            return Next::Broken;
        };
        *place = byte;
        let candidate = self.bytes.get(..=self.length).unwrap_or_default();
        match std::str::from_utf8(candidate) {
            Ok(text) => text.chars().next().map_or(Next::Broken, Next::Complete),
            Err(error) if error.error_len().is_none() => {
                self.length += 1;
                Next::Incomplete
            }
            Err(_ill_formed) => Next::Broken,
        }
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\t' | b' '..=b'~')
}

fn leading(bytes: &[u8], accept: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|&byte| !accept(byte)).unwrap_or(bytes.len())
}

/// The picture of a C0 control character or of DEL.
fn picture(control: u8) -> char {
    if control == DELETE {
        return PICTURE_OF_DELETE;
    }
    char::from_u32(PICTURE_OF_NUL + u32::from(control)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Characters of the notation: they have to be told apart from what they stand for.
fn is_reserved(character: char) -> bool {
    matches!(character, '\u{2400}'..='\u{2421}' | MARK)
}

/// Characters that a reader does not see and that change what the rest seems to say: C1 controls, line and paragraph
/// separators, text direction embeddings, overrides and isolates.
fn is_deceptive(character: char) -> bool {
    matches!(character, '\u{80}'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn push_char(character: char, out: &mut Vec<u8>) {
    let mut buffer = [0; 4];
    out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
}

/// Text for a person, with everything neutralised that would be in a job's output.
pub fn harmless(ci: Option<CiSystem>, text: &str) -> String {
    let mut filter = Neutraliser::new(ci);
    let mut out = Vec::with_capacity(text.len());
    filter.push(text.as_bytes(), &mut out);
    filter.finish(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
pub(super) mod tests;
