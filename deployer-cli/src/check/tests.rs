//! What a check says about good and bad files.

use super::*;
use crate::console::Colour;
use crate::layout::Look;
use crate::layout::tests::plain;

const GOOD: &str = "\
version: 1
containers:
  planner:
    description: Plans.
    image: terraform-runner
    task: { cpu: 1024, memory: 2048, timeout: 10m }
    scripts:
      deploy:
        description: Deploys.
        options:
          --command: { type: choice, one_of: [plan], required: true }
";

fn checked(text: &str) -> Checked {
    Checked::of("allow-list.yaml", text.to_owned())
}

fn broken() -> Checked {
    let text = GOOD
        .replace("image:", "imge:")
        .replace("type: choice", "type: choise")
        .replace("version: 1", "version: 2");
    checked(&text)
}

fn senseless() -> Checked {
    checked(&GOOD.replace("memory: 2048", "memory: 2000"))
}

fn doubtful() -> Checked {
    checked(&GOOD.replace("    description: Plans.\n", ""))
}

#[test]
fn a_good_file_passes_and_its_digest_is_shown() {
    let checked = checked(GOOD);
    assert_eq!(checked.remarks, Vec::new());
    assert!(checked.passes(Strictness::Strict));
    insta::assert_snapshot!("good", render(&checked, plain(80)));
}

#[test]
fn every_error_of_form_is_shown_with_its_line_and_a_mark() {
    let checked = broken();
    assert!(!checked.passes(Strictness::Usual));
    for width in [40, 80, 120] {
        insta::assert_snapshot!(format!("broken_{width}"), render(&checked, plain(width)));
    }
}

#[test]
fn every_finding_of_the_linter_is_shown_with_its_line_and_a_mark() {
    let checked = senseless();
    assert!(!checked.passes(Strictness::Usual));
    insta::assert_snapshot!("senseless", render(&checked, plain(80)));
}

#[test]
fn a_warning_passes_unless_the_check_is_strict() {
    let checked = doubtful();
    assert_eq!(
        (checked.count(Severity::Error), checked.count(Severity::Warning)),
        (0, 1)
    );
    assert!(checked.passes(Strictness::Usual));
    assert!(!checked.passes(Strictness::Strict));
    insta::assert_snapshot!("doubtful", render(&checked, plain(80)));
}

#[test]
fn colours_change_nothing_but_the_colours() {
    let checked = broken();
    let look = Look {
        colour: Colour::On,
        ..plain(80)
    };
    let coloured = render(&checked, look);
    let bare: String = coloured
        .split('\x1b')
        .map(|part| {
            part.strip_prefix('[')
                .and_then(|rest| rest.split_once('m'))
                .map_or(part, |(_, text)| text)
        })
        .collect();
    assert_ne!(coloured, bare);
    assert_eq!(bare, render(&checked, plain(80)));
}

#[test]
fn the_json_tells_the_same() {
    insta::assert_snapshot!("json", json(&broken()).unwrap());
    let good: serde_json::Value = serde_json::from_str(&json(&checked(GOOD)).unwrap()).unwrap();
    assert_eq!(good["errors"], 0);
    assert_eq!(good["digest"], checked(GOOD).compiled.unwrap().digest());
}

#[test]
fn the_mark_stands_under_the_word_in_a_line_that_is_too_long_and_beside_wide_characters() {
    let comment = "日本語".repeat(20);
    let text = GOOD.replace("imge", "image").replace(
        "image: terraform-runner",
        &format!("image: terraform-runner\n    description: \"{comment}\"\n    zzz: 1"),
    );
    let checked = checked(&text);
    for line in render(&checked, plain(40)).lines().filter(|line| line.contains('|')) {
        assert!(unicode_width::UnicodeWidthStr::width(line) <= 40, "{line}");
    }
}

#[test]
fn a_file_that_cannot_be_checked_is_named_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.yaml");
    let error = Checked::read(&missing).unwrap_err().to_string();
    assert!(error.contains("missing.yaml`: No such file"), "{error}");
    let binary = folder.path().join("binary.yaml");
    std::fs::write(&binary, b"version: 1\xff").unwrap();
    let error = Checked::read(&binary).unwrap_err().to_string();
    assert!(error.ends_with("byte 10 is not UTF-8 text"), "{error}");
    let large = folder.path().join("large.yaml");
    std::fs::File::create(&large).unwrap().set_len(MAX_BYTES + 1).unwrap();
    let error = Checked::read(&large).unwrap_err().to_string();
    assert!(error.contains("it has 8388609 bytes"), "{error}");
}
