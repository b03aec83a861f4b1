//! Text that is refused everywhere: control and invisible characters, text with two notations, over-long words.
//!
//! Also makes untrusted text fit for display. Never mends a text.

use unicode_normalization::char::{is_combining_mark, is_public_assigned};
use unicode_normalization::is_nfc;

use super::UnsafeText;

/// Longest value, in characters. Overrides of 8,192 characters carry all arguments together.
pub const MAX_VALUE_CHARACTERS: usize = 4_096;

/// Longest word, in characters: nothing longer fits into the overrides of a task.
pub const MAX_WORD_CHARACTERS: usize = 8_192;

/// Longest text that is shown in a message, in characters of the original.
const MAX_SHOWN_CHARACTERS: usize = 80;

/// Format characters, separators other than the space, and what is drawn as nothing: each range inclusive.
///
/// Unassigned and private code points are refused as well; those the Unicode tables of the normalisation crate know.
const INVISIBLE: [(char, char); 31] = [
    ('\u{80}', '\u{a0}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2000}', '\u{200f}'),
    ('\u{2028}', '\u{202f}'),
    ('\u{205f}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    // The object replacement character, and what a lossy conversion leaves of bytes that were not UTF-8.
    ('\u{fffc}', '\u{fffd}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
    ('\u{f0000}', '\u{10ffff}'),
];

/// Accepts a word of a request as text, or says why not.
pub fn check_word(text: &str) -> Result<(), UnsafeText> {
    check(text, MAX_WORD_CHARACTERS)
}

/// Accepts a value as text, or says why not.
pub fn check_value(text: &str) -> Result<(), UnsafeText> {
    check(text, MAX_VALUE_CHARACTERS)
}

fn check(text: &str, max: usize) -> Result<(), UnsafeText> {
    if text.len() > max && text.chars().nth(max).is_some() {
        return Err(UnsafeText::TooLong { max });
    }
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    if let Some(character) = text.chars().find(|character| !is_visible(*character)) {
        return Err(UnsafeText::Character {
            escaped: character.escape_unicode().to_string(),
        });
    }
    if !is_nfc(text) {
        return Err(UnsafeText::NotNormal);
    }
    match text.chars().next() {
        Some(first) if is_combining_mark(first) => Err(UnsafeText::LeadingMark),
        Some(_) | None => Ok(()),
    }
}

/// Whether a person sees the character as what it is: assigned, public, neither control nor format nor blank.
pub(crate) fn is_visible(character: char) -> bool {
    match character {
        ' '..='~' => true,
        '\0'..='\u{7f}' => false,
        _ => is_public_assigned(character) && !INVISIBLE.iter().any(|(from, to)| (*from..=*to).contains(&character)),
    }
}

/// The text as it may be shown: printable ASCII as it is, all else (and the backslash) escaped, and shortened.
///
/// Look-alikes from other scripts become visible by it, and nothing in it can act on a terminal.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_SHOWN_CHARACTERS));
    for (count, character) in text.chars().enumerate() {
        if count == MAX_SHOWN_CHARACTERS {
            out.push_str("...");
            break;
        }
        match character {
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(character),
            _ => out.extend(character.escape_default()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_characters_that_unicode_calls_invisible_are_refused() {
        let invisible = regex::Regex::new(
            r"\A(?:[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\x{2800}\x{FFFC}\x{FFFD}]|[\p{Zs}--\x20])\z",
        )
        .unwrap();
        // The tables of the two crates are of different years: what one of them does not know yet cannot be compared.
        let unassigned = regex::Regex::new(r"\A[\p{Cn}--\p{Default_Ignorable_Code_Point}]\z").unwrap();
        let mut buffer = [0; 4];
        let differing: Vec<char> = ('\0'..=char::MAX)
            .filter(|character| {
                let text = &*character.encode_utf8(&mut buffer);
                !unassigned.is_match(text) && is_visible(*character) == invisible.is_match(text)
            })
            .collect();
        assert_eq!(differing, Vec::<char>::new());
        for character in ['\u{378}', '\u{fdd0}', '\u{fffe}', '\u{1ffff}', '\u{10ffff}'] {
            assert!(!is_visible(character), "{character:?}");
        }
    }

    #[track_caller]
    fn refused(text: &str, expected: &UnsafeText) {
        assert_eq!(check_word(text).as_ref(), Err(expected), "{text:?}");
    }

    #[test]
    fn unsafe_text_is_refused_with_its_first_reason() {
        for character in [
            '\0', '\n', '\r', '\t', '\u{1b}', '\u{7f}', '\u{85}', '\u{2028}', '\u{2029}', '\u{202e}',
        ] {
            let escaped = character.escape_unicode().to_string();
            refused(&format!("a{character}b"), &UnsafeText::Character { escaped });
        }
        for character in [
            '\u{200b}',
            '\u{feff}',
            '\u{3164}',
            '\u{e0041}',
            '\u{a0}',
            '\u{fffd}',
            '\u{e000}',
        ] {
            let escaped = character.escape_unicode().to_string();
            refused(&format!("a{character}b"), &UnsafeText::Character { escaped });
        }
        refused("u\u{308}ber", &UnsafeText::NotNormal);
        refused("\u{212b}", &UnsafeText::NotNormal);
        refused("\u{338}x", &UnsafeText::LeadingMark);
    }

    #[test]
    fn ordinary_text_is_accepted_in_any_script() {
        for text in [
            "",
            " ",
            "plan",
            "~!@#$%^&*()`'\"\\",
            "\u{fc}ber",
            "\u{65e5}\u{672c}",
            "\u{1f600}",
        ] {
            assert_eq!(check_word(text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn the_longest_word_is_accepted_and_one_character_more_is_not() {
        for (check, max) in [
            (check_word as fn(&str) -> Result<(), UnsafeText>, MAX_WORD_CHARACTERS),
            (check_value, MAX_VALUE_CHARACTERS),
        ] {
            for letter in ["a", "\u{fc}"] {
                assert_eq!(check(&letter.repeat(max)), Ok(()));
                assert_eq!(check(&letter.repeat(max + 1)), Err(UnsafeText::TooLong { max }));
            }
        }
    }

    #[test]
    fn shown_text_is_short_printable_ascii() {
        assert_eq!(shown("plan"), "plan");
        assert_eq!(shown("a\\b\0\u{1b}[31m\u{430}\n"), "a\\\\b\\u{0}\\u{1b}[31m\\u{430}\\n");
        assert_eq!(shown(&"x".repeat(80)), "x".repeat(80));
        assert_eq!(shown(&"x".repeat(81)), format!("{}...", "x".repeat(80)));
    }
}
