//! The JSON Schema and the reader agree, and the committed schema is the generated one.
#![cfg(test)]

use std::path::PathBuf;
use std::sync::LazyLock;

use gatekeeper::schema::json_schema;
use gatekeeper::source::read;
use jsonschema::Validator;
use serde_json::{Value, json};

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(&json_schema()).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is a schema")
});

/// JSON is YAML, so one text goes to both.
fn accepted(document: &Value) -> (bool, bool) {
    let text = serde_json::to_string_pretty(document).unwrap();
    (read("test.json", &text).is_ok(), VALIDATOR.is_valid(document))
}

#[track_caller]
fn both_accept(document: &Value) {
    assert_eq!(accepted(document), (true, true), "{document:#}");
}

#[track_caller]
fn both_refuse(document: &Value) {
    assert_eq!(accepted(document), (false, false), "{document:#}");
}

/// An allow-list with one option.
fn with_option(option: Value) -> Value {
    let mut document = whole();
    document["containers"]["planner"]["scripts"]["run"]["options"]["--x"] = option;
    document
}

/// An allow-list that uses every field.
fn whole() -> Value {
    json!({
        "version": 1,
        "repositories": {"live": {"url": "https://git.example.com/live.git", "protected_refs": ["refs/heads/main"]}},
        "volumes": {"state": {"description": "State.", "shared": true}},
        "defaults": {"container": "planner", "task": {"cpu": 1024, "memory": 2048, "launch_types": ["FARGATE", "EC2"]}},
        "containers": {"planner": {
            "description": "Plans.",
            "image": "terraform-runner",
            "entrypoint": "image",
            "environment": {"TF_IN_AUTOMATION": "1"},
            "secrets": {"GIT_TOKEN": "git-token"},
            "network": "host",
            "volumes": {"state": "/state"},
            "root_filesystem": "writable",
            "capabilities": ["CHOWN", "SYS_CHROOT"],
            "task": {"max_cpu": 2048, "max_memory": 8192, "launch_type": "FARGATE_SPOT", "timeout": "1h30m", "stop_timeout": "90s"},
            "scripts": {"run": {
                "description": "Runs.",
                "parameter_style": {"values": "separate", "end_of_options": false},
                "fixed_options": {"--log-level": ["info"], "-json": []},
                "fixed_positionals": ["go"],
                "options": every_option(),
                "positionals": [
                    {"name": "first", "type": "commit", "required": true, "description": "The first."},
                    {"name": "rest", "type": "path", "repeatable": true, "max_repeats": 9}
                ]
            }}
        }}
    })
}

/// An option of every type.
fn every_option() -> Value {
    json!({
        "--flag": {"type": "flag", "description": "A flag."},
        "--choice": {"type": "choice", "one_of": ["a", "b"], "default": "a"},
        "--commit": {"type": "commit", "required": true},
        "--ref": {"type": "ref"},
        "--repo": {"type": "repository", "one_of": ["live"], "protected_refs_as": "--protected-ref"},
        "--path": {"type": "path", "within": ["a/**"], "allow_root": true},
        "--count": {"type": "integer", "min": 0, "max": 9, "default": 3},
        "--text": {
            "type": "text", "pattern": "[a-z]+", "max_length": 9, "allow_empty": false, "allow_leading_dash": false,
            "value_optional": true, "repeatable": true, "max_repeats": 3
        },
        "--var": {"type": "key_value", "keys": ["k"], "value": {
            "type": "text", "pattern": "[a-z]+", "max_length": 9, "allow_empty": false, "allow_leading_dash": false
        }}
    })
}

/// The document with another value at a place, or without the place.
fn changed(pointer: &str, value: Option<Value>) -> Value {
    let mut document = whole();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap();
    match value {
        Some(value) => parent[name] = value,
        None => drop(parent.as_object_mut().unwrap().remove(name)),
    }
    document
}

#[test]
fn both_accept_an_allow_list_that_uses_every_field() {
    both_accept(&whole());
    both_accept(&changed(
        "/containers/planner/scripts/run/positionals",
        Some(json!("none")),
    ));
}

#[test]
fn both_accept_the_files_in_config() {
    for text in [
        include_str!("../../../config/demo.yaml"),
        include_str!("../../../config/allow-list.yaml"),
    ] {
        let source = read("config.yaml", text);
        assert!(source.is_ok(), "{:#?}", source.unwrap_err());
    }
}

#[test]
fn both_refuse_an_unknown_field_wherever_it_stands() {
    let mut places = Vec::new();
    mappings(&whole(), String::new(), &mut places);
    for place in places {
        both_refuse(&changed(&format!("{place}/ unknown"), Some(json!("x"))));
    }
}

/// Every mapping of a document, as a pointer to it.
fn mappings(value: &Value, place: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                mappings(field, format!("{place}/{name}"), found);
            }
            found.push(place);
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                mappings(item, format!("{place}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn both_refuse_a_value_of_another_kind_wherever_it_stands() {
    let mut places = Vec::new();
    values(&whole(), "", &mut places);
    for (place, value) in places {
        for other in [
            Value::Null,
            json!(true),
            json!(1.5),
            json!("wrong kind"),
            json!(["a"]),
            json!({"a": "b"}),
        ] {
            let same_kind = std::mem::discriminant(&other) == std::mem::discriminant(&value) && !other.is_f64();
            let takes_text = place.ends_with("/default") && other.is_string();
            if !same_kind && !takes_text {
                both_refuse(&changed(&place, Some(other)));
            }
        }
    }
}

/// Every value below the top of a document that is not a list's item, as a pointer to it.
fn values(value: &Value, place: &str, found: &mut Vec<(String, Value)>) {
    let Value::Object(fields) = value else { return };
    for (name, field) in fields {
        let place = format!("{place}/{name}");
        found.push((place.clone(), field.clone()));
        values(field, &place, found);
    }
}

#[test]
fn both_refuse_what_is_missing() {
    for place in [
        "/version",
        "/containers",
        "/repositories/live/url",
        "/volumes/state/description",
        "/containers/planner/image",
        "/containers/planner/scripts",
        "/containers/planner/scripts/run/options/--flag/type",
        "/containers/planner/scripts/run/options/--choice/one_of",
        "/containers/planner/scripts/run/options/--repo/one_of",
        "/containers/planner/scripts/run/options/--count/min",
        "/containers/planner/scripts/run/options/--count/max",
        "/containers/planner/scripts/run/options/--var/keys",
        "/containers/planner/scripts/run/options/--var/value",
        "/containers/planner/scripts/run/positionals/0/name",
        "/containers/planner/scripts/run/positionals/0/type",
    ] {
        both_refuse(&changed(place, None));
    }
}

#[test]
fn both_refuse_a_field_of_another_type() {
    for option in [
        json!({"type": "flag", "one_of": ["a"]}),
        json!({"type": "commit", "pattern": "a"}),
        json!({"type": "choice", "one_of": ["a"], "within": ["a"]}),
        json!({"type": "integer", "min": 1, "max": 2, "max_length": 3}),
        json!({"type": "text", "keys": ["a"]}),
        json!({"type": "key_value", "keys": ["a"], "value": {"pattern": "a"}, "pattern": "a"}),
        json!({"type": "path", "protected_refs_as": "--x"}),
        json!({"type": "ref", "min": 1}),
    ] {
        both_refuse(&with_option(option));
    }
    let flag = json!([{"name": "x", "type": "flag"}]);
    both_refuse(&changed("/containers/planner/scripts/run/positionals", Some(flag)));
}

#[test]
fn both_refuse_values_out_of_range_and_names_of_another_form() {
    both_refuse(&changed("/version", Some(json!(2))));
    both_refuse(&changed("/defaults/task/cpu", Some(json!(0))));
    both_refuse(&changed("/defaults/task/cpu", Some(json!(1_048_577))));
    both_refuse(&changed("/containers/planner/network", Some(json!("bridge"))));
    both_refuse(&changed("/containers/planner/entrypoint", Some(json!("/bin/sh"))));
    both_refuse(&changed(
        "/containers/planner/root_filesystem",
        Some(json!("read-only")),
    ));
    for name in ["SYS_ADMIN", "CAP_CHOWN", "chown", "ALL", ""] {
        both_refuse(&changed("/containers/planner/capabilities", Some(json!([name]))));
    }
    both_refuse(&changed("/defaults/task/launch_types", Some(json!(["fargate"]))));
    for duration in ["", "h", "1", "1d", "0s", "1m1h", "1h 1m", "-1h", "100000s", "1.5h"] {
        both_refuse(&changed("/containers/planner/task/timeout", Some(json!(duration))));
    }
    for place in [
        "/containers/Upper",
        "/containers/a b",
        "/repositories/-x",
        "/volumes/.",
        "/containers/planner/secrets/A-B",
    ] {
        let any = json!({"url": "https://a/b", "description": "d", "image": "i", "scripts": {}});
        both_refuse(&changed(place, Some(any)));
    }
    for name in ["x", "-x", "---x", "--X", "--x=y", "--", "--\u{430}"] {
        let mut document = whole();
        document["containers"]["planner"]["scripts"]["run"]["options"][name] = json!({"type": "flag"});
        both_refuse(&document);
    }
    both_refuse(&with_option(json!({"type": "text", "max_length": 4097})));
    both_refuse(&with_option(
        json!({"type": "text", "repeatable": true, "max_repeats": 257}),
    ));
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../config/allow-list.schema.json");
    let committed = std::fs::read_to_string(file).unwrap();
    assert!(
        committed == json_schema(),
        "config/allow-list.schema.json is out of date: run `cargo run -p gatekeeper --example schema > config/allow-list.schema.json`"
    );
}
