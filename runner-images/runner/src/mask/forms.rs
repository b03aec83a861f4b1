//! The forms in which a secret may appear in a job's output. Plain text out; never a form that contains a newline.

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::Masks;

/// Where `base64`, `openssl` and mail tools break their lines.
const BASE64_WIDTHS: [usize; 2] = [76, 64];

/// What encoders leave as it is in an address, besides letters and digits: RFC 3986's unreserved characters, then the wider sets of
/// Python's `quote`, JavaScript's `encodeURIComponent`, Go's `PathEscape` and JavaScript's `encodeURI`.
const URL_SAFE: [&[u8]; 5] = [b"-._~", b"-._~/", b"-._~!*'()", b"-._~$&+=:@", b"-._~!*'();/?:@&=+$,#"];

/// Which optional characters a JSON writer escapes.
#[derive(Clone, Copy)]
struct JsonStyle {
    slash: bool,
    html: bool,
    ascii_only: bool,
}

/// A line of the value is too short to be masked.
pub(super) fn has_short_line(value: &[u8]) -> bool {
    let mut lines = lines(value).map(<[u8]>::len).peekable();
    lines.peek().is_none() || lines.any(|length| length < Masks::LEAST_BYTES)
}

/// Appends all forms of the value.
pub(super) fn of(value: &[u8], forms: &mut Vec<Vec<u8>>) {
    let trimmed = value.trim_ascii_end();
    let wholes = if trimmed == value {
        vec![value]
    } else {
        vec![value, trimmed]
    };
    forms.extend(lines(value).map(<[u8]>::to_vec));
    for whole in wholes.into_iter().filter(|whole| whole.len() >= Masks::LEAST_BYTES) {
        base64_forms(&STANDARD_NO_PAD, whole, forms);
        base64_forms(&URL_SAFE_NO_PAD, whole, forms);
        url_forms(whole, forms);
        json_forms(whole, forms);
    }
    forms.retain(|form| form.len() >= Masks::LEAST_BYTES && !form.contains(&b'\n'));
}

fn lines(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter(|line| !line.is_empty())
}

/// The value at each of the three places that it can have in a group of three bytes.
fn base64_forms(alphabet: &GeneralPurpose, value: &[u8], forms: &mut Vec<Vec<u8>>) {
    for before in 0..3_usize {
        let shifted = [[0; 2].get(..before).unwrap_or_default(), value].concat();
        let encoded = alphabet.encode(&shifted).into_bytes();
        // The first characters also depend on the bytes before the value, and the last one of a group that is not full on those after it.
        let first = before + usize::from(before > 0);
        let partial = !shifted.len().is_multiple_of(3);
        let inside = encoded
            .get(first..encoded.len() - usize::from(partial))
            .unwrap_or_default()
            .to_vec();
        if before == 0 {
            let rows = BASE64_WIDTHS.iter().flat_map(|width| inside.chunks(*width));
            forms.extend(
                rows.filter(|row| row.len() >= 2 * Masks::LEAST_BYTES)
                    .map(<[u8]>::to_vec),
            );
        }
        forms.push(inside);
        if partial {
            let mut at_the_end = encoded.get(first..).unwrap_or_default().to_vec();
            forms.push(at_the_end.clone());
            at_the_end.resize(at_the_end.len() + 3 - shifted.len() % 3, b'=');
            forms.push(at_the_end);
        }
    }
}

fn url_forms(value: &[u8], forms: &mut Vec<Vec<u8>>) {
    for safe in URL_SAFE {
        for upper in [true, false] {
            let encoded = url_encoded(value, safe, upper);
            // Forms write a blank as a plus.
            forms.push(String::from_utf8_lossy(&encoded).replace("%20", "+").into_bytes());
            forms.push(encoded);
        }
    }
}

fn url_encoded(value: &[u8], safe: &[u8], upper: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for byte in value {
        if byte.is_ascii_alphanumeric() || safe.contains(byte) {
            out.push(*byte);
        } else if upper {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            out.extend_from_slice(format!("%{byte:02x}").as_bytes());
        }
    }
    out
}

/// As a JSON string without its quotes, and that once more inside another JSON string.
fn json_forms(value: &[u8], forms: &mut Vec<Vec<u8>>) {
    let Ok(text) = std::str::from_utf8(value) else { return };
    for bits in 0..8_u8 {
        let style = JsonStyle {
            slash: bits & 1 != 0,
            html: bits & 2 != 0,
            ascii_only: bits & 4 != 0,
        };
        let once = json_escaped(text, style);
        forms.push(json_escaped(&once, style).into_bytes());
        forms.push(once.into_bytes());
    }
}

fn json_escaped(text: &str, style: JsonStyle) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '/' if style.slash => out.push_str("\\/"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if style.html => unicode_escape(char, &mut out),
            _ if char.is_ascii_control() => unicode_escape(char, &mut out),
            _ if style.ascii_only && !char.is_ascii() => unicode_escape(char, &mut out),
            _ => out.push(char),
        }
    }
    out
}

fn unicode_escape(char: char, out: &mut String) {
    for unit in char.encode_utf16(&mut [0; 2]) {
        out.push_str("\\u");
        let digit = |shift: u16| char::from_digit(u32::from(*unit >> shift & 0xf), 16);
        out.extend([12, 8, 4, 0].into_iter().filter_map(digit));
    }
}
