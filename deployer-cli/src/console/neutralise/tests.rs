//! What the filter must do, by example and by property.

use proptest::prelude::*;

use super::*;

const SYSTEMS: [Option<CiSystem>; 7] = [
    None,
    Some(CiSystem::GitHub),
    Some(CiSystem::GitLab),
    Some(CiSystem::Azure),
    Some(CiSystem::Buildkite),
    Some(CiSystem::TeamCity),
    Some(CiSystem::Other),
];

fn filtered<'a>(ci: Option<CiSystem>, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut filter = Neutraliser::new(ci);
    let mut out = Vec::new();
    for chunk in chunks {
        filter.push(chunk, &mut out);
    }
    filter.finish(&mut out);
    out
}

#[track_caller]
fn becomes(ci: Option<CiSystem>, input: impl AsRef<[u8]>, expected: &str) {
    let input = input.as_ref();
    let out = filtered(ci, [input]);
    assert_eq!(String::from_utf8_lossy(&out), expected, "{}", input.escape_ascii());
    assert_eq!(restored(&out), input, "{}", input.escape_ascii());
}

#[track_caller]
fn unchanged(input: &str) {
    for ci in SYSTEMS {
        becomes(ci, input, input);
    }
}

/// The exact bytes behind filtered output: the notation read backwards.
fn restored(out: &[u8]) -> Vec<u8> {
    let mut rest = std::str::from_utf8(out).expect("filtered output is UTF-8");
    let mut bytes = Vec::new();
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            MARK => rest = restore_marked(rest, &mut bytes),
            PICTURE_OF_DELETE => bytes.push(DELETE),
            '\u{240d}' => {
                bytes.push(b'\r');
                rest = rest
                    .strip_prefix('\n')
                    .expect("a lone carriage return is followed by a line break");
            }
            '\u{2400}'..='\u{2420}' => bytes.push(u8::try_from(u32::from(character) - 0x2400).unwrap()),
            ordinary => bytes.extend(ordinary.to_string().bytes()),
        }
    }
    bytes
}

fn restore_marked<'a>(rest: &'a str, bytes: &mut Vec<u8>) -> &'a str {
    let next = rest.chars().next();
    match next {
        Some('x') => {
            bytes.push(u8::from_str_radix(&rest[1..3], 16).unwrap());
            &rest[3..]
        }
        Some('u') => {
            let code = u32::from_str_radix(&rest[1..5], 16).unwrap();
            bytes.extend(char::from_u32(code).unwrap().to_string().bytes());
            &rest[5..]
        }
        Some(reserved) if is_reserved(reserved) => {
            bytes.extend(reserved.to_string().bytes());
            &rest[reserved.len_utf8()..]
        }
        _ => rest,
    }
}

#[test]
fn ordinary_text_passes_unchanged() {
    unchanged("Plan: 1 to add, 0 to change, 0 to destroy.\n\ttabs, CRLF\r\nand no newline at the end");
    unchanged("ünïcödé, 日本語, עברית, 🚀, box ─│┌ drawing, ␣ and ␤\n");
    unchanged("a::b::c, 12:30:00, # heading\n## another\n-- not a marker\n++ neither\n");
    unchanged("{\"a\": \"::set-env\"}\n[1, 2]\n");
    unchanged("section_started: yes\nsection: 1\n");
}

#[test]
fn colours_and_weight_pass_unchanged() {
    unchanged("\x1b[31mred\x1b[0m \x1b[1;4;38;5;208mbold\x1b[m \x1b[38;2;8;8;8mrgb\x1b[48:2::8:8:8mcolons\x1b[0m\n");
}

#[test]
fn every_other_terminal_sequence_becomes_visible() {
    becomes(None, "\x1b]52;c;cm0gLXJm\x07", "␛]52;c;cm0gLXJm␇");
    becomes(None, "\x1b]0;title\x1b\\", "␛]0;title␛\\");
    becomes(
        None,
        "\x1b]8;;https://evil.example/\x1b\\x",
        "␛]8;;https://evil.example/␛\\x",
    );
    becomes(None, "\x1bP$q\"p\x1b\\", "␛P$q\"p␛\\");
    becomes(None, "\x1b[2J\x1b[1;1H\x1b[?1049h", "␛[2J␛[1;1H␛[?1049h");
    becomes(None, "\x1b[>4;1m\x1b[?4m\x1b[1 m", "␛[>4;1m␛[?4m␛[1 m");
    becomes(
        None,
        "\x1b]1338;url=http://x/;alt=a\x07\x1b_bk;t=0\x07",
        "␛]1338;url=http://x/;alt=a␇␛_bk;t=0␇",
    );
    becomes(None, "\x1bc\x1b7\x1b(0", "␛c␛7␛(0");
    becomes(None, "\x1b\x1b[31m\x1b[\x1b[0m", "␛\x1b[31m␛[\x1b[0m");
}

#[test]
fn hidden_text_is_no_colour() {
    becomes(None, "\x1b[8mha:AAAA\x1b[0m", "␛[8mha:AAAA\x1b[0m");
    becomes(None, "\x1b[1;08;31m", "␛[1;08;31m");
    becomes(None, "\x1b[38;5;1;8m", "␛[38;5;1;8m");
}

#[test]
fn an_endless_colour_sequence_is_text() {
    let endless = "1;".repeat(500);
    becomes(None, format!("\x1b[{endless}m"), &format!("␛[{endless}m"));
}

#[test]
fn control_characters_become_visible() {
    becomes(None, "a\x08b\x07\0\x0b\x0c\x0e\x7f", "a␈b␇␀␋␌␎␡");
    becomes(None, "10%\r20%\rdone\r\r\n", "10%␍\n20%␍\ndone␍\n\r\n");
    becomes(None, "the end\r", "the end␍\n");
}

#[test]
fn c1_controls_become_visible_in_both_encodings() {
    becomes(None, "\u{9b}2J \u{9d}0;x\u{9c}", "␦u009b2J ␦u009d0;x␦u009c");
    becomes(None, b"\x9b2J \x9d0;x\x9c", "␦x9b2J ␦x9d0;x␦x9c");
}

#[test]
fn bytes_that_are_no_text_become_visible_one_by_one() {
    becomes(
        None,
        b"caf\xe9 \xff\xc0\x80 \xed\xa0\x80 \xf4\x90\x80\x80",
        "caf␦xe9 ␦xff␦xc0␦x80 ␦xed␦xa0␦x80 ␦xf4␦x90␦x80␦x80",
    );
    becomes(None, b"\xe2\x82", "␦xe2␦x82");
    becomes(None, b"\xe2\x82\n", "␦xe2␦x82\n");
}

#[test]
fn text_that_reorders_or_splits_lines_invisibly_becomes_visible() {
    becomes(
        None,
        "a\u{202e}b\u{2066}c\u{2069}\u{2028}",
        "a␦u202eb␦u2066c␦u2069␦u2028",
    );
}

#[test]
fn the_notation_itself_stays_distinguishable() {
    becomes(None, "␛ ␦ ␡ ␍\n␦x41", "␦␛ ␦␦ ␦␡ ␦␍\n␦␦x41");
}

#[test]
fn github_commands_are_broken_at_the_start_of_a_line_and_nowhere_else() {
    let github = Some(CiSystem::GitHub);
    becomes(github, "::set-env name=A::b\n", ":␦:set-env name=A::b\n");
    becomes(github, "x\n \t\u{a0}::add-mask::a\n", "x\n \t\u{a0}:␦:add-mask::a\n");
    becomes(github, "x\r::error::a\n", "x␍\n:␦:error::a\n");
    becomes(github, "\x1b[31m::error::a\n", "\x1b[31m:␦:error::a\n");
    becomes(github, "\u{feff}:\u{1b}[0m:error::a", "\u{feff}:\x1b[0m␦:error::a");
    becomes(github, "std::vec ::x\n: :x\n", "std::vec ::x\n: :x\n");
    becomes(None, "::set-env name=A::b\n", "::set-env name=A::b\n");
}

#[test]
fn hash_commands_are_broken_anywhere_in_a_line() {
    let azure = Some(CiSystem::Azure);
    becomes(
        azure,
        "##vso[task.setvariable variable=A]b",
        "##vso␦[task.setvariable variable=A]b",
    );
    becomes(azure, "x ###[error]y ##[z", "x ###␦[error]y ##␦[z");
    becomes(
        Some(CiSystem::TeamCity),
        "a ##teamcity[blockOpened",
        "a ##teamcity␦[blockOpened",
    );
    becomes(azure, "##a#b[ ##\n[ # #[ ##a b[", "##a#b[ ##\n[ # #[ ##a b[");
    becomes(azure, "##a##vso[", "##a##vso␦[");
    becomes(azure, "#\x1b[0m#vso\x1b[1m[", "#\x1b[0m#vso\x1b[1m␦[");
}

#[test]
fn gitlab_sections_are_broken_anywhere_in_a_line() {
    let gitlab = Some(CiSystem::GitLab);
    becomes(
        gitlab,
        "a section_start:1:x\r\x1b[0Kb\nsection_end:1:x",
        "a section_start␦:1:x␍\n␛[0Kb\nsection_end␦:1:x",
    );
    becomes(gitlab, "section_section_start:", "section_section_start␦:");
    becomes(gitlab, "section_\nstart:", "section_\nstart:");
}

#[test]
fn buildkite_markers_are_broken_at_the_start_of_a_line_in_buildkite_only() {
    let buildkite = Some(CiSystem::Buildkite);
    becomes(
        buildkite,
        "--- a\n+++ b\n~~~ c\n^^^ +++\n",
        "---␦ a\n+++␦ b\n~~~␦ c\n^^^␦ +++\n",
    );
    becomes(buildkite, "---\n+++\r\n---", "---␦\n+++␦\r\n---␦");
    becomes(buildkite, "\x1b[1m--- a", "\x1b[1m---␦ a");
    becomes(
        buildkite,
        "-----BEGIN----- x\n---- x\n--+ x\nx --- y\n",
        "-----BEGIN----- x\n---- x\n--+ x\nx --- y\n",
    );
    becomes(Some(CiSystem::GitHub), "--- a\n+++ b\n", "--- a\n+++ b\n");
}

#[test]
fn colours_that_are_still_on_are_remembered_until_their_reset() {
    let mut filter = Neutraliser::new(None);
    let mut out = Vec::new();
    filter.push(b"\x1b[31ma\x1b[1mb", &mut out);
    assert_eq!(filter.open_style(), b"\x1b[31m\x1b[1m");
    filter.push(b"\x1b[0m", &mut out);
    assert_eq!(filter.open_style(), b"");
    filter.push("\x1b[38;2;10;20;30mx".repeat(10_000).as_bytes(), &mut out);
    assert!(filter.open_style().len() <= 300, "{}", filter.open_style().len());
}

/// Bytes that are rich in everything that matters.
pub(in crate::console) fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<Vec<u8>> = [
        "\x1b",
        "[",
        "]",
        "31",
        ";",
        ":",
        "8",
        "38",
        "5",
        "m",
        "K",
        "\r",
        "\n",
        "\r\n",
        "#",
        "##",
        "vso",
        "teamcity",
        "section_",
        "start",
        "end",
        "::",
        " ",
        "\t",
        "---",
        "+++",
        "~~~",
        "^",
        "-",
        "x",
        "u",
        "a::b",
        "é",
        "␦",
        "␛",
        "␍",
        "\u{9b}",
        "\u{202e}",
        "\u{a0}",
        "\u{feff}",
        "\x07",
        "\x1b[31m",
        "\x1b[0m",
        "ordinary text ",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([
        b"\x9b".to_vec(),
        b"\xe2\x82".to_vec(),
        b"\xf0".to_vec(),
        b"\xc2".to_vec(),
    ])
    .collect();
    let piece = prop_oneof![
        8 => prop::sample::select(pieces),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn system() -> impl Strategy<Value = Option<CiSystem>> {
    prop::sample::select(SYSTEMS.to_vec())
}

/// An independent reading of what must never reach a console.
pub(in crate::console) fn assert_harmless(ci: Option<CiSystem>, out: &[u8]) {
    let text = std::str::from_utf8(out).expect("the output is UTF-8");
    let mut bare = String::new();
    let mut parts = text.split('\x1b');
    bare.push_str(parts.next().unwrap());
    for part in parts {
        let (parameters, rest) = part.split_once('m').expect("an escape begins a colour");
        let parameters = parameters.strip_prefix('[').expect("an escape begins a colour");
        assert!(
            parameters.chars().all(|c| c.is_ascii_digit() || c == ';' || c == ':'),
            "{part:?}"
        );
        bare.push_str(rest);
    }
    let bare = bare.replace("\r\n", "\n");
    let allowed = |c: char| c == '\n' || c == '\t' || !c.is_control();
    assert!(bare.chars().all(allowed), "{bare:?}");
    let deceptive = |c: char| ('\u{2028}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    assert!(!bare.contains(deceptive), "{bare:?}");
    let Some(ci) = ci else { return };
    for line in bare.split('\n') {
        let trimmed = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        assert!(!trimmed.starts_with("::"), "{line:?}");
        for forbidden in ["##[", "##vso[", "##teamcity[", "section_start:", "section_end:"] {
            assert!(!line.contains(forbidden), "{line:?}");
        }
        let marker = |m: &str| line == m || line.starts_with(&format!("{m} ")) || line.starts_with(&format!("{m}\t"));
        if ci == CiSystem::Buildkite {
            assert!(!["---", "+++", "~~~", "^^^"].iter().any(|m| marker(m)), "{line:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_forbidden_sequence_ever_comes_out_and_the_exact_bytes_can_be_restored(ci in system(), input in hostile()) {
        let out = filtered(ci, [input.as_slice()]);
        assert_harmless(ci, &out);
        prop_assert_eq!(restored(&out), input);
    }

    #[test]
    fn how_the_bytes_are_cut_into_chunks_never_changes_the_output(
        ci in system(), input in hostile(), size in 1_usize..9,
    ) {
        let whole = filtered(ci, [input.as_slice()]);
        prop_assert_eq!(filtered(ci, input.chunks(size)), whole);
    }

    #[test]
    fn at_most_a_few_dozen_bytes_are_ever_held_back(ci in system(), input in hostile()) {
        let mut filter = Neutraliser::new(ci);
        let mut out = Vec::new();
        for (index, byte) in input.iter().enumerate() {
            filter.push(&[*byte], &mut out);
            prop_assert!(out.len() + 70 >= index, "{} of {}", out.len(), index);
        }
    }
}
