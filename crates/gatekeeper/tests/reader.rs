//! The strict reader: every problem of a file is reported, where it stands.
#![cfg(test)]

use gatekeeper::AllowList;
use gatekeeper::compile::compile;
use gatekeeper::compiled::Compiled;
use gatekeeper::source::{SourceError, read};
use proptest::prelude::*;

fn problems(text: &str) -> Vec<SourceError> {
    read("test.yaml", text).err().unwrap_or_default()
}

/// Every `«` marks where a problem must stand, in the order of the file; there is no other.
#[track_caller]
fn check(marked: &str, expected: &[&str]) {
    let (mut text, mut wanted, mut codes) = (String::new(), Vec::new(), expected.iter());
    let (mut line, mut column) = (1, 1);
    for character in marked.chars() {
        match character {
            '«' => wanted.push((*codes.next().expect("one code for each mark"), line, column)),
            '\n' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
        if character != '«' {
            text.push(character);
        }
    }
    assert_eq!(codes.next(), None, "one mark for each code");
    let problems = problems(&text);
    let found: Vec<_> = problems
        .iter()
        .map(|problem| (problem.code, problem.mark.line, problem.mark.column))
        .collect();
    assert_eq!(found, wanted, "\n{problems:#?}\n{text}");
}

const SMALL: &str = "version: 1\ncontainers:\n  box: { image: box, scripts: { run: {} } }\n";

/// Fields of a container in block style.
fn container(fields: &str) -> String {
    format!("version: 1\ncontainers:\n  box:\n    image: box\n    scripts: {{ run: {{}} }}\n    {fields}\n")
}

fn option(option: &str) -> String {
    format!(
        "version: 1\ncontainers:\n  box:\n    image: box\n    scripts:\n      run:\n        options:\n          --x: {option}\n"
    )
}

#[test]
fn a_small_allow_list_is_read() {
    check(SMALL, &[]);
    check(&SMALL.replace("version: 1", "%YAML 1.2\n---\nversion: 1"), &[]);
    check(&format!("{SMALL}...\n"), &[]);
    check(
        "{\"version\": 1, \"containers\": {\"box\": {\"image\": \"box\", \"scripts\": {\"run\": {}}}}}",
        &[],
    );
}

#[test]
fn an_unknown_field_is_reported_at_its_key_with_the_nearest_known_one() {
    check(
        &container("«enviroment: {}\n    «x: 1"),
        &["unknown-field", "unknown-field"],
    );
    let problems = problems(&container("enviroment: {}"));
    assert_eq!(problems[0].suggestion.as_deref(), Some("environment"));
    assert_eq!(problems[0].path, "containers.box");
}

#[test]
fn a_duplicate_key_is_reported_where_it_is_the_second_time() {
    check(&container("network: none\n    «network: host"), &["duplicate-key"]);
    check(&container("network: none\n    «\"network\": host"), &["duplicate-key"]);
    check("version: 1\n«version: 1\ncontainers: {}\n", &["duplicate-key"]);
    let problems = problems(&container("network: none\n    network: host"));
    assert_eq!(
        problems[0].message,
        "`network` is here a second time; the first is at line 6, column 5"
    );
}

#[test]
fn anchors_aliases_merge_keys_and_tags_are_refused() {
    check(&container("network: «&a none"), &["anchor"]);
    check(
        &container("environment: «&a { A: x }\n    secrets: «*a"),
        &["anchor", "anchor"],
    );
    check(&container("environment:\n      «<<: { A: x }"), &["merge-key"]);
    check(&container("network: «!!str none"), &["tag"]);
    check(&container("environment: «!x { A: x }"), &["tag"]);
}

#[test]
fn one_file_holds_one_document() {
    check(&format!("{SMALL}«---\n{SMALL}"), &["second-document"]);
    check("«", &["empty"]);
    check("«# only a comment\n", &["empty"]);
}

#[test]
fn keys_are_text() {
    check(&container("environment: { «1: x }"), &["key"]);
    check(&container("environment: { «true: x }"), &["key"]);
    check(&container("environment: { «no: x }"), &["key"]);
    check(&container("environment: { ? «[a] : x }"), &["key"]);
    check(&container("environment: { «~: x }"), &["key"]);
    check(&container("environment: { \"no\": x }"), &[]);
}

#[test]
fn plain_words_that_are_not_text_to_every_reader_must_be_quoted() {
    for word in [
        "yes",
        "No",
        "on",
        "off",
        "y",
        "true",
        "null",
        "~",
        "1",
        "-1",
        "1.0",
        "1e3",
        "0x1F",
        "0o17",
        "017",
        "1_000",
        "1:30",
        ".5",
        ".inf",
        "2026-11-20",
        "2026-11-20T10:00:00Z",
        "+1",
    ] {
        check(&container(&format!("environment: {{ A: «{word} }}")), &["wrong-type"]);
        check(&container(&format!("environment: {{ A: \"{word}\" }}")), &[]);
    }
    for word in [
        "1.11.4",
        "v1",
        "10.0.0.1",
        "a1",
        "yes please",
        "1a",
        "1-2",
        "e3",
        "1e",
        "0xg",
        "..",
        "2026-xx",
    ] {
        check(&container(&format!("environment: {{ A: {word} }}")), &[]);
    }
    let problem = problems(&container("environment: { A: yes }")).remove(0);
    assert_eq!(problem.message, "found a boolean `yes`");
    assert!(problem.expected.ends_with("put it in quotes"), "{}", problem.expected);
}

#[test]
fn numbers_and_booleans_have_one_notation() {
    for word in ["01", "0x10", "1_0", "1.0", "\"1\"", "+1", "-0", "yes", "a"] {
        check(&container(&format!("task: {{ cpu: «{word} }}")), &["wrong-type"]);
    }
    check(&container("task: { cpu: «0 }"), &["wrong-value"]);
    check(&container("task: { cpu: «99999999999 }"), &["wrong-value"]);
    for word in ["yes", "True", "TRUE", "1", "\"true\"", "on"] {
        check(
            &option(&format!("{{ type: flag, required: «{word} }}")),
            &["wrong-type"],
        );
    }
    check(&option("{ type: flag, required: true }"), &[]);
}

#[test]
fn a_default_may_be_an_integer_and_nothing_else_that_is_not_text() {
    check(&option("{ type: integer, min: 1, max: 5, default: 3 }"), &[]);
    check(
        &option("{ type: integer, min: 1, max: 5, default: «3.0 }"),
        &["wrong-type"],
    );
    check(
        &option("{ type: integer, min: 1, max: 5, default: «03 }"),
        &["wrong-type"],
    );
    check(
        &option("{ type: choice, one_of: [\"yes\"], default: «yes }"),
        &["wrong-type"],
    );
}

#[test]
fn a_value_of_another_kind_is_reported_with_what_was_found() {
    check("version: 1\ncontainers: «[]\n", &["wrong-type"]);
    check("«- a\n", &["wrong-type"]);
    check(&container("environment: «text"), &["wrong-type"]);
    check(&container("network: «[none]"), &["wrong-type"]);
    check(&container("task«:"), &["wrong-type"]);
    check(&option("{ type: choice, one_of: «a }"), &["wrong-type"]);
    check(&option("{ type: choice, one_of: [a, «[b]] }"), &["wrong-type"]);
    let problem = problems(&option("{ type: choice, one_of: [a, [b]] }")).remove(0);
    assert_eq!(problem.path, "containers.box.scripts.run.options.--x.one_of[1]");
}

#[test]
fn what_is_expected_says_the_range_and_whether_to_quote() {
    let expected = |text: &str| problems(text).remove(0).expected;
    let of_text = |fields: &str| expected(&option(&format!("{{ type: text, {fields} }}")));
    assert_eq!(of_text("max_length: 4097"), "an integer from 1 to 4,096");
    assert_eq!(
        of_text("repeatable: true, max_repeats: 257"),
        "an integer from 1 to 256"
    );
    assert_eq!(
        expected(&container("task: { cpu: 0 }")),
        "an integer from 1 to 1,048,576"
    );
    assert_eq!(
        of_text("max_length: \"9\""),
        "an integer from 1 to 4,096; write it without quotes"
    );
    assert_eq!(of_text("pattern: 5"), "text; put it in quotes");
    assert!(!of_text("pattern:").contains("quotes"));
    assert!(!expected(&container("network: 5")).contains("quotes"));
    assert!(!expected(&container("network: \"5\"")).contains("quotes"));
}

#[test]
fn a_missing_field_is_reported_at_its_mapping() {
    check("«containers: {}\n", &["missing-field"]);
    check(
        "version: 1\ncontainers:\n  box: ««{}\n",
        &["missing-field", "missing-field"],
    );
    check(
        "version: 1\ncontainers:\n  box: ««{ network: none }\n",
        &["missing-field", "missing-field"],
    );
    check(&option("{ type: «choice }"), &["missing-field"]);
    check(&option("{ type: ««integer }"), &["missing-field", "missing-field"]);
    check(&option("«{ required: true }"), &["missing-field"]);
}

#[test]
fn a_field_of_another_type_is_refused() {
    check(&option("{ type: commit, «pattern: a }"), &["field-of-other-type"]);
    check(
        &option("{ type: flag, «one_of: [a], «min: 1 }"),
        &["field-of-other-type", "field-of-other-type"],
    );
    let positional = "version: 1\ncontainers: { box: { image: box, scripts: { run: { positionals: [{ name: x, type: «flag }] } } } }\n";
    check(positional, &["wrong-value"]);
    check(
        &positional.replace("type: «flag", "type: ref, «default: x"),
        &["unknown-field"],
    );
}

#[test]
fn closed_words_are_exact_and_the_nearest_is_suggested() {
    check(&container("network: «None"), &["wrong-value"]);
    check(&container("task: { launch_type: «fargate }"), &["wrong-value"]);
    check(&option("{ type: «chioce }"), &["wrong-value"]);
    assert_eq!(
        problems(&option("{ type: chioce }"))[0].suggestion.as_deref(),
        Some("choice")
    );
    check("version: «2\ncontainers: {}\n", &["wrong-value"]);
}

#[test]
fn durations_are_hours_minutes_and_seconds() {
    let timeout = |text: &str| container(&format!("task: {{ timeout: {text} }}"));
    for text in [
        "1d", "2 h", "1m1h", "h", "1.5h", "-1h", "0s", "0h0m0s", "123456s", "PT1H", "\"\"", "1h1h",
    ] {
        check(&timeout(&format!("«{text}")), &["wrong-value"]);
    }
    check(&timeout("«90"), &["wrong-type"]);
    for text in ["2h", "2h0m0s", "90s", "1h30m", "99999h59m"] {
        check(&timeout(text), &[]);
    }
}

#[test]
fn names_have_one_form() {
    check(&container("environment: { «A-B: x }"), &["name"]);
    check(&container("volumes: { «../x: /x }"), &["name"]);
    check(&option("{ type: flag }").replace("--x", "«-x"), &["name"]);
    check(&option("{ type: flag }").replace("--x", "«--X"), &["name"]);
    check(&option("{ type: flag }").replace("--x", "«--\u{445}"), &["name"]);
    check(
        "version: 1\ncontainers:\n  «Box: { image: box, scripts: { «a/b: {} } }\n",
        &["name", "name"],
    );
}

#[test]
fn characters_that_hide_what_the_file_says_are_refused() {
    for character in [
        '\0', '\u{1b}', '\u{7f}', '\u{85}', '\u{202e}', '\u{200b}', '\u{2028}', '\u{feff}', '\u{a0}',
    ] {
        check(&format!("version: 1\n# a «{character}\n"), &["character"]);
    }
    check("«\u{feff}version: 1\n", &["character"]);
    check(&container("environment: { A: «\"a\\u0000\" }"), &["wrong-value"]);
    check(&container("environment: { A: «\"a\\nb\" }"), &["wrong-value"]);
    check(&container("environment: { A: «u\u{308} }"), &["wrong-value"]);
}

#[test]
fn a_description_is_one_line_however_it_is_written() {
    let text = container("description: >\n      Two\n      lines.\n");
    assert_eq!(problems(&text), []);
    let source = read("test.yaml", &text).unwrap();
    let (_, first) = &source.containers.entries[0];
    assert_eq!(first.description.as_ref().unwrap().value.0, "Two lines.");
    check(&container("description: «\" \""), &["wrong-value"]);
    check(
        &container(&format!("description: «{}", "x".repeat(501))),
        &["wrong-value"],
    );
}

#[test]
fn what_is_not_yaml_is_reported_where_it_stops_to_be() {
    check("version: 1\ncontainers: {\n«", &["syntax"]);
    check("version: «1\n\tx: 1\n", &["syntax"]);
    check("a: b«: c\n", &["syntax"]);
}

#[test]
fn size_depth_and_the_number_of_problems_are_bounded() {
    check(&format!("«{}", "a".repeat(1024 * 1024 + 1)), &["too-large"]);
    check(&format!("{}«[\n", "[".repeat(24)), &["too-deep"]);
    let many: Vec<String> = (0..1000).map(|number| format!("f{number}: x\n")).collect();
    assert_eq!(problems(&many.concat()).len(), 200);
    let anchors: Vec<String> = (0..1000).map(|number| format!("f{number}: &a x\n")).collect();
    assert_eq!(problems(&anchors.concat()).len(), 200);
}

#[test]
fn every_problem_of_a_file_is_reported_together() {
    let text = "version: 2
repositories:
  live: { url: no, protected_ref: [main] }
defaults: { task: { cpu: \"1024\", timeout: 2 hours } }
containers:
  box:
    image: 1.0
    netwrok: none
    environment: { A: yes, A: &x b }
    scripts:
      run:
        options:
          -x: { type: flag }
          --y: { type: chioce, one_of: [a] }
          --z: { type: integer, pattern: a }
        positionals: some
";
    let lines: Vec<String> = problems(text).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// Pieces of allow-lists, so that random texts get past the first line.
const PIECES: &[&str] = &[
    "version: 1\n",
    "containers:\n",
    "  box:\n",
    "    image: box\n",
    "    scripts:\n",
    "      run: {}\n",
    "{",
    "}",
    "[",
    "]",
    ": ",
    ", ",
    "- ",
    "\n",
    "  ",
    "? ",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "# x\n",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\t",
    "~",
    "yes",
    "1.0",
    "\u{e9}",
    "\0",
    "options:\n",
    "--x: { type: text, pattern: \"[a-z]+\" }\n",
    "task: { timeout: 2h }\n",
    "\r\n",
    "\r",
    "@",
    "`",
    "%",
];

const CORPUS: &[&str] = &[
    include_str!("../../../config/demo.yaml"),
    include_str!("../../../config/allow-list.yaml"),
];

fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0..20_usize, prop::sample::select(PIECES));
    (prop::sample::select(CORPUS), prop::collection::vec(edit, 1..6)).prop_map(|(text, edits)| {
        let mut characters: Vec<char> = text.chars().collect();
        for (place, removed, inserted) in edits {
            let start = place.index(characters.len());
            let end = (start + removed).min(characters.len());
            characters.splice(start..end, inserted.chars());
        }
        characters.into_iter().collect()
    })
}

/// What is accepted compiles to bytes that read back equal, that the gate loads, and that are the same each time.
fn survives(text: &str) {
    let Ok(source) = read("test.yaml", text) else { return };
    let Ok(compiled) = compile(&source) else { return };
    let bytes = compiled.canonical_bytes();
    assert_eq!(serde_json::from_slice::<Compiled>(&bytes).unwrap(), compiled);
    assert_eq!(AllowList::load(&bytes).unwrap().digest(), compiled.digest());
    let again = compile(&read("other.yaml", text).unwrap()).unwrap();
    assert_eq!(again.canonical_bytes(), bytes);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn no_heap_of_pieces_makes_the_reader_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        survives(&pieces.concat());
    }

    #[test]
    fn whatever_a_changed_file_compiles_to_is_loaded_by_the_gate(text in mutated()) {
        survives(&text);
    }
}

#[test]
fn the_files_in_config_survive() {
    for text in CORPUS {
        assert_eq!(problems(text), []);
        survives(text);
    }
}
