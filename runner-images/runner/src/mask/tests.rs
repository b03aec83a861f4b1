use proptest::prelude::*;

use super::*;

fn masks(values: &[&str]) -> Masks {
    Masks::of(values.iter().map(|value| (OsStr::new("TOKEN"), value.as_bytes()))).unwrap()
}

fn masked_in_pieces<'a>(masks: &Masks, pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut masker = masks.masker();
    let mut out = Vec::new();
    for piece in pieces {
        masker.push(piece, &mut out);
    }
    masker.finish(&mut out);
    String::from_utf8(out).unwrap()
}

fn masked(values: &[&str], text: &str) -> String {
    let masks = masks(values);
    let whole = masked_in_pieces(&masks, [text.as_bytes()]);
    assert_eq!(
        masked_in_pieces(&masks, text.as_bytes().chunks(1)),
        whole,
        "cut into bytes"
    );
    whole
}

#[test]
fn a_secret_is_masked_wherever_it_stands_and_the_rest_is_untouched() {
    assert_eq!(masked(&["hunter22"], "hunter22"), "***");
    assert_eq!(
        masked(&["hunter22"], "a hunter22 b hunter22\nhunter2\nxhunter22"),
        "a *** b ***\nhunter2\nx***"
    );
    assert_eq!(masked(&["hunter22"], "hunter2hunter22"), "hunter2***");
    assert_eq!(masked(&["abab"], "ab ababab ab"), "ab *** ab");
}

#[test]
fn secrets_that_overlap_are_masked_together() {
    assert_eq!(masked(&["abcdef", "defghi"], "-abcdefghi-"), "-***-");
    assert_eq!(
        masked(&["abcd", "0abcdef9"], "0abcdef9 0abcdef8 abcd"),
        "*** 0***ef8 ***"
    );
    assert_eq!(masked(&["aaaa"], &"a".repeat(100_000)), "***");
    assert_eq!(masked(&["bcde", "abcdex"], "abcdexbcde"), "***");
}

#[test]
fn the_encoded_forms_are_masked() {
    let secret = r#"p@ss w/o"rd\1<ü>"#;
    for encoded in [
        "p%40ss%20w%2Fo%22rd%5C1%3C%C3%BC%3E",
        "p%40ss%20w%2fo%22rd%5c1%3c%c3%bc%3e",
        "p%40ss+w%2Fo%22rd%5C1%3C%C3%BC%3E",
        "p%40ss%20w/o%22rd%5C1%3C%C3%BC%3E",
        "p@ss%20w%2Fo%22rd%5C1%3C%C3%BC%3E",
        r#"p@ss w/o\"rd\\1<ü>"#,
        r#"p@ss w\/o\"rd\\1<ü>"#,
        r#"p@ss w/o\"rd\\1\u003cü\u003e"#,
        r#"p@ss w/o\"rd\\1<\u00fc>"#,
        r#"p@ss w/o\\\"rd\\\\1<ü>"#,
    ] {
        assert_eq!(masked(&[secret], &format!("x={encoded};")), "x=***;", "{encoded}");
    }
}

#[test]
fn every_line_of_a_secret_is_masked_and_each_line_is_shown_as_soon_as_it_is_whole() {
    let key = "-----BEGIN KEY-----\nMIIEow\r\nIBAAKC\n-----END KEY-----\n";
    assert_eq!(masked(&[key], "a IBAAKC b\nMIIEow"), "a *** b\n***");
    let mut masker = masks(&[key]).masker();
    let mut out = Vec::new();
    masker.push(b"-----BEGIN KEY-----\n", &mut out);
    assert_eq!(out, b"***\n");
    assert_eq!(
        masked(&[key], r"-----BEGIN KEY-----\nMIIEow\r\nIBAAKC\n-----END KEY-----\n"),
        "***"
    );
}

#[test]
fn base64_that_is_broken_into_lines_is_masked() {
    let secret = "0123456789".repeat(20);
    let encoded = base64(secret.as_bytes(), true);
    for width in [64, 76] {
        let rows: Vec<_> = encoded.as_bytes().chunks(width).map(String::from_utf8_lossy).collect();
        let shown = masked(&[&secret], &rows.join("\n"));
        assert!(shown.lines().all(|line| line == "***" || line.len() < 8), "{shown}");
    }
}

#[test]
fn what_may_become_a_secret_is_held_back_and_nothing_else() {
    let masks = masks(&["hunter22"]);
    let mut masker = masks.masker();
    let mut out = Vec::new();
    masker.push(b"Password? hunt", &mut out);
    assert_eq!(out, b"Password? ");
    masker.push(b"s\nname? ", &mut out);
    assert_eq!(out, b"Password? hunts\nname? ");
    masker.push(b"hunter2", &mut out);
    masker.finish(&mut out);
    assert_eq!(out, b"Password? hunts\nname? hunter2");
}

#[test]
fn a_value_or_line_that_is_too_short_is_not_masked_and_is_reported() {
    let short = masks(&["abc"]);
    assert_eq!(short.too_short().collect::<Vec<_>>(), ["TOKEN"]);
    assert_eq!(masked(&["abc"], "abc"), "abc");
    assert_eq!(masks(&["long enough\n}\n"]).too_short().count(), 1);
    assert_eq!(masks(&[""]).too_short().count(), 1);
    assert_eq!(masks(&["abcd", "two lines\nboth long\n"]).too_short().count(), 0);
}

#[test]
fn more_secret_bytes_than_can_be_looked_for_are_refused_by_name() {
    let large = "0123456789abcdefghijklmnopqrstuvwxyz-".repeat(500);
    let secrets = ["A", "B", "C", "D", "E", "F"].map(|name| (OsStr::new(name), format!("{name}{large}{name}")));
    let of = |count| {
        Masks::of(
            secrets
                .iter()
                .take(count)
                .map(|(name, value)| (*name, value.as_bytes())),
        )
    };
    assert!(of(4).is_ok());
    let error = of(6).err().unwrap();
    assert!(
        error
            .to_string()
            .contains("up to `F`, have more than the 1048576 bytes"),
        "{error}"
    );
}

fn base64(bytes: &[u8], url: bool) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    if url {
        URL_SAFE.encode(bytes)
    } else {
        STANDARD.encode(bytes)
    }
}

fn pieces(text: Vec<u8>) -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(1..9_usize, 1..40).prop_map(move |sizes| {
        let mut rest = text.as_slice();
        let mut pieces = Vec::new();
        for size in sizes.into_iter().cycle() {
            if rest.is_empty() {
                return pieces;
            }
            let (piece, after) = rest.split_at(size.min(rest.len()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        pieces
    })
}

proptest! {
    #[test]
    fn the_result_does_not_depend_on_where_the_output_is_cut(
        (text, pieces) in "[ab\n]{0,60}".prop_flat_map(|text| (Just(text.clone()), pieces(text.into_bytes())))
    ) {
        let masks = masks(&["abaab", "babba", "aaaa\nbbbb"]);
        let whole = masked_in_pieces(&masks, [text.as_bytes()]);
        prop_assert_eq!(masked_in_pieces(&masks, pieces.iter().map(Vec::as_slice)), whole.clone());
        for secret in ["abaab", "babba", "aaaa", "bbbb"] {
            prop_assert!(!whole.contains(secret), "{} in {}", secret, whole);
        }
    }

    #[test]
    fn text_without_a_secret_is_unchanged(text in "[a-z \n*]{0,80}") {
        prop_assert_eq!(masked(&["SECRET-1", "*** *** 1"], &text), text);
    }

    #[test]
    fn base64_hides_all_but_the_edges_of_a_secret(
        secret in "[!-~]{6,60}", before in "[a-z]{0,4}", after in "[a-z]{0,4}", url: bool,
    ) {
        let encoded = base64(format!("{before}{secret}{after}").as_bytes(), url);
        for text in [encoded.clone(), encoded.trim_end_matches('=').to_owned()] {
            let shown = masked(&[&secret], &text);
            // Characters outside the mask that hold bits of the secret: at most one on each side.
            let most = (before.len() * 8).div_ceil(6) + (after.len() * 8).div_ceil(6) + "x***==".len();
            prop_assert!(shown.contains("***") && shown.len() <= most, "{} of {}", shown, text);
        }
    }
}
