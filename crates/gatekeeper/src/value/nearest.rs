//! The nearest match for a probable typing mistake.
//!
//! Never part of a decision: it only chooses what a message proposes. Bounded, because the word is untrusted.

use std::cmp::Reverse;

use unicode_normalization::UnicodeNormalization;

/// Longer words are not typing mistakes, and comparing them costs time.
const MAX_CHARACTERS: usize = 64;
/// Most candidates that are compared.
const MAX_CANDIDATES: usize = 256;

/// The candidate that the word was probably meant to be. Letter case, width and leading dashes count for nothing.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.chars().nth(MAX_CHARACTERS).is_some() {
        return None;
    }
    let word = folded(word);
    candidates
        .take(MAX_CANDIDATES)
        .filter(|candidate| candidate.len() <= MAX_CHARACTERS)
        .filter_map(|candidate| {
            let folded = folded(candidate);
            let furthest = 1.max(folded.chars().count() / 3);
            let distance = distance(&word, &folded, furthest)?;
            Some((distance, candidate))
        })
        .min_by_key(|(distance, candidate)| (*distance, Reverse(shared_prefix(&word, candidate))))
        .map(|(_, candidate)| candidate)
}

fn distance(word: &str, candidate: &str, furthest: usize) -> Option<usize> {
    if word.chars().count().abs_diff(candidate.chars().count()) > furthest {
        return None;
    }
    Some(strsim::osa_distance(word, candidate)).filter(|distance| *distance <= furthest)
}

fn folded(text: &str) -> String {
    let text = text.trim_start_matches('-');
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.nfkc().flat_map(char::to_lowercase).collect()
    }
}

fn shared_prefix(word: &str, candidate: &str) -> usize {
    word.bytes()
        .zip(candidate.trim_start_matches('-').bytes())
        .take_while(|(left, right)| left == right)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn suggests(word: &str, expected: Option<&str>) {
        let names = ["--command", "--ref", "--repo", "--deploy-path", "--var"];
        assert_eq!(nearest(word, names.into_iter()), expected, "{word}");
    }

    #[test]
    fn a_typing_mistake_a_look_alike_and_a_missing_dash_are_recognised() {
        suggests("--comand", Some("--command"));
        suggests("--Command", Some("--command"));
        suggests("-command", Some("--command"));
        suggests("---command", Some("--command"));
        suggests("--\u{441}ommand", Some("--command"));
        suggests("--\u{ff52}\u{ff45}\u{ff46}", Some("--ref"));
        suggests("--rpeo", Some("--repo"));
        suggests("--deploypath", Some("--deploy-path"));
    }

    #[test]
    fn the_nearer_of_two_wins_and_then_the_longer_shared_beginning() {
        assert_eq!(
            nearest("commandxx", ["commandxyz", "commandx"].into_iter()),
            Some("commandx")
        );
        assert_eq!(nearest("rex", ["xex", "rey"].into_iter()), Some("rey"));
    }

    #[test]
    fn a_third_of_the_characters_may_differ_and_no_more() {
        let nearest_of_nine = |word| nearest(word, ["abcdefghi"].into_iter());
        for word in ["abcdef", "abcxyzghi", "abcdefghixyz"] {
            assert_eq!(nearest_of_nine(word), Some("abcdefghi"), "{word}");
        }
        for word in ["abcde", "abwxyzghi", "abcdefghiwxyz"] {
            assert_eq!(nearest_of_nine(word), None, "{word}");
        }
        assert_eq!(nearest("b", ["ab"].into_iter()), Some("ab"));
        assert_eq!(nearest("xy", ["ab"].into_iter()), None);
    }

    #[test]
    fn nothing_is_suggested_for_what_is_far_from_everything_or_endless() {
        suggests("--upload-pack", None);
        suggests("", None);
        let long = "a".repeat(64);
        assert_eq!(nearest(&long, [long.as_str()].into_iter()), Some(long.as_str()));
        let longer = "a".repeat(65);
        assert_eq!(nearest(&longer, [long.as_str(), longer.as_str()].into_iter()), None);
    }
}
