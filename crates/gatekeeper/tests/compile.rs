//! What the compiled form of an allow-list is.
#![cfg(test)]

use gatekeeper::compile::compile;
use gatekeeper::compiled::Compiled;
use gatekeeper::source::read;

const DEMO: &str = include_str!("../../../config/demo.yaml");

#[track_caller]
fn compiled(text: &str) -> Compiled {
    let source = read("test.yaml", text).unwrap_or_else(|problems| panic!("unreadable: {problems:#?}"));
    compile(&source).unwrap_or_else(|findings| panic!("refused: {findings:#?}"))
}

#[test]
fn the_canonical_bytes_read_back_as_the_same_allow_list() {
    let demo = compiled(DEMO);
    let read_back: Compiled = serde_json::from_slice(&demo.canonical_bytes()).unwrap();
    assert_eq!(read_back, demo);
    assert_eq!(read_back.digest(), demo.digest());
}

/// The whole allow-lists in a text: every block of YAML that begins with the version.
fn examples(markdown: &str) -> Vec<&str> {
    let blocks = markdown
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.starts_with("version:")).collect()
}

#[test]
fn every_whole_example_of_the_docs_compiles() {
    for (text, count) in [
        (include_str!("../../../docs/allow-list.md"), 1),
        (include_str!("../../../docs/migration-from-gruntwork.md"), 2),
    ] {
        let examples = examples(text);
        assert_eq!(examples.len(), count);
        for example in examples {
            compiled(example);
        }
    }
}

#[test]
fn a_container_inherits_what_it_does_not_say() {
    let text = "version: 1
defaults: { task: { cpu: 2048, memory: 4096, max_memory: 8192, timeout: 2h, launch_types: [EC2, FARGATE] } }
containers:
  own: { image: box, task: { memory: 5120, stop_timeout: 90s, launch_type: FARGATE_SPOT }, scripts: { run: {} } }
";
    let task = &compiled(text).containers["own"].task;
    let expected = gatekeeper::compiled::Task {
        cpu: 2048,
        memory: 5120,
        max_cpu: 2048,
        max_memory: 8192,
        launch_types: vec![protocol::LaunchType::FargateSpot],
        timeout_seconds: 7200,
        stop_timeout_seconds: 90,
    };
    assert_eq!(*task, expected);
}

#[test]
fn the_digest_is_the_sha_256_of_the_canonical_bytes() {
    let small = compiled("version: 1\ncontainers: { box: { image: box, scripts: { run: {} } } }\n");
    insta::assert_snapshot!(String::from_utf8(small.canonical_bytes()).unwrap());
    insta::assert_snapshot!(small.digest());
}

#[test]
fn comments_and_notation_do_not_change_the_digest_but_order_does() {
    let one = compiled(
        "version: 1\ncontainers: { box: { image: box, environment: { A: x, B: z }, scripts: { run: {} } } }\n",
    );
    let same = "# note\nversion: 1\ncontainers:\n  box:\n    scripts:\n      run: {}\n    environment: { A: 'x', B: \"z\" }\n    image: box\n";
    assert_eq!(compiled(same).digest(), one.digest());
    assert_ne!(
        compiled(&same.replace("A: 'x', B: \"z\"", "B: z, A: x")).digest(),
        one.digest()
    );
}

#[test]
fn a_container_that_is_not_loosened_has_the_bytes_that_it_had_before_it_could_be() {
    let usual = compiled("version: 1\ncontainers: { box: { image: box, scripts: { run: {} } } }\n");
    let said = "version: 1\ncontainers: { box: { image: box, root_filesystem: read_only, capabilities: [], scripts: { run: {} } } }\n";
    assert_eq!(compiled(said).canonical_bytes(), usual.canonical_bytes());
    let loosened = said
        .replace("read_only", "writable")
        .replace("[]", "[CHOWN, SETUID, CHOWN]");
    let bytes = String::from_utf8(compiled(&loosened).canonical_bytes()).unwrap();
    assert!(
        bytes.contains(r#""root_filesystem":"writable","capabilities":["CHOWN","SETUID"]"#),
        "{bytes}"
    );
    assert!(gatekeeper::AllowList::load(bytes.as_bytes()).is_ok());
}

/// Says something else than the default in every field of a container, its scripts and their arguments.
const EVERY_FIELD: &str = r#"
version: 1
repositories:
  live: { url: "https://git.example.com/live.git", protected_refs: [refs/heads/main, refs/heads/next] }
volumes:
  state: { description: Terraform state. }
defaults: { container: box }
containers:
  box:
    description: A box.
    image: box-image
    entrypoint: image
    environment: { TF_IN_AUTOMATION: "1" }
    secrets: { GIT_TOKEN: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x" }
    network: host
    volumes: { state: /state }
    root_filesystem: writable
    capabilities: [CHOWN, SYS_CHROOT]
    scripts:
      run:
        description: Runs.
        parameter_style: { values: separate, end_of_options: true }
        fixed_options: { --log-level: [info, debug], -color: [] }
        fixed_positionals: [build]
        options:
          --repo: { type: repository, description: Which., one_of: [live], protected_refs_as: --protected-ref, required: true }
          --flag: { type: flag }
          --choice: { type: choice, one_of: [a, b], default: b }
          --commit: { type: commit }
          --branch: { type: ref }
          --path: { type: path, within: ["prod/**"], allow_root: true }
          --count: { type: integer, min: 2, max: 9, repeatable: true, max_repeats: 5 }
          --text: { type: text, pattern: "[a-z]+", max_length: 7, allow_empty: true }
          --var: { type: key_value, keys: [k], value: { type: text, pattern: "[0-9]", max_length: 3, allow_empty: true }, repeatable: true }
        positionals:
          - { name: file, description: First., type: path, required: true }
          - { name: rest, type: text, pattern: "[a-z]", repeatable: true }
      other:
        parameter_style: { end_of_options: false }
        options:
          --text: { type: text, pattern: "[a-z-]", value_optional: true, allow_leading_dash: true }
"#;

#[test]
fn every_field_arrives_in_the_compiled_form() {
    let compiled = serde_json::to_value(compiled(EVERY_FIELD)).unwrap();
    insta::assert_json_snapshot!(compiled);
}
