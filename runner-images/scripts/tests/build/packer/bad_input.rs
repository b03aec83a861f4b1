//! What is missing or wrong is said in one line, with what to do and with an exit code of its own.

use super::{TEMPLATE, script, with_template};
use crate::fixture::{Fixture, Script};

#[track_caller]
fn check(fixture: &Fixture, commit: &str, words: &[(&str, &str)], code: i32, reason: &str) {
    let mut script = script(fixture, commit);
    for (option, value) in words {
        script = script.instead(option, value);
    }
    script.run().expect_reason(code, reason);
}

#[test]
fn a_template_that_is_not_there_or_that_packer_cannot_read() {
    let (fixture, _) = with_template();
    fixture.write("broken.pkr.hcl", "source {\n");
    fixture.write("broken.json", "{\"builders\": ");
    fixture.write("needs.pkr.hcl", TEMPLATE.replace("default = \"first\"", ""));
    fixture.write("empty/readme", "");
    let commit = fixture.commit_to("main");
    for (path, code, reason) in [
        (
            "none.pkr.hcl",
            66,
            "`none.pkr.hcl` is not in the repository at this commit: correct the path or the commit",
        ),
        (
            "broken.pkr.hcl",
            65,
            "packer refuses the template `broken.pkr.hcl`: Error: Argument or block definition required; on ./broken.pkr.hcl line 2:; An argument or block definition is required here.; correct it, or the variables that it is given",
        ),
        (
            "needs.pkr.hcl",
            65,
            "packer refuses the template `needs.pkr.hcl`: Error: Unset variable \"word\"; A used variable must be set or have a default value; see; https://packer.io/docs/configuration/from-1.5/syntax for details.; correct it, or the variables that it is given",
        ),
    ] {
        check(&fixture, &commit, &[("--template-path", path)], code, reason);
    }
    for path in ["broken.json", "empty"] {
        script(&fixture, &commit)
            .instead("--template-path", path)
            .run()
            .expect_told(
                65,
                &format!("packer refuses the template `{path}`: "),
                "; correct it, or the variables that it is given",
            );
    }
}

#[test]
fn a_variable_or_a_build_that_the_template_does_not_have() {
    let (fixture, commit) = with_template();
    let outcome = script(&fixture, &commit)
        .with("--var=other=hunter2")
        .run()
        .expect_code(65);
    assert!(outcome.stderr.contains("Undefined -var variable"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    check(
        &fixture,
        &commit,
        &[("--build-name", "text")],
        65,
        "packer built nothing: `image/image.pkr.hcl` has no build `text`; in HCL its name is `type.name`, such as `amazon-ebs.web`",
    );
}

#[test]
fn a_commit_a_repository_or_a_program_that_cannot_be_had() {
    let (fixture, commit) = with_template();
    let unknown = "0123456789abcdef0123456789abcdef01234567";
    let url = fixture.url();
    script(&fixture, unknown).run().expect_reason(
        66,
        &format!(
            "the repository `{url}` has no commit `{unknown}` that can be fetched: push it first, and give the full id"
        ),
    );
    script(&fixture, &commit)
        .instead("--repo", "file:///no/such/repository.git")
        .run()
        .expect_told(
            66,
            "cannot read the repository `file:///no/such/repository.git`: ",
            "; correct its address in the allow-list",
        );
    script(&fixture, &commit).env("PATH", fixture.path("bin")).run().expect_reason(
        127,
        "`packer` is not on the PATH: put the program `packer` into the image, for example from https://developer.hashicorp.com/packer/install",
    );
}

#[test]
fn a_working_place_that_is_missing_or_full() {
    let (fixture, _) = with_template();
    fixture.write("large", random_looking_text());
    let commit = fixture.commit_to("main");
    let outcome = script(&fixture, &commit)
        .env("TMPDIR", "/no/such/place")
        .run()
        .expect_code(74);
    assert!(
        outcome.stderr.ends_with("; free some space or set TMPDIR\n"),
        "{}",
        outcome.stderr
    );
    script(&fixture, &commit).on_a_small_disk(500_000).run().expect_code(74);
}

/// Compresses to more than the small disk holds.
fn random_looking_text() -> String {
    (0..600_000_u32)
        .map(|number| number.wrapping_mul(2_654_435_761).to_string())
        .collect()
}

#[test]
fn a_wrong_command_line_exits_with_64_and_help_with_0() {
    let (fixture, commit) = with_template();
    for (option, value) in [
        ("--template-path", "../x.json"),
        ("--template-path", "/etc/x.json"),
        ("--template-path", ".git/config"),
        ("--template-path", "-force"),
        ("--build-name", "*"),
        ("--build-name", "a,b"),
        ("--build-name", "a."),
        ("--build-name", "-force"),
        ("--var", "-force"),
        ("--var", "=x"),
        ("--var-file", "x"),
        ("--idempotent", "true"),
        ("--idempotent-tag", "version=1"),
        ("--temp", "x"),
        ("--force", "x"),
    ] {
        let outcome = script(&fixture, &commit).instead(option, value).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (64, ""), "{option} {value}");
    }
    for (tags, said) in [
        (
            &["version=1", "service=web", "version=1"][..],
            "'--idempotent-tag' has the key `version` twice: give each once",
        ),
        (&["aws:x=1"], "`aws:x=1` is not a tag: give `KEY=VALUE`"),
        (&["version"], "`version` is not a tag: give `KEY=VALUE`"),
    ] {
        let words = tags.iter().map(|tag| format!("--idempotent-tag={tag}"));
        let asked = words.fold(script(&fixture, &commit).with("--idempotent"), Script::with);
        let outcome = asked.run().expect_code(64);
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
    let help = script(&fixture, &commit).with("--help").run().expect_code(0);
    assert!(help.stdout.contains("Exit codes:\n"));
}
