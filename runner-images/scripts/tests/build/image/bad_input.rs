//! What is missing or wrong is said in one line, with what to do and with an exit code of its own.

use super::{registry, script, tag, with_image};

#[test]
fn a_context_or_a_dockerfile_that_is_not_there() {
    let (fixture, commit) = with_image();
    let server = registry(&fixture, None);
    for (option, value, code, reason) in [
        (
            "--context-path",
            "none",
            66,
            "`none` is not in the repository at this commit: correct the path or the commit",
        ),
        (
            "--context-path",
            "app/hello",
            65,
            "`app/hello` is not a directory: give the path of one",
        ),
        (
            "--dockerfile",
            "Other.Dockerfile",
            66,
            "`app/Other.Dockerfile` is not in the repository at this commit: correct the path or the commit",
        ),
    ] {
        script(&fixture, &commit, &server)
            .instead(option, value)
            .run()
            .expect_reason(code, reason);
    }
}

#[test]
fn a_dockerfile_that_fails_is_the_builders_failure_and_pushes_nothing() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    for text in ["FROM scratch\nCOPY none /\n", "FRO scratch\n"] {
        fixture.write("app/Dockerfile", text);
        let commit = fixture.commit_to("main");
        let outcome = script(&fixture, &commit, &server).run().expect_code(1);
        let last = outcome.stderr.lines().last().unwrap();
        assert!(last.ends_with(": the builder's own messages are above"), "{last}");
        assert_eq!(outcome.stdout, "");
    }
    assert!(!fixture.path("registry").exists());
}

#[test]
fn a_registry_that_cannot_be_reached() {
    let (fixture, commit) = with_image();
    let server = registry(&fixture, None);
    let gone = "--allowed-repository=127.0.0.1:9/apps";
    for words in [&[gone][..], &[gone, "--idempotent"]] {
        // Nothing listens on the discard port of the loopback address.
        let mut script = script(&fixture, &commit, &server).instead("--tag", "127.0.0.1:9/apps/web:1");
        for word in words {
            script = script.with(*word);
        }
        let start = if words.contains(&"--idempotent") {
            "cannot ask the registry about `127.0.0.1:9/apps/web:1`: "
        } else {
            "cannot push `127.0.0.1:9/apps/web:1`: "
        };
        script.run().expect_told(
            69,
            start,
            "connection refused; check the name and the container's way to the network",
        );
    }
}

#[test]
fn a_program_that_is_missing() {
    let (fixture, commit) = with_image();
    let server = registry(&fixture, None);
    let outcome = script(&fixture, &commit, &server).instead("--builder", "kaniko").run();
    outcome.expect_reason(
        127,
        "`executor` is not on the PATH: put kaniko's `executor` into `/kaniko` of the image, or let the allow-list fix another `--builder`",
    );
    let outcome = script(&fixture, &commit, &server)
        .with("--idempotent")
        .env("PATH", fixture.path("bin"))
        .run();
    outcome.expect_reason(
        127,
        "`skopeo` is not on the PATH: install the package `skopeo` in the image: `--idempotent` asks the registry with it",
    );
}

#[test]
fn a_daemon_that_does_not_answer_is_said_before_anything_is_fetched() {
    let (fixture, commit) = with_image();
    let server = registry(&fixture, None);
    fixture.replace_program(
        "buildctl",
        "echo 'error: failed to list workers: Unavailable' >&2; exit 1",
    );
    let outcome = script(&fixture, &commit, &server)
        .instead("--builder", "buildkit")
        .run();
    assert!(!outcome.stderr.contains("fetching"), "{}", outcome.stderr);
    outcome.expect_reason(
        69,
        "no BuildKit daemon answers: error: failed to list workers: Unavailable: start `buildkitd` and name it in BUILDKIT_HOST",
    );
}

#[test]
fn a_wrong_command_line_exits_with_64_and_help_with_0() {
    let (fixture, commit) = with_image();
    let server = registry(&fixture, None);
    for (option, value) in [
        ("--tag", "web"),
        ("--tag", "registry.example.com/web"),
        ("--tag", "--privileged"),
        ("--context-path", "../x"),
        ("--dockerfile", "/etc/passwd"),
        ("--build-arg", "=x"),
        ("--secret", "id=a,src=/etc/shadow"),
        ("--allowed-repository", "registry.example.com"),
        ("--builder", "docker"),
        ("--push", "true"),
        ("--ta", "x"),
        ("--privileged", "x"),
    ] {
        let outcome = script(&fixture, &commit, &server).instead(option, value).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (64, ""), "{option} {value}");
    }
    for words in [
        &["--push", "--no-push"][..],
        &["--no-push", "--idempotent"],
        &["--secret=id=A", "--builder=kaniko"],
    ] {
        let mut script = script(&fixture, &commit, &server);
        if words.contains(&"--builder=kaniko") {
            script = script.instead("--builder", "kaniko").with(words[0]);
        } else {
            script = words.iter().fold(script, |script, word| script.with(*word));
        }
        script.run().expect_code(64);
    }
    let help = script(&fixture, &commit, &server).with("--help").run().expect_code(0);
    assert!(help.stdout.contains("Exit codes:\n"));
}

#[test]
fn a_name_that_is_not_allowed_is_refused_before_anything_is_fetched() {
    let (fixture, commit) = with_image();
    let server = registry(&fixture, None);
    for name in [
        format!("127.0.0.1:{}/apps2/web:1", server.port),
        format!("127.0.0.1:{}/other/apps/web:1", server.port),
        "127.0.0.1:9/apps/web:1".to_owned(),
        "apps.example.com/apps/web:1".to_owned(),
    ] {
        let outcome = script(&fixture, &commit, &server).with(format!("--tag={name}")).run();
        assert!(!outcome.stderr.contains("fetching"), "{}", outcome.stderr);
        outcome.expect_reason(
            77,
            &format!("`{name}` is not in a repository that may be pushed to: correct the name, or let the allow-list fix `--allowed-repository`"),
        );
    }
    // Without the option there is nothing that may be pushed to.
    let nowhere = fixture
        .script(super::SCRIPT, &commit)
        .with(format!("--tag={}", tag(&server, "1")));
    nowhere.with("--builder=buildah").run().expect_code(77);
}
