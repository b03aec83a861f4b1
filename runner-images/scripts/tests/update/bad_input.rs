//! What is missing or wrong is said in one line, with what to do, with its own exit code, and leaves the repository as it was.

use std::process::Command;
use std::time::Instant;

use crate::fixture::{CREDENTIAL, Fixture, VALUES};
use crate::git_server::Behaviour;

/// Runs the script with one option replaced; no ref of the repository may move.
#[track_caller]
fn check(fixture: &Fixture, option: &str, value: &str, code: i32, reason: &str) {
    let before = fixture.refs();
    fixture
        .script()
        .instead(option, value)
        .run()
        .expect_reason(code, reason);
    assert_eq!(fixture.refs(), before);
}

#[test]
fn a_branch_a_file_or_a_variable_that_is_not_there() {
    let fixture = Fixture::new();
    let url = fixture.url();
    check(
        &fixture,
        "--branch",
        "refs/heads/mian",
        66,
        &format!("the repository `{url}` has no branch `refs/heads/mian`: push it first, or correct its name"),
    );
    for path in ["prod/none.tfvars", "none/app.tfvars", "prod/app.tfvars/x.tfvars"] {
        check(
            &fixture,
            "--vars-path",
            path,
            66,
            &format!("`{path}` is not in the repository at the end of this branch: correct the path or the branch"),
        );
    }
    check(
        &fixture,
        "--name",
        "image_versio",
        65,
        "cannot change `prod/app.tfvars`: it has no variable `image_versio`: did you mean `image_version`?",
    );
}

#[test]
fn a_file_of_another_kind_or_size() {
    let fixture = Fixture::new();
    fixture.write("prod/dir.tf/main.tf", "");
    fixture.write("prod/app.json", "{}");
    fixture.write("prod/broken.tfvars", "a = 1\nb = = 2\n");
    fixture.write(
        "prod/large.tfvars",
        &"# a comment of thirty-two bytes.\n".repeat(16_384),
    );
    std::fs::write(fixture.path("work/prod/binary.tfvars"), b"a = \"\xff\"\n").unwrap();
    fixture.commit();
    fixture.push("main");
    for (path, reason) in [
        (
            "prod/dir.tf",
            "`prod/dir.tf` is not a file, it is a directory: give the path of a file",
        ),
        (
            "prod/app.json",
            "`prod/app.json` is not a file of variables: give one that ends with `.tfvars`, `.tf` or `.hcl`",
        ),
        (
            "prod",
            "`prod` is not a file of variables: give one that ends with `.tfvars`, `.tf` or `.hcl`",
        ),
        (
            "prod/large.tfvars",
            "`prod/large.tfvars` has 540672 bytes: a file of variables has at most 524288; split it",
        ),
        (
            "prod/binary.tfvars",
            "cannot change `prod/binary.tfvars`: line 1, column 6 is not UTF-8: save the file as UTF-8",
        ),
    ] {
        check(&fixture, "--vars-path", path, 65, reason);
    }
    let outcome = fixture
        .script()
        .instead("--vars-path", "prod/broken.tfvars")
        .run()
        .expect_code(65);
    let last = outcome.stderr.lines().last().unwrap();
    assert!(
        last.contains("error: cannot change `prod/broken.tfvars`: line 2, column 5 is not HCL ("),
        "{last}"
    );
}

#[test]
fn a_value_that_does_not_fit_changes_none_of_the_others() {
    let fixture = Fixture::new();
    let before = fixture.refs();
    fixture.script().with("--name=instance_count").with("--value=many").run().expect_reason(
        65,
        "cannot change `prod/app.tfvars`: `many` is not a number, and `instance_count` is one: give one such as `3`, `-1` or `0.5`",
    );
    assert_eq!(fixture.refs(), before);
}

#[test]
fn a_repository_that_is_not_there_or_not_reachable() {
    let fixture = Fixture::new();
    let outcome = fixture
        .script()
        .instead("--repo", "file:///no/such/live.git")
        .run()
        .expect_told(
            66,
            "cannot read the repository `file:///no/such/live.git`: ",
            "; correct its address in the allow-list",
        );
    assert!(!outcome.stderr.contains("trying again"), "{}", outcome.stderr);
    // Nothing listens on the discard port of the loopback address.
    let outcome = fixture
        .script()
        .instead("--repo", "http://127.0.0.1:9/live.git")
        .run()
        .expect_told(
            69,
            "cannot read the repository `http://127.0.0.1:9/live.git`: ",
            "; check the address and the container's way to the network",
        );
    assert_eq!(
        outcome.stderr.matches("trying again in").count(),
        3,
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_token_that_may_only_read_is_told_so_and_not_tried_again() {
    let fixture = Fixture::new();
    let server = fixture.serve(Behaviour {
        authorization: Some(CREDENTIAL.to_owned()),
        read_only: true,
        ..Behaviour::default()
    });
    let (before, begun) = (fixture.refs(), Instant::now());
    let script = fixture
        .script()
        .at(&server)
        .env("GIT_USERNAME", "carol")
        .env("GIT_TOKEN", "hunter2");
    let outcome = script.run().expect_told(
        78,
        "cannot push to the repository `http://127.0.0.1:",
        " error: 403; declare or correct GIT_TOKEN for this host, one that may do that there",
    );
    assert!(!outcome.stderr.contains("no answer"), "{}", outcome.stderr);
    assert_eq!(fixture.refs(), before);
    assert!(begun.elapsed().as_secs() < 60);
}

#[test]
fn a_server_that_loses_every_answer_leaves_nothing_in_doubt() {
    let fixture = Fixture::new();
    // The push arrives, and a hook that never ends well takes it back: the answer is lost each time.
    fixture.hook("pre-receive", "exit 1");
    let server = fixture.serve(Behaviour {
        lost_answers: 100,
        ..Behaviour::default()
    });
    let before = fixture.refs();
    let outcome = fixture.script().at(&server).run().expect_code(69);
    let last = outcome.stderr.lines().last().unwrap();
    assert!(last.contains("error: cannot tell whether `"), "{last}");
    assert!(last.ends_with("; look there before trying again"), "{last}");
    assert_eq!(
        outcome.stderr.matches("no answer to the push").count(),
        3,
        "{}",
        outcome.stderr
    );
    assert_eq!(fixture.refs(), before);
}

#[test]
fn a_working_place_that_is_missing_or_full() {
    let fixture = Fixture::new();
    let outcome = fixture
        .script()
        .env("TMPDIR", fixture.path("none"))
        .run()
        .expect_code(74);
    assert!(
        outcome.stderr.ends_with("; free some space or set TMPDIR\n"),
        "{}",
        outcome.stderr
    );

    // Digits of a count compress to more than the disk holds, and need no source of random bytes.
    let many: String = (0..600_000_u32)
        .map(|number| number.wrapping_mul(2_654_435_761).to_string())
        .collect();
    fixture.write("many", &many);
    fixture.commit();
    fixture.push("main");
    let before = fixture.refs();
    let outcome = fixture.script().on_a_small_disk(500_000).run().expect_code(74);
    let last = outcome.stderr.lines().last().unwrap();
    assert!(last.contains("error: there is no space left in `"), "{last}");
    assert_eq!(fixture.refs(), before);
}

/// The file compresses to a third of the disk: once fetched there is room for it, but not for all that is made of it.
#[test]
fn a_disk_that_is_too_small_for_the_new_commit() {
    let fixture = Fixture::new();
    let many: Vec<_> = (0..40_000_u32)
        .map(|number| format!("# {}", number.wrapping_mul(2_654_435_761)))
        .collect();
    fixture.write("prod/app.tfvars", &format!("{VALUES}{}\n", many.join("\n")));
    fixture.commit();
    fixture.push("main");
    let before = fixture.refs();
    let script = fixture.script().with("--log-level=debug");
    let outcome = script.on_a_small_disk(500_000).run().expect_told(
        74,
        "there is no space left in `",
        "`: free some, or set TMPDIR to a larger place",
    );
    assert!(outcome.stderr.contains(": git cat-file blob "), "{}", outcome.stderr);
    assert_eq!(fixture.refs(), before);
    fixture.script().run().expect_code(0);
}

#[test]
fn git_that_is_missing() {
    let fixture = Fixture::new();
    fixture
        .script()
        .env("PATH", fixture.path("bin"))
        .run()
        .expect_reason(127, "`git` is not on the PATH: install the package `git` in the image");
}

#[test]
fn a_machine_without_room_for_another_process() {
    let fixture = Fixture::new();
    let before = fixture.refs();
    let mut few = Command::new("prlimit");
    // Enough for the script itself, and none for the pipes to a child.
    few.arg("--nofile=8");
    fixture.script().through(few).run().expect_told(
        75,
        "no room to run `",
        "`: Too many open files (os error 24); let less run at the same time, or give the task more, and try again",
    );
    assert_eq!(fixture.refs(), before);
}

#[test]
fn a_git_that_has_no_room_for_a_process_of_its_own_is_tried_again_and_then_told_so() {
    let fixture = Fixture::new();
    let before = fixture.refs();
    let tried = fixture.path("tried");
    fixture.replace_program(
        "git",
        &format!(
            "echo x >>{}; \
             echo \"error: cannot fork() for git-upload-pack 'x': Resource temporarily unavailable\" >&2; exit 128",
            tried.display()
        ),
    );
    fixture.script().run().expect_told(
        75,
        "git found no room to run: error: cannot fork() for git-upload-pack 'x': Resource temporarily unavailable",
        "; let less run at the same time, or give the task more, and try again",
    );
    assert!(std::fs::read_to_string(tried).unwrap().lines().count() > 1);
    assert_eq!(fixture.refs(), before);
}
