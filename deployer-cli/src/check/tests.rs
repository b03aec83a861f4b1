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

/// A file with problems in the words of today's reader and linter, so that only the look is pinned here.
fn faulty() -> Checked {
    let remark = |severity, code: &str, (line, column), path: &str, message: &str, help: &str| Remark {
        severity,
        code: code.to_owned(),
        line,
        column,
        path: path.to_owned(),
        message: message.to_owned(),
        help: help.to_owned(),
        suggestion: None,
    };
    let mut typo = remark(
        Severity::Error,
        "wrong-value",
        (11, 30),
        "containers.planner.scripts.deploy.options.--command.type",
        "`choise` is not accepted here",
        "expected `flag`, `choice`, `commit`, `ref`, `repository`, `path`, `integer`, `text` or `key_value`",
    );
    typo.suggestion = Some("choice".to_owned());
    Checked {
        file: "allow-list.yaml".to_owned(),
        text: GOOD.replace("type: choice", "type: choise"),
        remarks: vec![
            remark(
                Severity::Warning,
                "no-description",
                (3, 3),
                "containers.planner",
                "the container `planner` has no description",
                "say in `description` what it is for: callers see it",
            ),
            remark(
                Severity::Error,
                "fargate-size",
                (6, 11),
                "containers.planner",
                "the default size of cpu 1024 with memory 2000 does not exist on Fargate",
                "nearest: cpu 1024 with memory 2048, 3072, 4096, 5120, 6144, 7168, 8192",
            ),
            typo,
            remark(
                Severity::Error,
                "syntax",
                (99, 1),
                "",
                "the file ends in the middle of a mapping",
                "",
            ),
        ],
        compiled: None,
    }
}

#[test]
fn a_good_file_passes_and_its_digest_is_shown() {
    let checked = checked(GOOD);
    assert_eq!(checked.remarks, Vec::new());
    assert!(checked.passes(Strictness::Strict));
    let digest = checked.compiled.as_ref().unwrap().digest();
    assert_eq!(
        render(&checked, plain(80)),
        format!("allow-list.yaml: no errors, no warnings\ncontents   1 container, 1 script\ndigest     {digest}\n")
    );
}

#[test]
fn every_remark_is_shown_with_its_line_and_a_mark() {
    for width in [40, 80, 120] {
        insta::assert_snapshot!(format!("faulty_{width}"), render(&faulty(), plain(width)));
    }
}

#[test]
fn errors_of_form_are_found_all_at_once() {
    let text = GOOD.replace("image:", "imge:").replace("type: choice", "type: choise");
    let checked = checked(&text);
    let found: Vec<_> = checked
        .remarks
        .iter()
        .map(|remark| (remark.line, remark.suggestion.as_deref()))
        .collect();
    assert!(found.contains(&(5, Some("image"))), "{found:?}");
    assert!(found.contains(&(11, Some("choice"))), "{found:?}");
    assert!(!checked.passes(Strictness::Usual));
}

#[test]
fn findings_of_the_linter_stop_the_compilation_when_they_are_errors() {
    let checked = checked(&GOOD.replace("memory: 2048", "memory: 2000"));
    assert_eq!(checked.remarks[0].code, "fargate-size");
    assert_eq!(checked.remarks[0].line, 6);
    assert_eq!(checked.compiled, None);
    assert!(!checked.passes(Strictness::Usual));
}

#[test]
fn a_warning_passes_unless_the_check_is_strict() {
    let checked = checked(&GOOD.replace("    description: Plans.\n", ""));
    assert_eq!(
        (checked.count(Severity::Error), checked.count(Severity::Warning)),
        (0, 1)
    );
    assert!(checked.passes(Strictness::Usual));
    assert!(!checked.passes(Strictness::Strict));
}

#[test]
fn colours_change_nothing_but_the_colours() {
    let checked = faulty();
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
    insta::assert_snapshot!("json", json(&faulty()).unwrap());
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
