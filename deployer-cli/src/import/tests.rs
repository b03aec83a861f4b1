//! What is taken over, what is said about the rest, and that nothing is ever permitted that was not before.

mod model;
mod never_wider;

use gatekeeper::AllowList;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::check::{Checked, Strictness};
use crate::layout::tests::plain;

const STANDARD: &str = include_str!("tests/standard.json");

fn imported(text: &str) -> Imported {
    import_text("gruntwork.json", text).unwrap_or_else(|error| panic!("{error}"))
}

/// The YAML of one container `c` with one script `s`.
fn of_script(config: &Value) -> (Option<String>, Vec<Remark>) {
    let text =
        json!({"c": {"docker_image": "r.example/i", "docker_tag": "1", "script_config": {"s": config}}}).to_string();
    let Imported { allow_list, remarks } = imported(&text);
    (allow_list.map(|text| text.yaml), remarks)
}

/// The rule of one option, as it stands in the YAML; `None` when it is left out, which must have been said.
#[track_caller]
fn rule_of(config: &Value, option: &str) -> Option<String> {
    let (yaml, remarks) = of_script(config);
    let yaml = yaml.expect("an allow-list");
    let line = yaml
        .lines()
        .find_map(|line| line.trim().strip_prefix(&format!("{option}: ")));
    let path = format!("containers.c.scripts.s.options.{option}");
    let said =
        |remark: &Remark| remark.kind != Kind::Decide && (remark.path == path || remark.message.contains(option));
    assert!(line.is_some() || remarks.iter().any(said), "{option}: {remarks:#?}");
    line.map(str::to_owned)
}

#[test]
fn the_standard_configuration_becomes_an_allow_list_that_passes_and_everything_else_is_said() {
    let standard = imported(STANDARD);
    let text = standard.allow_list.clone().expect("an allow-list");
    insta::assert_snapshot!("standard_yaml", text.yaml);
    insta::assert_snapshot!("standard_text", render(&standard, plain(120)));
    insta::assert_snapshot!("standard_json", json(&standard).unwrap());
    let checked = Checked::of("allow-list.yaml", text.yaml);
    assert!(checked.passes(Strictness::Usual), "{:#?}", checked.remarks);
    let compiled = checked.compiled.unwrap();
    assert_eq!(compiled.digest(), text.digest);
    AllowList::load(&compiled.canonical_bytes()).unwrap();
}

#[test]
fn every_shape_in_which_terraform_writes_it_is_read() {
    let root: Value = serde_json::from_str(STANDARD).unwrap();
    let map = &root["container_images"]["value"];
    let shapes = [
        map.clone(),
        json!({"value": map, "type": "map", "sensitive": true}),
        json!({"container_images": map}),
        json!({"additional_container_images": map, "container_images": {}}),
    ];
    let plain = imported(&shapes[0].to_string()).allow_list;
    assert!(plain.is_some());
    for shape in shapes {
        assert_eq!(imported(&shape.to_string()).allow_list, plain);
    }
}

#[test]
fn an_older_configuration_without_the_newer_fields_is_read() {
    let config = json!({
        "hardcoded_options": {}, "hardcoded_args": [], "allow_positional_args": false,
        "allowed_options": ["--a"], "restricted_options": [], "restricted_options_regex": {},
    });
    assert_eq!(rule_of(&config, "--a").as_deref(), Some("{ type: text }"));
}

#[test]
fn numbers_and_booleans_are_the_text_that_terraform_makes_of_them() {
    let text = json!({"c": {
        "docker_image": "i", "docker_tag": "1", "environment_vars": {"A": 1, "B": true},
        "script_config": {"s": {"allowed_options": [], "hardcoded_options": {"n": [7]}}},
    }});
    let yaml = imported(&text.to_string()).allow_list.unwrap().yaml;
    for line in ["A: '1'", "B: 'true'", "--n: ['7']"] {
        assert!(yaml.contains(line), "{yaml}");
    }
}

#[test]
fn each_kind_of_option_gets_the_narrowest_type_that_it_shows() {
    let config = json!({
        "allowed_options": ["--ref", "--tag", "command", "--repo", "--free", "--out", "-var", "--Upper"],
        "allowed_options_without_args": ["--dry-run"],
        "hardcoded_options": {"out": ["x"]},
        "restricted_options": ["--free"],
        "restricted_options_regex": {
            "tag": "^v[0-9]+$", "--command": "plan|apply", "--repo": "git@h.example:o/app.git",
        },
    });
    for (option, expected) in [
        ("--ref", Some("{ type: commit }")),
        ("--tag", Some("{ type: text, pattern: 'v[0-9]+' }")),
        ("--command", Some("{ type: choice, one_of: ['apply', 'plan'] }")),
        ("--repo", Some("{ type: repository, one_of: ['app'] }")),
        ("--dry-run", Some("{ type: flag }")),
        ("-var", None),
        ("--Upper", None),
    ] {
        assert_eq!(rule_of(&config, option).as_deref(), expected, "{option}");
    }
    let (yaml, _) = of_script(&config);
    let yaml = yaml.unwrap();
    assert!(yaml.contains("app: { url: 'ssh://git@h.example/o/app.git' }"), "{yaml}");
    assert!(yaml.contains("--out: ['x']") && !yaml.contains("--free"), "{yaml}");
}

#[test]
fn what_was_allowed_without_limits_is_left_out_and_not_guessed() {
    for (config, said) in [
        (json!({"allowed_options": null}), "callers could give any option"),
        (json!({"restricted_options": ["--x"]}), "any option but `--x`"),
        (
            json!({"allowed_options": [], "allow_positional_args": true}),
            "any positionals",
        ),
        (json!({"allowed_options": ["--repo"]}), "any address"),
        (
            json!({"allowed_options": ["--repo"], "restricted_options_regex": {"repo": "https://h/.*"}}),
            "every address that",
        ),
        (
            json!({"allowed_options": ["--a"], "restricted_options_regex": {"a": "(?i)x+"}}),
            "holds flags",
        ),
        (
            json!({"allowed_options": ["--a"], "restricted_options_regex": {"a": "x+", "--a": "y+"}}),
            "several patterns",
        ),
        (
            json!({"allowed_options_without_args": ["--a"], "allowed_options": [], "restricted_options_regex": {"a": "x"}}),
            "has a pattern for values",
        ),
    ] {
        let (yaml, remarks) = of_script(&config);
        let yaml = yaml.expect("the script itself can be run");
        assert!(
            yaml.contains("positionals: none") && !yaml.contains("options:\n          --"),
            "{yaml}"
        );
        let left_out = remarks.iter().filter(|remark| remark.kind == Kind::LeftOut);
        assert!(
            left_out.clone().any(|remark| remark.message.contains(said)),
            "{said}: {remarks:#?}"
        );
    }
}

#[test]
fn a_script_whose_fixed_words_cannot_be_said_is_not_there_at_all() {
    for args in [json!(["--a=b"]), json!(["--a", "--a", "b"]), json!(["--a", "b", "c"])] {
        let (yaml, remarks) = of_script(&json!({"allowed_options": [], "hardcoded_args": args}));
        assert_eq!(yaml, None, "{args}");
        let said = |remark: &Remark| remark.kind == Kind::LeftOut && remark.path == "containers.c.scripts.s";
        assert!(remarks.iter().any(said), "{remarks:#?}");
    }
}

#[test]
fn what_the_linter_refuses_is_left_out_with_its_words_and_the_rest_stays() {
    let text = json!({
        "container_images": {"c": {
            "docker_image": "i", "docker_tag": "1",
            "environment_vars": {"LD_PRELOAD": "/x.so", "GOOD": "1", "not a name": "1", "HIDDEN": "a\u{200b}b"},
            "secrets_manager_env_vars": {"GOOD": "arn:x", "EMPTY": ""},
            "script_config": {"s": {"allowed_options": []}, "../x": {"allowed_options": []}},
        }},
        "container_cpu": 1000, "container_memory": 1, "container_default_launch_type": "FARGATE",
    });
    let Imported { allow_list, remarks } = imported(&text.to_string());
    let yaml = allow_list.expect("an allow-list").yaml;
    assert!(yaml.contains("      GOOD: '1'") && yaml.contains("      s:"), "{yaml}");
    for word in ["LD_PRELOAD", "not a name", "HIDDEN", "EMPTY", "arn:x", "../x", "cpu"] {
        assert!(!yaml.contains(word), "{word}: {yaml}");
    }
    for path in [
        "containers.c.environment.LD_PRELOAD",
        "containers.c.environment.not a name",
        "containers.c.environment.HIDDEN",
        "containers.c.secrets.GOOD",
        "containers.c.secrets.EMPTY",
        "containers.c.scripts.../x",
        "defaults.task",
    ] {
        let said = |remark: &Remark| remark.kind == Kind::LeftOut && remark.path == path;
        assert!(remarks.iter().any(said), "{path}: {remarks:#?}");
    }
}

#[test]
fn two_images_of_one_name_stay_two_and_several_defaults_are_none() {
    let container = |image: &str| json!({"docker_image": image, "docker_tag": "1", "default": true, "script_config": {"s": {"allowed_options": []}}});
    let text = json!({"a": container("r/x"), "b": container("q/x"), "c": container("r/x")}).to_string();
    let Imported { allow_list, remarks } = imported(&text);
    let yaml = allow_list.unwrap().yaml;
    assert_eq!(yaml.matches("image: 'x'\n").count(), 2, "{yaml}");
    assert_eq!(yaml.matches("image: 'x-2'\n").count(), 1, "{yaml}");
    assert!(!yaml.contains("container: "), "{yaml}");
    assert!(
        remarks
            .iter()
            .any(|remark| remark.message == "more than one container is the default: a, b, c")
    );
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let error = import_text("x.json", text).expect_err("it must be refused").to_string();
    for part in expected {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn what_is_no_json_is_refused_with_line_and_column_and_what_to_give() {
    let advice = "give what `terraform output -json` prints";
    refused("", &["line 1, column 0: EOF", advice]);
    refused("{\n  \"a\": nope}", &["line 2, column 9: expected", advice]);
    refused("container_images = {}", &["line 1, column 1: expected value", advice]);
    refused(
        "{\"a\": 1,\n \"a\": 2}",
        &["line 2, column 4: the key `a` is here a second time", advice],
    );
    refused(&"[".repeat(1000), &["recursion limit exceeded", advice]);
}

#[test]
fn json_without_containers_is_refused_and_says_what_there_is() {
    refused("[]", &["no `container_images` because it is no object"]);
    refused("{}", &["no `container_images` because it is empty"]);
    refused("{\"vpc_id\": \"x\"}", &["no `container_images` among `vpc_id`"]);
    refused(
        "{\"container_images\": {}}",
        &["no `container_images` with a container in it"],
    );
}

#[test]
fn a_field_that_is_unknown_or_of_another_type_is_refused_because_it_may_restrict_something() {
    let container = |field: &str, value: Value| {
        let mut container = json!({"docker_image": "i", "docker_tag": "1", "script_config": {"s": {}}});
        container[field] = value;
        json!({"container_images": {"c": container}}).to_string()
    };
    refused(
        &container("denied_users", json!([])),
        &[
            "`container_images.c` cannot be read: unknown field `denied_users`",
            "remove the field if it restricts nothing",
        ],
    );
    refused(
        &container("script_config", json!({"s": {"allowed_option": []}})),
        &["`container_images.c.script_config.s` cannot be read: unknown field `allowed_option`"],
    );
    refused(
        &container("script_config", json!({"s": {"allow_positional_args": "no"}})),
        &["container_images.c.script_config.s", "expected a boolean"],
    );
    refused(
        &container("script_config", json!({"s": {"allowed_options": [["--a"]]}})),
        &["container_images.c.script_config.s", "expected a text"],
    );
    let twice = json!({"docker_image": "i", "docker_tag": "1"});
    refused(
        &json!({"container_images": {"c": twice}, "additional_container_images": {"c": twice}}).to_string(),
        &["a container of this name is in both variables"],
    );
}

#[test]
fn a_file_is_read_as_a_whole_and_bytes_that_are_no_text_have_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.json");
    std::fs::write(&file, STANDARD).unwrap();
    assert_eq!(import(&file).unwrap(), imported(STANDARD));
    std::fs::write(&file, b"{\n \"a\": \"\xff\"}").unwrap();
    let error = import(&file).unwrap_err().to_string();
    assert!(
        error.contains("line 2, column 8: a byte that is not UTF-8 text"),
        "{error}"
    );
    std::fs::File::create(&file).unwrap().set_len(MAX_BYTES + 1).unwrap();
    let error = import(&file).unwrap_err().to_string();
    assert!(error.contains("more than 8388608 bytes"), "{error}");
    let error = import(&folder.path().join("missing")).unwrap_err().to_string();
    assert!(error.contains("missing`: No such file"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,200}") {
        drop(import_text("x.json", &text));
    }

    #[test]
    fn no_change_of_a_good_file_makes_it_panic_or_write_what_does_not_pass(
        at in 0..STANDARD.len(), removed in 0_usize..80, added in r#"[]\[{}:,"a-z0-9$^(|)*+?. -]{0,12}"#,
    ) {
        let at = STANDARD.floor_char_boundary(at);
        let end = STANDARD.floor_char_boundary((at + removed).min(STANDARD.len()));
        let changed = format!("{}{added}{}", &STANDARD[..at], &STANDARD[end..]);
        if let Ok(Imported { allow_list: Some(text), .. }) = import_text("x.json", &changed) {
            let checked = Checked::of("allow-list.yaml", text.yaml);
            prop_assert!(checked.passes(Strictness::Usual), "{:#?}", checked.remarks);
        }
    }
}
