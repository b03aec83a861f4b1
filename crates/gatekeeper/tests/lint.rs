//! The linter's rules: each with an allow-list that breaks it and one that keeps it.
#![cfg(test)]

use gatekeeper::compile::compile;
use gatekeeper::lint::{Severity, lint, lint_broken};
use gatekeeper::source::{Source, read, read_as_far_as_possible};

#[track_caller]
fn source(text: &str) -> Source {
    read("test.yaml", text).unwrap_or_else(|problems| panic!("unreadable: {problems:#?}\n{text}"))
}

/// Every `«` marks where a finding must stand, in the order of the file; nothing else may be found. The file compiles if and only if
/// none of the findings is an error.
#[track_caller]
fn check(marked: &str, expected: &[&str]) {
    let (text, places) = unmarked(marked);
    assert_eq!(places.len(), expected.len(), "one mark for each finding:\n{marked}");
    let source = source(&text);
    let findings = lint(&source);
    let found: Vec<_> = findings
        .iter()
        .map(|finding| (finding.code, finding.mark.line, finding.mark.column))
        .collect();
    let wanted: Vec<_> = expected
        .iter()
        .zip(places)
        .map(|(code, (line, column))| (*code, line, column))
        .collect();
    assert_eq!(found, wanted, "\n{findings:#?}\n{text}");
    let errors: Vec<_> = findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    assert_eq!(compile(&source).err().unwrap_or_default(), errors);
}

/// The text without its marks, and their lines and columns.
fn unmarked(marked: &str) -> (String, Vec<(u32, u32)>) {
    let (mut text, mut places, mut line, mut column) = (String::new(), Vec::new(), 1, 1);
    for character in marked.chars() {
        match character {
            '«' => places.push((line, column)),
            '\n' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
        if character != '«' {
            text.push(character);
        }
    }
    (text, places)
}

#[track_caller]
fn fine(text: &str) {
    check(text, &[]);
}

/// Fields at the top, beside a container that is in order.
fn with_top(fields: &str) -> String {
    format!(
        "version: 1\n{fields}\ncontainers:\n  box: {{ description: A box., image: box, scripts: {{ run: {{ description: Runs. }} }} }}\n"
    )
}

/// Fields of a container.
fn with_container(fields: &str) -> String {
    format!(
        "version: 1\ncontainers:\n  box:\n    description: A box.\n    image: box\n    scripts: {{ run: {{ description: Runs. }} }}\n    {fields}\n"
    )
}

/// Fields of a script.
fn with_script(fields: &str) -> String {
    format!(
        "{LIVE}containers:\n  box:\n    description: A box.\n    image: box\n    scripts:\n      run:\n        description: Runs.\n        {fields}\n"
    )
}

const LIVE: &str = "version: 1\nrepositories:\n  live: { url: \"https://git.example.com/live.git\", protected_refs: [refs/heads/main] }\n";

/// Options of a script, beside the one that uses the repository.
fn with_options(options: &str) -> String {
    with_script(&format!(
        "options: {{ --repo: {{ type: repository, one_of: [live] }}, {options} }}"
    ))
}

/// Options of a script that takes values in a word of their own.
fn in_two_words(options: &str) -> String {
    with_script(&format!(
        "parameter_style: {{ values: separate }}\n        options: {{ --repo: {{ type: repository, one_of: [live] }}, {options} }}"
    ))
}

fn with_positionals(positionals: &str) -> String {
    with_script(&format!(
        "options: {{ --repo: {{ type: repository, one_of: [live] }} }}\n        positionals: [{positionals}]"
    ))
}

#[test]
fn the_files_in_config_are_in_order() {
    fine(include_str!("../../../config/demo.yaml"));
    fine(include_str!("../../../config/allow-list.yaml"));
}

#[test]
fn there_is_a_container_and_in_it_a_script() {
    check("«version: 1\ncontainers: {}\n", &["no-containers"]);
    check(
        "version: 1\ncontainers:\n  «box: { description: A box., image: box, scripts: {} }\n",
        &["no-scripts"],
    );
    fine(&with_top(""));
}

#[test]
fn containers_and_scripts_say_what_they_are_for() {
    check(
        "version: 1\ncontainers:\n  «box: { image: box, scripts: { «run: {} } }\n",
        &["no-description", "no-description"],
    );
}

#[test]
fn an_image_is_a_name_and_not_an_address() {
    check(
        &with_container("").replace("image: box", "image: «registry.example.com/box:latest"),
        &["image-name"],
    );
    check(
        &with_container("").replace("image: box", "image: «-box"),
        &["image-name"],
    );
}

#[test]
fn an_image_that_keeps_its_own_entry_point_has_none_of_the_runners_guarantees() {
    check(&with_container("entrypoint: «image"), &["image-entrypoint"]);
    fine(&with_container("entrypoint: deploy-runner"));
}

#[test]
fn the_default_container_exists() {
    check(&with_top("defaults: { container: «bocks }"), &["unknown-container"]);
    fine(&with_top("defaults: { container: box }"));
}

#[test]
fn every_mounted_volume_is_declared_and_every_declared_one_is_mounted() {
    check(&with_container("volumes: { «state: /state }"), &["unknown-volume"]);
    check(
        &with_top("volumes: { «state: { description: State. } }"),
        &["unused-volume"],
    );
    let mounted = with_container("volumes: { state: /state }");
    fine(&mounted.replace(
        "containers:",
        "volumes: { state: { description: State. } }\ncontainers:",
    ));
}

#[test]
fn a_mount_point_is_an_absolute_path_of_its_own() {
    let mount = |path: &str| {
        with_container(&format!("volumes: {{ state: {path} }}")).replace(
            "containers:",
            "volumes: { state: { description: State. } }\ncontainers:",
        )
    };
    for path in [
        "state",
        "/",
        "\"\"",
        "/a/../b",
        "/a//b",
        "/a/",
        "/a b",
        "/usr",
        "/usr/lib",
        "/opt",
        "/opt/deploy-runner/scripts",
        "/proc/1",
        "/tmp/x",
    ] {
        check(&mount(&format!("«{path}")), &["mount-path"]);
    }
    for path in ["/state", "/opt/state", "/srv/a-b_c.d/e", "/usrlocal"] {
        fine(&mount(path));
    }
}

#[test]
fn two_volumes_do_not_lie_in_one_another() {
    let mounts = |mounts: &str| {
        with_container(&format!("volumes: {{ {mounts} }}")).replace(
            "containers:",
            "volumes: { one: { description: One. }, two: { description: Two. } }\ncontainers:",
        )
    };
    check(&mounts("one: /state, two: «/state"), &["mount-overlap"]);
    check(&mounts("one: /state/a, two: «/state"), &["mount-overlap"]);
    fine(&mounts("one: /state, two: /state-2"));
}

#[test]
fn a_volume_of_several_containers_says_that_it_is_shared() {
    let shared = |volume: &str| {
        let container =
            "description: A box., image: box, volumes: { state: /state }, scripts: { run: { description: Runs. } }";
        format!(
            "version: 1\nvolumes: {{ {volume} }}\ncontainers:\n  box: {{ {container} }}\n  tin: {{ {container} }}\n"
        )
    };
    check(&shared("«state: { description: State. }"), &["shared-volume"]);
    check(
        &shared("«state: { description: State., shared: false }"),
        &["shared-volume"],
    );
    fine(&shared("state: { description: State., shared: true }"));
}

#[test]
fn names_are_not_easily_mixed_up() {
    check(
        "version: 1\ncontainers:\n  box-1: { description: A., image: box, scripts: { run: { description: Runs. } } }\n  \
         «box_l: { description: B., image: box, scripts: { run: { description: Runs. } } }\n",
        &["look-alike"],
    );
    check(
        &with_options("--a.b: { type: flag }, «--a-b: { type: flag }"),
        &["look-alike"],
    );
    fine(&with_options("--a: { type: flag }, --b: { type: flag }"));
}

#[test]
fn sizes_exist_on_fargate_and_defaults_are_below_their_ceilings() {
    check(&with_container("task: { cpu: 1024, memory: «1024 }"), &["fargate-size"]);
    check(&with_container("task: { cpu: «300 }"), &["fargate-size"]);
    check(
        &with_container("task: { cpu: 1024, memory: «2050, max_cpu: 2048, max_memory: 8192 }"),
        &["fargate-size"],
    );
    check(
        &with_container("task: { cpu: 512, memory: 1024, max_cpu: 4096, max_memory: «4096 }"),
        &["fargate-size"],
    );
    check(
        &with_container("task: { cpu: «2048, memory: 4096, max_cpu: 1024, max_memory: 8192 }"),
        &["default-above-ceiling"],
    );
    check(
        &with_container("task: { memory: «4096, max_memory: 2048 }"),
        &["default-above-ceiling"],
    );
    fine(&with_container(
        "task: { cpu: 512, memory: 1024, max_cpu: 4096, max_memory: 8192 }",
    ));
    fine(&with_container("task: { cpu: 300, memory: 1000, launch_type: EC2 }"));
}

#[test]
fn a_finding_about_an_inherited_setting_stands_where_it_is_written() {
    check(
        &with_top("defaults: { task: { cpu: 1024, memory: «1000 } }"),
        &["fargate-size"],
    );
}

#[test]
fn launch_types_are_listed_once_and_in_one_place() {
    check(&with_container("task: { launch_types: «[] }"), &["launch-types"]);
    check(
        &with_container("task: { launch_type: EC2, launch_types: «[FARGATE] }"),
        &["launch-types"],
    );
    check(
        &with_container("task: { launch_types: [EC2, FARGATE, «EC2] }"),
        &["duplicate-item"],
    );
    check(
        &with_top("defaults: { task: { launch_types: «[] } }"),
        &["launch-types"],
    );
    fine(&with_container("task: { launch_types: [FARGATE_SPOT, FARGATE] }"));
}

#[test]
fn more_than_a_job_needs_is_for_an_image_builder_alone() {
    let builder = |fields: &str, scripts: &str| {
        format!(
            "version: 1\ncontainers: {{ box: {{ description: A box., image: box, {fields}, scripts: {{ {scripts} }} }} }}\n"
        )
    };
    let build = "build-docker-image: { description: Builds. }";
    let other = "other: { description: Something else. }";
    let both = format!("{build}, {other}");
    fine(&builder(
        "root_filesystem: writable, capabilities: [CHOWN, SETUID]",
        build,
    ));
    fine(&builder("root_filesystem: read_only, capabilities: []", other));
    for scripts in [other, &both] {
        check(&builder("root_filesystem: «writable", scripts), &["loosened-container"]);
        check(
            &builder("capabilities: «[SYS_CHROOT]", scripts),
            &["loosened-container"],
        );
        check(
            &builder("capabilities: [CHOWN], root_filesystem: «writable", scripts),
            &["loosened-container"],
        );
    }
    check(&builder("capabilities: [CHOWN, «CHOWN]", build), &["duplicate-item"]);
}

#[test]
fn times_are_possible_and_sensible() {
    check(&with_container("task: { stop_timeout: «121s }"), &["stop-timeout"]);
    check(
        &with_container("task: { timeout: 90s, stop_timeout: «90s }"),
        &["stop-timeout"],
    );
    check(&with_container("task: { timeout: «24h1s }"), &["long-timeout"]);
    fine(&with_container("task: { timeout: 24h, stop_timeout: 120s }"));
    fine(&with_container("task: { stop_timeout: 10m, launch_type: EC2 }"));
}

#[test]
fn no_variable_changes_which_program_runs() {
    for name in [
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "GIT_SSH_COMMAND",
        "GIT_CONFIG_COUNT",
        "TF_CLI_ARGS",
        "TF_CLI_ARGS_apply",
        "TF_REATTACH_PROVIDERS",
        "BASH_ENV",
        "PYTHONPATH",
        "PAGER",
    ] {
        check(
            &with_container(&format!("environment: {{ «{name}: x }}")),
            &["hijacking-variable"],
        );
        check(
            &with_container(&format!("secrets: {{ «{name}: x }}")),
            &["hijacking-variable"],
        );
    }
    for name in [
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "ECS_CONTAINER_METADATA_URI_V4",
        "DEPLOY_RUNNER_X",
    ] {
        check(
            &with_container(&format!("environment: {{ «{name}: x }}")),
            &["reserved-variable"],
        );
    }
    for name in ["PATH", "HOME", "TMPDIR"] {
        check(
            &with_container(&format!("environment: {{ «{name}: x }}")),
            &["runner-variable"],
        );
    }
    fine(&with_container(
        "environment: { TF_IN_AUTOMATION: \"1\", AWS_REGION: eu-west-1, TF_VAR_x: x }",
    ));
}

#[test]
fn secrets_are_secrets_and_nothing_is_both() {
    check(
        &with_container("environment: { «DB_PASSWORD: hunter2 }"),
        &["secret-in-environment"],
    );
    check(
        &with_container("environment: { A: x }\n    secrets: { «A: arn }"),
        &["environment-and-secret"],
    );
    check(&with_container("secrets: { A: «\"\" }"), &["secret-reference"]);
    check(&with_container("secrets: { A: «two words }"), &["secret-reference"]);
    fine(&with_container(
        "environment: { A: x }\n    secrets: { GIT_TOKEN: \"arn:aws:secretsmanager:eu-west-1:1:secret:x\" }",
    ));
}

/// A repository of this address that an option uses.
fn with_url(url: &str) -> String {
    with_options("").replace("\"https://git.example.com/live.git\"", url)
}

#[test]
fn addresses_are_what_git_opens_as_they_look() {
    for url in [
        "\"ext::sh -c touch% /tmp/x\"",
        "fd::17",
        "http://git.example.com/x",
        "git://git.example.com/x",
        "git@git.example.com:x.git",
        "https://user:password@git.example.com/x",
        "https://token@git.example.com/x",
        "ssh://-oProxyCommand=x/y",
        "ssh://-x@host/y",
        "ssh://@host/y",
        "ssh://git:pw@host/y",
        "https://git.example.com",
        "https:///x",
        "https://git.example.com/",
        "https://-x/y",
        "file://host/x",
        "file:///",
        "file:///a/../b",
        "https://h/a//b",
        "https://h/-x",
        "https://h:99999/x",
        "https://h/x?y",
        "\"https://h/x#y\"",
        "\"https://h/a b\"",
        "HTTPS://h/x",
        "\"https://h/'x\"",
        "\"https://h\\\\@x/y\"",
        "https://h/\u{e4}",
        "x",
    ] {
        check(&with_url(&format!("«{url}")), &["repository-url"]);
    }
    for url in [
        "https://git.example.com/acme/live.git",
        "https://git.example.com:8443/live",
        "ssh://git@git.example.com/live.git",
        "ssh://git@git.example.com:2222/live.git",
        "ssh://git.example.com/live",
        "file:///srv/git/live.git",
        "https://h/live/",
    ] {
        fine(&with_url(url));
    }
}

#[test]
fn a_password_in_an_address_is_not_repeated() {
    let source = source(&with_url("https://user:hunter2@git.example.com/x"));
    let findings = lint(&source);
    assert_eq!(findings.len(), 1);
    assert!(!format!("{findings:?}").contains("hunter2"), "{findings:?}");
}

#[test]
fn protected_refs_are_full_names() {
    let refs = |refs: &str| with_options("").replace("[refs/heads/main]", refs);
    for name in ["main", "heads/main", "refs/heads/*", "refs/heads/-x", "\"\""] {
        check(&refs(&format!("[«{name}]")), &["protected-ref"]);
    }
    check(&refs("[refs/heads/main, «refs/heads/main]"), &["duplicate-item"]);
    fine(&refs("[refs/heads/main, refs/heads/release/1.0]"));
}

#[test]
fn repositories_are_declared_used_and_have_one_alias() {
    check(
        &with_script("options: { --repo: { type: repository, one_of: [live, «life] } }"),
        &["unknown-repository"],
    );
    check(
        &with_top("repositories: { «live: { url: \"https://h/live\" } }"),
        &["unused-repository"],
    );
    let two = with_script("options: { --repo: { type: repository, one_of: [live, two] } }")
        .replace("containers:", "  two: { url: URL }\ncontainers:");
    check(
        &two.replace("URL", "«https://git.example.com/live"),
        &["same-repository"],
    );
    fine(&two.replace("URL", "https://git.example.com/two"));
}

#[test]
fn options_do_not_collide_with_fixed_ones() {
    let fixed = |fixed: &str, options: &str| {
        with_script(&format!(
            "fixed_options: {{ {fixed} }}\n        options: {{ {options}, --repo: {{ type: repository, one_of: [live] }} }}"
        ))
    };
    check(&fixed("--level: [a]", "«--level: { type: flag }"), &["shadows-fixed"]);
    check(&fixed("-level: [a]", "«--level: { type: flag }"), &["shadows-fixed"]);
    check(
        &fixed("-level: [a], «--level: []", "--x: { type: flag }"),
        &["shadows-fixed"],
    );
    fine(&fixed("-level: [a, b], --json: []", "--x: { type: flag }"));
}

#[test]
fn the_option_for_protected_refs_is_the_gates_alone() {
    let carrier = |carrier: &str, options: &str| {
        with_script(&format!(
            "fixed_options: {{ --fixed: [] }}\n        options: {{ {options} --repo: {{ type: repository, one_of: [live], protected_refs_as: {carrier} }} }}"
        ))
    };
    check(&carrier("«protected", ""), &["option-name"]);
    check(&carrier("«--fixed", ""), &["shadows-fixed"]);
    check(&carrier("«--refs", "--refs: { type: ref },"), &["shadows-fixed"]);
    check(
        &carrier(
            "«--refs",
            "--other: { type: repository, one_of: [live], protected_refs_as: --refs },",
        ),
        &["shadows-fixed"],
    );
    fine(&carrier(
        "--refs",
        "--other: { type: repository, one_of: [live], protected_refs_as: --other-refs },",
    ));
}

#[test]
fn one_repository_at_a_time_says_which_refs_are_protected() {
    let repo = |fields: &str| {
        with_script(&format!(
            "options: {{ --repo: {{ type: repository, one_of: [live], {fields} }} }}"
        ))
    };
    check(
        &repo("protected_refs_as: --refs, repeatable: «true"),
        &["repository-value"],
    );
    check(&repo("value_optional: «true"), &["repository-value"]);
    fine(&repo("repeatable: true"));
    fine(&repo("protected_refs_as: --refs"));
}

#[test]
fn what_applies_applies_reviewed_commits_only() {
    let apply = |repo: &str, word: &str| {
        with_script(&format!(
            "options: {{ {repo}, --command: {{ type: choice, one_of: [{word}] }} }}"
        ))
    };
    check(
        &apply("«--repo: { type: repository, one_of: [live] }", "apply"),
        &["unreviewed-apply"],
    );
    fine(&apply("--repo: { type: repository, one_of: [live] }", "plan"));
    fine(&apply(
        "--repo: { type: repository, one_of: [live], protected_refs_as: --refs }",
        "destroy",
    ));
    let unprotected = apply(
        "--repo: { type: repository, one_of: [«live], protected_refs_as: --refs }",
        "apply",
    );
    check(
        &unprotected.replace(", protected_refs: [refs/heads/main]", ""),
        &["unreviewed-apply"],
    );
    let fixed =
        "fixed_options: { --command: [apply] }\n        options: { «--repo: { type: repository, one_of: [live] } }";
    check(&with_script(fixed), &["unreviewed-apply"]);
}

#[test]
fn a_default_is_a_value_that_a_caller_could_give() {
    for (fields, default) in [
        ("type: choice, one_of: [a]", "b"),
        ("type: commit", "main"),
        ("type: integer, min: 1, max: 2", "3"),
        ("type: path, within: [\"prod/**\"]", "../x"),
        ("type: text, pattern: \"[a-z]+\"", "A"),
        ("type: key_value, keys: [k], value: { pattern: \"[a-z]+\" }", "x=a"),
        ("type: choice, one_of: [a]", "\"\""),
    ] {
        check(
            &with_options(&format!("--x: {{ {fields}, default: «{default} }}")),
            &["default-refused"],
        );
    }
    fine(&with_options("--x: { type: integer, min: 1, max: 2, default: 2 }"));
    fine(&with_options(
        "--x: { type: key_value, keys: [k], value: { pattern: \"[a-z]+\" }, default: k=a }",
    ));
}

#[test]
fn an_option_with_a_default_is_not_required() {
    check(
        &with_options("--x: { type: choice, one_of: [a], default: a, required: «true }"),
        &["required-with-default"],
    );
    fine(&with_options(
        "--x: { type: choice, one_of: [a], default: a, required: false }",
    ));
}

#[test]
fn a_flag_has_no_value_and_is_not_always_there() {
    check(&with_options("--x: { type: flag, default: «a }"), &["flag-with-value"]);
    check(
        &with_options("--x: { type: flag, value_optional: «true }"),
        &["flag-with-value"],
    );
    check(
        &with_options("--x: { type: flag, required: «true }"),
        &["required-flag"],
    );
    fine(&with_options(
        "--x: { type: flag, repeatable: true, value_optional: false }",
    ));
}

#[test]
fn repeats_are_counted_only_for_what_repeats() {
    check(
        &with_options("--x: { type: flag, max_repeats: «3 }"),
        &["repeats-without-repeatable"],
    );
    check(
        &with_options("--x: { type: flag, repeatable: false, max_repeats: «3 }"),
        &["repeats-without-repeatable"],
    );
    check(
        &with_positionals("{ name: x, type: commit, max_repeats: «3 }"),
        &["repeats-without-repeatable"],
    );
    fine(&with_options("--x: { type: flag, repeatable: true, max_repeats: 3 }"));
}

#[test]
fn every_option_can_be_satisfied() {
    check(&with_options("--x: { type: choice, one_of: «[] }"), &["empty-list"]);
    check(
        &with_options("--x: { type: key_value, keys: «[], value: { pattern: a } }"),
        &["empty-list"],
    );
    check(
        &with_options("--x: { type: choice, one_of: «[a, -b] }"),
        &["impossible-word"],
    );
    check(
        &with_options("--x: { type: choice, one_of: «[a, \"\"] }"),
        &["impossible-word"],
    );
    check(
        &with_options("--x: { type: key_value, keys: «[a=b], value: { pattern: a } }"),
        &["impossible-word"],
    );
    check(
        &with_options("--x: { type: integer, min: «3, max: 2 }"),
        &["empty-range"],
    );
    check(
        &with_options("--x: { type: text, pattern: «\"-[a-z]+\" }"),
        &["matches-nothing"],
    );
    check(
        &with_options("--x: { type: text, pattern: «\"\" }"),
        &["matches-nothing"],
    );
    check(
        &with_options("--x: { type: text, pattern: «a^b }"),
        &["matches-nothing"],
    );
    check(
        &with_options("--x: { type: text, pattern: \"[a-z]{9}\", max_length: «8 }"),
        &["matches-nothing"],
    );
    check(
        &with_options("--x: { type: key_value, keys: [k], value: { pattern: \"[a-z]{9}\", max_length: «8 } }"),
        &["matches-nothing"],
    );
    fine(&with_options(
        "--x: { type: text, pattern: \"[a-z]{9}\", max_length: 9 }",
    ));
    fine(&with_options("--x: { type: integer, min: 2, max: 2 }"));
}

#[test]
fn nothing_is_listed_twice() {
    check(
        &with_options("--x: { type: choice, one_of: [a, b, «a] }"),
        &["duplicate-item"],
    );
    check(
        &with_options("--x: { type: key_value, keys: [a, «a], value: { pattern: a } }"),
        &["duplicate-item"],
    );
    check(
        &with_options("--x: { type: path, within: [a, «a] }"),
        &["duplicate-item"],
    );
}

#[test]
fn patterns_can_be_used() {
    for pattern in ["\"(\"", "\"(?=a)\"", "\"(a)\\\\1\"", "\"(a{1000}){1000}\""] {
        check(
            &with_options(&format!("--x: {{ type: text, pattern: «{pattern} }}")),
            &["bad-pattern"],
        );
        check(
            &with_options(&format!(
                "--x: {{ type: key_value, keys: [k], value: {{ pattern: «{pattern} }} }}"
            )),
            &["bad-pattern"],
        );
    }
}

#[test]
fn patterns_say_all_of_the_value_and_no_more_than_is_meant() {
    for pattern in ["\"^[a-z]+\"", "\"[a-z]+$\"", "'^[a-z]+$'", "'\\A[a-z]+\\z'"] {
        check(
            &with_options(&format!("--x: {{ type: text, pattern: «{pattern} }}")),
            &["redundant-anchor"],
        );
    }
    fine(&with_options("--x: { type: text, pattern: 'v[a-z]+\\$' }"));
    check(
        &with_options("--x: { type: text, pattern: ««'v1[.][a-z]*.*' }"),
        &["open-ended-pattern", "matches-path-escape"],
    );
    check(
        &with_options("--x: { type: text, pattern: ««'v1[.][a-z]*.+' }"),
        &["open-ended-pattern", "matches-path-escape"],
    );
    fine(&with_options("--x: { type: text, pattern: '[a-z]\\.+' }"));
    check(&with_options("--x: { type: «text }"), &["text-without-pattern"]);
    check(
        &with_options("--x: { type: key_value, keys: [k], value: { max_length: «3 } }"),
        &["text-without-pattern"],
    );
    fine(&with_options("--x: { type: text, pattern: '[a-z0-9._-]+' }"));
}

#[test]
fn a_pattern_does_not_match_an_option_without_saying_so() {
    check(
        &with_options("--x: { type: text, pattern: '[a-z-]+', allow_leading_dash: «true }"),
        &["matches-option"],
    );
    check(
        &with_options("--x: { type: «text, allow_leading_dash: «true }"),
        &["text-without-pattern", "matches-option"],
    );
    check(
        &with_options("--x: { type: text, pattern: '[a-z]+', allow_leading_dash: «true }"),
        &["no-effect"],
    );
    fine(&with_options(
        "--x: { type: key_value, keys: [k], value: { pattern: '[a-z-]+', allow_leading_dash: true } }",
    ));
    fine(&with_options("--x: { type: text, pattern: '[a-z-]+' }"));
}

#[test]
fn a_pattern_does_not_match_a_path_that_escapes() {
    for pattern in ["'[a-z./]+'", "'[^,]+'", "'/[a-z]+'", "'([a-z]|[.][.]/)+'"] {
        check(
            &with_options(&format!("--x: {{ type: text, pattern: «{pattern} }}")),
            &["matches-path-escape"],
        );
    }
    check(
        &with_options("--x: { type: key_value, keys: [k], value: { pattern: «'[a-z./]+' } }"),
        &["matches-path-escape"],
    );
    fine(&with_options("--x: { type: text, pattern: '[a-z]+(/[a-z]+)*' }"));
}

#[test]
fn permissions_have_an_effect() {
    check(
        &with_options("--x: { type: text, pattern: '[a-z]+', allow_empty: «true }"),
        &["no-effect"],
    );
    fine(&with_options(
        "--x: { type: text, pattern: '[a-z]*', allow_empty: true }",
    ));
}

#[test]
fn globs_match_something_and_each_is_needed() {
    for glob in [
        "/prod", "\"~/x\"", "../x", "a/../b", "a//b", "a/", "./a", "\"\"", ".git/**", "a/.GIT", "'a\\b'", ".",
    ] {
        check(
            &with_options(&format!("--x: {{ type: path, within: [«{glob}] }}")),
            &["glob-matches-nothing"],
        );
    }
    check(&with_options("--x: { type: path, within: «[\"a[\"] }"), &["bad-glob"]);
    check(
        &with_options("--x: { type: path, within: [\"a/**\", «a/b] }"),
        &["unreachable-glob"],
    );
    check(
        &with_options("--x: { type: path, within: [\"**\", «\"a/*\"] }"),
        &["unreachable-glob"],
    );
    check(
        &with_options("--x: { type: path, within: [\"a/*\", «a/b] }"),
        &["unreachable-glob"],
    );
    fine(&with_options("--x: { type: path, within: [\"a/**\", a, \"*/b\"] }"));
}

#[test]
fn in_two_words_no_value_looks_like_an_option() {
    check(
        &in_two_words("--x: { type: text, pattern: '-[a-z]+', allow_leading_dash: ««true }"),
        &["matches-option", "separate-style"],
    );
    check(
        &in_two_words("--x: { type: integer, min: «-1, max: 1 }"),
        &["separate-style"],
    );
    check(
        &in_two_words("--x: { type: commit, value_optional: «true }"),
        &["separate-style"],
    );
    fine(&in_two_words("--x: { type: integer, min: 0, max: 1 }"));
    fine(&with_options(
        "--x: { type: integer, min: -1, max: 1 }, --y: { type: commit, value_optional: true }",
    ));
    let fixed = with_script(
        "parameter_style: { values: separate }\n        options: { --repo: { type: repository, one_of: [live] } }\n        fixed_options: { --a: [b, «-c] }",
    );
    check(&fixed, &["separate-style"]);
}

#[test]
fn positionals_leave_no_doubt_which_is_which() {
    check(
        &with_positionals("{ name: a, type: commit }, { name: b, type: commit, required: «true }"),
        &["positional-order"],
    );
    check(
        &with_positionals("{ name: a, type: commit, repeatable: «true }, { name: b, type: commit }"),
        &["positional-order"],
    );
    check(&with_positionals("{ name: «a b, type: commit }"), &["positional-name"]);
    check(
        &with_positionals("{ name: a, type: commit }, { name: «a, type: commit }"),
        &["positional-name"],
    );
    fine(&with_positionals(
        "{ name: a, type: commit, required: true }, { name: b, type: commit, repeatable: true }",
    ));
}

#[test]
fn without_an_end_of_options_no_positional_begins_with_a_dash() {
    let open = |rest: &str| {
        with_script(&format!(
            "parameter_style: {{ end_of_options: false }}\n        options: {{ --repo: {{ type: repository, one_of: [live] }} }}\n        {rest}"
        ))
    };
    check(
        &open("positionals: [{ name: a, type: integer, min: «-1, max: 1 }]"),
        &["positional-dash"],
    );
    check(&open("fixed_positionals: [a, «-b]"), &["positional-dash"]);
    fine(&open("fixed_positionals: [a]"));
    fine(&with_positionals("{ name: a, type: integer, min: -1, max: 1 }"));
}

#[test]
fn the_fixed_arguments_leave_room() {
    let fixed = |length: usize| {
        with_script(&format!(
            "options: {{ --repo: {{ type: repository, one_of: [live] }} }}\n        fixed_positionals: [{a}, {a}]",
            a = "a".repeat(length)
        ))
    };
    check(
        &fixed(3600).replace("      run:", "      «run:"),
        &["arguments-too-large"],
    );
    fine(&fixed(3500));
    let options = |second: usize| {
        with_script(&format!(
            "options: {{ --repo: {{ type: repository, one_of: [live] }} }}\n        fixed_options: {{ --a: [{}, {}] }}",
            "a".repeat(4000),
            "a".repeat(second)
        ))
    };
    fine(&options(3154));
    check(
        &options(3155).replace("      run:", "      «run:"),
        &["arguments-too-large"],
    );
}

#[test]
fn transports_without_encryption_are_named_as_such() {
    for (url, reason) in [
        ("http://git.example.com/x", "anybody on the way can change"),
        ("git://git.example.com/x", "anybody on the way can change"),
        ("ftp://git.example.com/x", "uses a transport that is not accepted"),
    ] {
        let findings = lint(&source(&with_url(url)));
        assert!(
            findings.iter().any(|finding| finding.message.contains(reason)),
            "{findings:#?}"
        );
    }
}

#[test]
fn help_is_not_an_option() {
    check(&with_options("«--help: { type: flag }"), &["help-option"]);
    check(&with_options("«--version: { type: flag }"), &["help-option"]);
}

#[test]
fn a_finding_says_where_what_and_what_to_do() {
    let source = source(&with_options("--x: { type: text, pattern: '[a-z./]+' }"));
    let lines: Vec<String> = lint(&source).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @"11:94: warning[matches-path-escape]: `containers.box.scripts.run.options.--x.pattern`: `[a-z./]+` matches a path that leaves its directory, such as `/`: use the type `path`, or write the parts between slashes so that none can be `..`");
}

#[test]
fn errors_of_the_form_and_of_the_sense_are_found_together() {
    let (text, places) = unmarked(
        r#"
version: 1
repositories:
  live: { url: 5 }
containers:
  builder:
    descripton: x
    image: builder
    task: { cpu: 1000, memory: «2 }
    scripts:
      build:
        options:
          --word: { type: choice }
          --text: { type: text, pattern: «"(" }
          --path: { type: path, within: [«"/abs/**"] }
          --repo: { type: repository, one_of: [live] }
  other:
    image: [x]
    scripts: {}
"#,
    );
    let broken = read_as_far_as_possible("test.yaml", &text).expect_err("the file is broken");
    let form: Vec<_> = broken
        .errors
        .iter()
        .map(|error| (error.code, error.mark.line))
        .collect();
    assert_eq!(
        form,
        [
            ("wrong-type", 4),
            ("unknown-field", 7),
            ("missing-field", 13),
            ("wrong-type", 18)
        ]
    );
    let sense: Vec<_> = lint_broken(&broken)
        .iter()
        .map(|finding| (finding.code, (finding.mark.line, finding.mark.column)))
        .collect();
    let codes = ["fargate-size", "bad-pattern", "glob-matches-nothing"];
    assert_eq!(sense, codes.into_iter().zip(places).collect::<Vec<_>>());
}

#[test]
fn what_only_follows_from_an_error_of_the_form_is_not_told() {
    let text =
        "version: 1\ncontainers:\n  a:\n    image: a\n    task: { cpu: 4096, memry: 8192 }\n    scripts: { s: [] }\n";
    let broken = read_as_far_as_possible("test.yaml", text).expect_err("the file is broken");
    assert_eq!(broken.errors.len(), 2, "{:#?}", broken.errors);
    assert_eq!(lint_broken(&broken), []);
}
