//! The escape inside a frame's text. Never fails on the way out; on the way back every text has one reading or none.

use std::borrow::Cow;

use super::FrameError;

const HEX: [u8; 16] = *b"0123456789abcdef";
/// `\xHH`
const ESCAPED_BYTE: usize = 4;

/// Writes as much of `bytes` as fits into `room` bytes and answers what is left. Never parts a character.
pub(super) fn escape<'a>(bytes: &'a [u8], room: usize, out: &mut Vec<u8>) -> &'a [u8] {
    let limit = out.len().saturating_add(room);
    let mut rest = bytes;
    loop {
        let room = limit.saturating_sub(out.len());
        let plain = rest.iter().take(room).take_while(|byte| is_plain(**byte)).count();
        let (run, after) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        out.extend_from_slice(run);
        rest = after;
        let Some(unit) = Unit::first(rest) else { return rest };
        if out.len() + unit.width() > limit {
            return rest;
        }
        rest = unit.write(rest, out);
    }
}

/// What may stand in a text as it is, of the ASCII bytes: the printable ones without the backslash, and the tab.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'[' | b']'..=b'~')
}

/// What the next bytes are, and how many of them.
enum Unit {
    Plain(usize),
    Backslash,
    Escaped(usize),
}

impl Unit {
    fn first(bytes: &[u8]) -> Option<Self> {
        let first = *bytes.first()?;
        Some(match first {
            b'\\' => Self::Backslash,
            _ if is_plain(first) => Self::Plain(1),
            _ if first.is_ascii() => Self::Escaped(1),
            _ => match first_char(bytes) {
                Some(char) if must_escape(char) => Self::Escaped(char.len_utf8()),
                Some(char) => Self::Plain(char.len_utf8()),
                None => Self::Escaped(1),
            },
        })
    }

    const fn width(&self) -> usize {
        match self {
            Self::Plain(bytes) => *bytes,
            Self::Backslash => 2,
            Self::Escaped(bytes) => *bytes * ESCAPED_BYTE,
        }
    }

    fn write<'a>(&self, bytes: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let taken = match self {
            Self::Backslash => 1,
            Self::Plain(taken) | Self::Escaped(taken) => *taken,
        };
        let (unit, rest) = bytes.split_at_checked(taken).unwrap_or((bytes, &[]));
        match self {
            Self::Plain(_) => out.extend_from_slice(unit),
            Self::Backslash => out.extend_from_slice(b"\\\\"),
            Self::Escaped(_) => unit.iter().for_each(|byte| out.extend_from_slice(&hex_escape(*byte))),
        }
        rest
    }
}

/// The character that `bytes` start with, if they start with one.
fn first_char(bytes: &[u8]) -> Option<char> {
    let head = bytes.get(..4).unwrap_or(bytes);
    let valid = match std::str::from_utf8(head) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
    };
    valid.chars().next()
}

/// Characters that a store or a reader of lines could change or take for a line end.
pub(super) fn must_escape(char: char) -> bool {
    (char.is_control() && char != '\t') || matches!(char, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn hex_escape(byte: u8) -> [u8; ESCAPED_BYTE] {
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    [b'\\', b'x', digit(byte >> 4), digit(byte & 0xf)]
}

/// Escapes a blank at the end of `out`, which holds a text that starts at `start`.
pub(super) fn seal_trailing_blank(start: usize, out: &mut Vec<u8>) {
    if out.len() > start
        && let Some(blank @ (b' ' | b'\t')) = out.last().copied()
    {
        out.pop();
        out.extend_from_slice(&hex_escape(blank));
    }
}

/// Bytes that [`seal_trailing_blank`] may add.
pub(super) const SEAL_ROOM: usize = ESCAPED_BYTE - 1;

/// Reads a text back. Borrows when nothing is escaped.
pub(super) fn unescape(text: &[u8]) -> Result<Cow<'_, [u8]>, FrameError> {
    let Some(first) = memchr::memchr(b'\\', text) else {
        return Ok(Cow::Borrowed(text));
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut next = Some(first);
    while let Some(at) = next {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        bytes.extend_from_slice(plain);
        rest = match escape {
            [b'\\', b'\\', after @ ..] => {
                bytes.push(b'\\');
                after
            }
            [b'\\', b'x', high, low, after @ ..] => {
                bytes.push(hex_digit(*high)? << 4 | hex_digit(*low)?);
                after
            }
            _ => return Err(FrameError::Escape),
        };
        next = memchr::memchr(b'\\', rest);
    }
    bytes.extend_from_slice(rest);
    Ok(Cow::Owned(bytes))
}

fn hex_digit(digit: u8) -> Result<u8, FrameError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(FrameError::Escape),
    }
}
