use proptest::prelude::*;

use super::*;
use crate::values::Setting;

const VALUES: &str = "\
# Versions, kept by the release job
image_version   =   \"1.4.0\"   # do not align

/* sizes */ instance_count = 3 // three
  enabled=true
ratio = -0.50
region=\"eu-west-1\"
tags = { image_version = \"not this one\" }
note = <<EOT
image_version = \"nor this\"
EOT
list = [ 1,
   2 ]
computed = \"${region}-x\"
nothing = null
";

fn setting(name: &str, value: &str) -> Setting {
    Setting {
        name: name.parse().unwrap(),
        value: value.parse().unwrap(),
    }
}

fn set(text: &str, kind: FileKind, pairs: &[(&str, &str)]) -> Result<Edited, EditErrors> {
    let settings: Vec<_> = pairs.iter().map(|(name, value)| setting(name, value)).collect();
    edit(text.as_bytes(), kind, &settings)
}

/// One setting replaces one piece of the text, and nothing else.
#[track_caller]
fn check(text: &str, kind: FileKind, name: &str, value: &str, old: &str, new: &str) {
    assert_eq!(text.matches(old).count(), 1, "`{old}` must be there once");
    let edited = set(text, kind, &[(name, value)]).unwrap();
    assert_eq!(edited.text, text.replace(old, new));
    let changed: Vec<_> = edited.changed.iter().map(ToString::to_string).collect();
    assert_eq!(changed, [name]);
}

#[track_caller]
fn check_refused(text: &str, kind: FileKind, pairs: &[(&str, &str)], reason: &str) {
    assert_eq!(set(text, kind, pairs).unwrap_err().to_string(), reason);
}

#[test]
fn only_the_named_value_changes_and_keeps_its_type() {
    let kind = FileKind::Values;
    check(VALUES, kind, "image_version", "1.5.0", "\"1.4.0\"", "\"1.5.0\"");
    check(VALUES, kind, "instance_count", "12", "= 3 //", "= 12 //");
    check(VALUES, kind, "enabled", "false", "enabled=true", "enabled=false");
    check(VALUES, kind, "ratio", "1e3", "-0.50", "1e3");
    check(VALUES, kind, "instance_count", "-1", "= 3 //", "= -1 //");
    check(VALUES, kind, "region", "5", "\"eu-west-1\"", "\"5\"");
    check(VALUES, kind, "region", "", "\"eu-west-1\"", "\"\"");
    check(VALUES, kind, "region", "true", "\"eu-west-1\"", "\"true\"");
}

#[test]
fn several_values_are_set_at_once_in_any_order() {
    let edited = set(
        VALUES,
        FileKind::Values,
        &[
            ("region", "a"),
            ("enabled", "true"),
            ("image_version", "a-much-longer-version-than-before"),
        ],
    )
    .unwrap();
    let expected = VALUES
        .replace("\"eu-west-1\"", "\"a\"")
        .replace("\"1.4.0\"", "\"a-much-longer-version-than-before\"");
    assert_eq!(edited.text, expected);
    let changed: Vec<_> = edited.changed.iter().map(ToString::to_string).collect();
    assert_eq!(changed, ["region", "image_version"], "`enabled` is what it was");
}

#[test]
fn the_value_that_is_there_changes_nothing_however_it_is_written() {
    for (text, value) in [
        ("a = \"x\"\n", "x"),
        ("a = \"\\u0078\"", "x"),
        ("a = \"$${x}\"", "${x}"),
        ("a = 5", "5"),
        ("a = true", "true"),
    ] {
        let edited = set(text, FileKind::Values, &[("a", value)]).unwrap();
        assert_eq!((edited.text.as_str(), edited.changed.len()), (text, 0));
    }
}

#[test]
fn line_endings_byte_order_marks_and_missing_last_newlines_survive() {
    let kind = FileKind::Values;
    check("a = 1\r\nb = 2\r\n", kind, "b", "3", "2", "3");
    check(
        "\u{feff}a = 1\nb = \"\u{fc}\"\n",
        kind,
        "b",
        "\u{e5}",
        "\u{fc}",
        "\u{e5}",
    );
    check("\u{feff}b = 1", kind, "b", "22", "1", "22");
    check("\tb\t=\t1\t# x", kind, "b", "2", "1", "2");
}

#[test]
fn a_module_has_defaults_of_variables_and_locals() {
    let text = "\
variable \"image_version\" {
  type    = string # kept
  default = \"1.4.0\"
  validation {
    condition     = length(var.image_version) > 0
    error_message = \"x\"
  }
}
variable \"size\" {}
locals { replicas = 2 }
locals {
  name = \"n\"
}
module \"x\" {
  image_version = \"in a module\"
}
";
    let kind = FileKind::Module;
    check(text, kind, "image_version", "1.5.0", "\"1.4.0\"", "\"1.5.0\"");
    check(text, kind, "replicas", "3", "replicas = 2", "replicas = 3");
    check(text, kind, "name", "m", "\"n\"", "\"m\"");
    check_refused(
        text,
        kind,
        &[("size", "1")],
        "the variable `size` has no default: write one first, so that its type is known",
    );
    check_refused(
        text,
        kind,
        &[("default", "1")],
        "it has no variable `default`: add it as `variable \"…\" { default = … }` or `locals { … }` first",
    );
}

#[test]
fn a_configuration_has_inputs_locals_and_attributes_at_the_top() {
    let text = "\
iam_role = \"r\"
locals {
  region = \"eu\"
}
inputs = {
  image_version = \"1.4.0\", # first
  \"replicas\" : 2
  nested = { image_version = \"deeper\", other = 1 }
  (local.region) = \"dynamic\"
}
";
    let kind = FileKind::Configuration;
    check(text, kind, "image_version", "1.5.0", "\"1.4.0\"", "\"1.5.0\"");
    check(text, kind, "replicas", "3", ": 2", ": 3");
    check(text, kind, "region", "us", "\"eu\"", "\"us\"");
    check(text, kind, "iam_role", "s", "\"r\"", "\"s\"");
    check_refused(
        text,
        kind,
        &[("other", "2")],
        "it has no variable `other`: add it as an attribute at the top of the file, `inputs = { … }` or `locals { … }` first",
    );
    check_refused(
        "a = 1\n\nlocals {\n  a = 2\n}\ninputs = { a = 3 }\n",
        kind,
        &[("a", "4")],
        "`a` is there 3 times (lines 1, 4, 6): leave one of them",
    );
}

#[test]
fn a_value_that_does_not_fit_the_type_is_refused() {
    for value in [
        "three", "", "1.", ".5", "01", "1 2", "0x10", "1e", "1e99999", "--1", "1_000", "\u{ff11}", "true",
    ] {
        check_refused(
            VALUES,
            FileKind::Values,
            &[("instance_count", value)],
            &format!("`{value}` is not a number, and `instance_count` is one: give one such as `3`, `-1` or `0.5`"),
        );
    }
    for value in ["yes", "True", "1", ""] {
        check_refused(
            VALUES,
            FileKind::Values,
            &[("enabled", value)],
            &format!("`{value}` is not a boolean, and `enabled` is one: give `true` or `false`"),
        );
    }
}

#[test]
fn what_is_no_plain_value_is_named_and_left_alone() {
    for (name, line, kind) in [
        ("tags", 8, "an object"),
        ("note", 9, "a heredoc"),
        ("list", 12, "a list"),
        ("computed", 14, "a template"),
        ("nothing", 15, "`null`"),
    ] {
        check_refused(
            VALUES,
            FileKind::Values,
            &[(name, "x")],
            &format!("`{name}` on line {line} is {kind}: only a plain string, number or boolean can be set"),
        );
    }
    for expression in [
        "var.x",
        "(1)",
        "1 + 1",
        "f(1)",
        "a ? 1 : 2",
        "!true",
        "[for x in y : x]",
    ] {
        check_refused(
            &format!("a = {expression}\n"),
            FileKind::Values,
            &[("a", "1")],
            &format!(
                "`a` on line 1 is {}: only a plain string, number or boolean can be set",
                "an expression"
            ),
        );
    }
}

#[test]
fn every_problem_is_reported_at_once_with_the_nearest_name() {
    check_refused(
        VALUES,
        FileKind::Values,
        &[
            ("image_versoin", "1"),
            ("enabled", "no"),
            ("region", "a"),
            ("region", "b"),
            ("zzz", "1"),
        ],
        "it has no variable `image_versoin`: did you mean `image_version`?; \
         `no` is not a boolean, and `enabled` is one: give `true` or `false`; \
         `region` is named more than once: give each variable one value; \
         it has no variable `zzz`: add it as an attribute at the top of the file first",
    );
}

#[test]
fn what_is_no_hcl_is_refused_with_line_and_column() {
    for (text, line, column) in [
        ("a = 1\nb = \"open\n", 2, 1),
        ("a = 1\n{}\n", 2, 1),
        ("{\"a\": 1}", 1, 1),
        ("a = 1\na = 2\n", 2, 1),
        ("a = ", 1, 1),
    ] {
        let refused = set(text, FileKind::Values, &[("a", "1")]).unwrap_err();
        let EditErrors(errors) = &refused;
        assert!(
            matches!(errors.as_slice(), [EditError::NotHcl { line: l, column: c, .. }] if (*l, *c) == (line, column)),
            "{text:?}: {refused}"
        );
        assert!(!refused.to_string().contains('\n'), "{refused}");
    }
    let not_text = edit(b"a = 1\nb = \"\xff\"\n", FileKind::Values, &[setting("a", "2")]).unwrap_err();
    assert_eq!(
        not_text.to_string(),
        "line 2, column 6 is not UTF-8: save the file as UTF-8"
    );
}

#[test]
fn nesting_without_end_is_refused_and_overflows_nothing() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{a=", "}"), ("!", ""), ("\"${", "}\"")] {
        let text = format!("a = {}1{}\nb = 1\n", open.repeat(100_000), close.repeat(100_000));
        let refused = set(&text, FileKind::Values, &[("b", "2")]).unwrap_err();
        let EditErrors(errors) = &refused;
        assert!(
            matches!(errors.as_slice(), [EditError::NotHcl { .. }]),
            "{open}: {refused}"
        );
    }
}

#[test]
fn only_three_kinds_of_files_are_known() {
    let kind = |path: &str| FileKind::of(&path.parse().unwrap());
    assert_eq!(kind("a/b.tfvars"), Some(FileKind::Values));
    assert_eq!(kind("b.auto.tfvars"), Some(FileKind::Values));
    assert_eq!(kind("main.tf"), Some(FileKind::Module));
    assert_eq!(kind("a/terragrunt.hcl"), Some(FileKind::Configuration));
    for path in ["a.json", "a.tfvars.json", "a.tf.json", "tfvars", ".tf", "a.TF", "."] {
        assert_eq!(kind(path), None, "{path}");
    }
}

/// A file of attributes with random layout: what is before, in and after each one.
fn file() -> impl Strategy<Value = Vec<(String, String, String)>> {
    let before = prop_oneof![
        Just(String::new()),
        Just("\n\n".to_owned()),
        Just("# a comment = \"x\"\n".to_owned()),
        Just("/* b = 1 */ ".to_owned()),
        Just("\t  ".to_owned()),
        Just("\r\n// c\r\n".to_owned()),
    ];
    let value = prop_oneof![
        "\"[a-z0-9 ._-]{0,8}\"",
        "-?[1-9][0-9]{0,3}(\\.[0-9]{1,2})?",
        Just("true".to_owned()),
        Just("[1, \"v0\", { v1 = 2 }]".to_owned()),
        Just("{\n  v1 = \"x\"\n}".to_owned()),
        Just("<<E\nv0 = 1\nE".to_owned()),
    ];
    let after = prop_oneof![
        Just("\n".to_owned()),
        Just("  # v0 = 1\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("  \n\n".to_owned()),
    ];
    prop::collection::vec((before, value, after), 1..8)
}

proptest! {
    #[test]
    fn the_layout_of_any_file_survives_and_only_the_named_value_changes(
        parts in file(),
        index in any::<prop::sample::Index>(),
        value in "\\PC{0,12}",
    ) {
        let index = index.index(parts.len());
        let write = |at: usize, replaced: Option<&str>| {
            let (before, value, after) = &parts[at];
            let after = if value.starts_with("<<") { "\n" } else { after };
            format!("{before}v{at} = {}{after}", replaced.unwrap_or(value))
        };
        let text: String = (0..parts.len()).map(|at| write(at, None)).collect();
        prop_assume!(value.parse::<crate::values::VariableValue>().is_ok());
        let name = format!("v{index}");
        let edited = set(&text, FileKind::Values, &[(&name, &value)]);
        if parts[index].1.starts_with('"') {
            let edited = edited.unwrap();
            let head: String = (0..index).map(|at| write(at, None)).collect();
            let tail: String = (index + 1..parts.len()).map(|at| write(at, None)).collect();
            let (begin, end) = (format!("{head}{}v{index} = \"", parts[index].0), format!("\"{}{tail}", parts[index].2));
            prop_assert!(edited.text.starts_with(&begin));
            prop_assert!(edited.text.ends_with(&end));
            // Setting the old value again gives the old bytes.
            let old = parts[index].1.trim_matches('"');
            let back = set(&edited.text, FileKind::Values, &[(&name, old)]).unwrap();
            prop_assert_eq!(back.text, text);
            // Setting it twice changes nothing more.
            let again = set(&edited.text, FileKind::Values, &[(&name, &value)]).unwrap();
            prop_assert_eq!(again.changed.len(), 0);
            let read = hcl_edit::parser::parse_body(&edited.text).unwrap();
            prop_assert_eq!(read.get_attribute(&name).unwrap().value.as_str(), Some(value.as_str()));
        } else if let Ok(edited) = edited {
            let expected: String = (0..parts.len())
                .map(|at| write(at, (at == index).then_some(value.as_str())))
                .collect();
            prop_assert_eq!(edited.text, expected);
        }
    }

    #[test]
    fn no_bytes_make_the_edit_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[a={}\\[\\]\"$%<>E\n #/*().?:!-]{0,60}") {
        for kind in [FileKind::Values, FileKind::Module, FileKind::Configuration] {
            drop(edit(&bytes, kind, &[setting("a", "1")]));
            drop(edit(text.as_bytes(), kind, &[setting("a", "1")]));
        }
    }
}
