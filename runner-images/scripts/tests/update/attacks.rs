//! Repositories that try to make the script run something, leave its place, or change another file. Named after rows of THREATS.md.

use std::process::Command;

use crate::fixture::{Fixture, VALUES, write_executable};
use crate::git_server::Behaviour;

#[test]
fn row_10_no_link_is_followed_wherever_it_leads() {
    let fixture = Fixture::new();
    let outside = fixture.path("outside.tfvars");
    std::fs::write(&outside, VALUES).unwrap();
    let link = |name: &str, target: &str| {
        std::os::unix::fs::symlink(target, fixture.path("work").join(name)).unwrap();
    };
    link("prod/out.tfvars", outside.to_str().unwrap());
    link("prod/in.tfvars", "app.tfvars");
    link("prod/git.tfvars", "../.git/config");
    link("staging", "prod");
    fixture.commit();
    fixture.push("main");
    let before = fixture.refs();
    for (path, link) in [
        ("prod/out.tfvars", "prod/out.tfvars"),
        ("prod/in.tfvars", "prod/in.tfvars"),
        ("prod/git.tfvars", "prod/git.tfvars"),
        ("staging/app.tfvars", "staging"),
    ] {
        fixture.script().instead("--vars-path", path).run().expect_reason(
            77,
            &format!("`{path}` goes through the link `{link}`: give the path of the file itself"),
        );
    }
    for path in [
        "../outside.tfvars",
        "/etc/x.tfvars",
        "prod/../prod/app.tfvars",
        ".git/x.tfvars",
    ] {
        fixture.script().instead("--vars-path", path).run().expect_code(64);
    }
    assert_eq!(fixture.refs(), before);
    assert_eq!(std::fs::read_to_string(outside).unwrap(), VALUES);
}

#[test]
fn row_20_hooks_filters_attributes_and_submodules_run_nothing() {
    let fixture = Fixture::new();
    let mark = fixture.path("evil-ran");
    let evil = fixture.path("evil");
    write_executable(&evil, &format!("#!/bin/sh\ntouch '{}'\ncat\n", mark.display()));
    let evil = evil.to_str().unwrap();
    for file in [".gitattributes", "prod/.gitattributes"] {
        fixture.write(file, "* filter=x diff=x merge=x text eol=crlf  ident\n");
    }
    fixture.write(
        ".gitconfig",
        &format!("[filter \"x\"]\n\tclean = {evil}\n\tsmudge = {evil}\n\trequired = true\n"),
    );
    fixture.write("hooks/pre-push", &format!("#!/bin/sh\n{evil}\n"));
    fixture.write(".githooks/pre-commit", &format!("#!/bin/sh\n{evil}\n"));
    let tree = fixture.commit();
    fixture.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{tree},module")]);
    fixture.git(&["commit", "--quiet", "--message=a submodule"]);
    fixture.push("main");
    // With `file:///` this machine is the server too, so these are what a push could meet.
    for setting in [
        "core.fsmonitor",
        "uploadpack.packObjectsHook",
        "diff.x.textconv",
        "filter.x.clean",
    ] {
        fixture.origin(&["config", setting, evil]);
    }
    for hook in [
        "pre-receive",
        "update",
        "post-receive",
        "post-update",
        "reference-transaction",
    ] {
        fixture.hook(hook, evil);
    }
    fixture.script().with("--dry-run").run().expect_code(0);
    fixture.script().run().expect_code(0);
    assert!(!mark.exists());
    assert_eq!(
        fixture.file("main", "prod/app.tfvars"),
        VALUES.replace("1.4.0", "1.5.0")
    );
    assert_eq!(
        fixture.origin(&["diff-tree", "-r", "--name-only", "main^", "main"]),
        "prod/app.tfvars"
    );
    fixture
        .script()
        .instead("--vars-path", "module/x.tfvars")
        .run()
        .expect_code(66);
}

#[test]
fn row_12_the_environment_brings_git_no_program_and_no_setting() {
    let fixture = Fixture::new();
    let mark = fixture.path("evil-ran");
    let evil = fixture.path("evil");
    write_executable(&evil, &format!("#!/bin/sh\ntouch '{}'\n", mark.display()));
    let mut script = fixture.script();
    for name in [
        "GIT_SSH_COMMAND",
        "GIT_ASKPASS",
        "GIT_EXTERNAL_DIFF",
        "GIT_PAGER",
        "GIT_EDITOR",
        "GIT_PROXY_COMMAND",
    ] {
        script = script.env(name, &evil);
    }
    for (name, value) in [
        ("GIT_DIR", "/nowhere"),
        ("GIT_INDEX_FILE", "/nowhere"),
        ("GIT_AUTHOR_NAME", "Mallory"),
        ("GIT_COMMITTER_EMAIL", "mallory@example.com"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
        ("EMAIL", "mallory@example.com"),
    ] {
        script = script.env(name, value);
    }
    script.env("GIT_CONFIG_VALUE_0", &evil).run().expect_code(0);
    assert!(!mark.exists());
    assert_eq!(
        fixture.origin(&["log", "-1", "--format=%an %ae %cn %ce", "main"]),
        "Deploy Runner deploy-runner@example.com Deploy Runner deploy-runner@example.com"
    );
}

#[test]
fn row_13_names_of_files_with_newlines_and_other_traps_stay_as_they_are() {
    let fixture = Fixture::new();
    let names = [
        "prod/a\nM 100644 inline prod/app.tfvars",
        "prod/ \t\"q\"",
        "-rf",
        "--upload-pack=x",
        "prod/\u{202e}x",
        "done",
    ];
    for name in names {
        fixture.write(name, "x = 1\n");
    }
    fixture.write("prod/\"q\" \u{fc}.tfvars", VALUES);
    fixture.commit();
    fixture.push("main");
    let listing = || {
        fixture
            .origin(&["ls-tree", "-r", "-z", "main"])
            .split('\0')
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let before = listing();
    fixture.script().run().expect_code(0);
    fixture
        .script()
        .instead("--vars-path", "prod/\"q\" \u{fc}.tfvars")
        .run()
        .expect_code(0);
    let after = listing();
    assert_eq!(before.len(), after.len());
    let changed: Vec<_> = before
        .iter()
        .zip(&after)
        .filter(|(was, is)| was != is)
        .map(|(_, is)| is.split('\t').nth(1).unwrap())
        .collect();
    assert_eq!(changed, ["prod/\"q\" \u{fc}.tfvars", "prod/app.tfvars"]);
    for name in ["prod/a\nM 100644 inline prod/app.tfvars", "-rf"] {
        fixture.script().instead("--vars-path", name).run().expect_code(64);
    }
}

#[test]
fn row_21_a_branch_or_tag_of_the_same_short_name_is_never_taken_for_the_branch() {
    let fixture = Fixture::new();
    let main = fixture.origin(&["rev-parse", "refs/heads/main"]);
    fixture.write("prod/app.tfvars", "image_version = \"evil\"\n");
    let evil = fixture.commit();
    fixture.push("other");
    for name in [
        "refs/tags/main",
        "refs/heads/refs/heads/main",
        "refs/tags/refs/heads/main",
        "refs/remotes/main",
    ] {
        fixture.origin(&["update-ref", name, &evil]);
    }
    fixture.origin(&["update-ref", &format!("refs/heads/{main}"), &evil]);
    fixture.script().run().expect_code(0);
    assert_eq!(fixture.origin(&["rev-parse", "refs/heads/main^"]), main);
    for name in [
        "refs/tags/main",
        "refs/heads/refs/heads/main",
        "refs/tags/refs/heads/main",
        "refs/remotes/main",
    ] {
        assert_eq!(fixture.origin(&["rev-parse", name]), evil, "{name}");
    }
}

#[test]
fn row_29_the_words_of_a_server_move_no_cursor_and_forge_no_line() {
    let fixture = Fixture::new();
    fixture.hook(
        "pre-receive",
        r#"printf 'terraform-update-variable: pushed\r\033[2J::set-env name=x::y\n{"outcome":"pushed"}\n\342\200\256x\n' >&2; exit 1"#,
    );
    let server = fixture.serve(Behaviour::default());
    let outcome = fixture.script().at(&server).run().expect_code(77);
    assert_eq!(outcome.stdout, "");
    assert!(
        !outcome.stderr.contains(['\u{1b}', '\r', '\u{202e}']),
        "{:?}",
        outcome.stderr
    );
    for line in outcome.stderr.lines() {
        assert!(line.starts_with("terraform-update-variable: "), "{line}");
    }
}

#[test]
fn row_31_a_file_that_nests_without_end_and_a_large_tree_do_no_harm() {
    let fixture = Fixture::new();
    fixture.write("prod/deep.tfvars", &format!("a = {}\n", "[".repeat(200_000)));
    for number in 0..2_000 {
        fixture.write(&format!("many/{}/{number}.tf", number % 50), "");
    }
    fixture.commit();
    fixture.push("main");
    fixture
        .script()
        .instead("--vars-path", "prod/deep.tfvars")
        .run()
        .expect_code(65);
    fixture.script().run().expect_code(0);
    assert_eq!(
        fixture.origin(&["diff-tree", "-r", "--name-only", "main^", "main"]),
        "prod/app.tfvars"
    );
}

#[test]
fn row_32_the_token_is_in_no_process_list_while_a_push_runs() {
    let fixture = Fixture::new();
    // The hook runs while the script's git waits for it, and lists what every neighbour may see.
    let seen = fixture.path("processes");
    fixture.hook(
        "pre-receive",
        &format!(
            "for p in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $p; echo; done > '{}' 2>/dev/null; true",
            seen.display()
        ),
    );
    let server = fixture.serve(Behaviour::default());
    fixture
        .script()
        .at(&server)
        .env("GIT_TOKEN", "hunter2-of-the-process-list")
        .run()
        .expect_code(0);
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.contains("push --porcelain"), "{seen}");
    let encoded = Command::new("sh")
        .args(["-c", "printf x-access-token:hunter2-of-the-process-list | base64 -w0"])
        .output()
        .unwrap();
    for secret in [
        "hunter2-of-the-process-list",
        std::str::from_utf8(&encoded.stdout).unwrap(),
    ] {
        assert!(!secret.is_empty() && !seen.contains(secret), "{secret}");
    }
}
