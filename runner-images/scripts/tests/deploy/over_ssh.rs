//! Repositories behind a real SSH server: which servers are believed, and where the key is.

use std::fs;

use crate::fixture::{Fixture, Outcome, find_program};
use crate::ssh_server::{KeyPair, SshServer};

struct Scene {
    fixture: Fixture,
    commit: String,
    server: SshServer,
    key: KeyPair,
}

impl Scene {
    fn set() -> Self {
        let (fixture, commit) = Fixture::with_module();
        let key = KeyPair::make(&fixture.path("home"));
        let server = SshServer::serve(&fixture.path("home"), &key);
        Self {
            fixture,
            commit,
            server,
            key,
        }
    }

    /// Plans with what the container holds.
    fn plan(&self, environment: &[(&str, &str)]) -> Outcome {
        let url = self.server.url(&self.fixture.origin());
        let script = self.fixture.script(&self.commit, "plan").instead("--repo", &url);
        let script = environment
            .iter()
            .fold(script, |script, (name, value)| script.env(name, value));
        script.run()
    }

    /// Nobody told the server who they are.
    #[track_caller]
    fn assert_that_nothing_was_sent(&self) {
        let log = self.server.log();
        assert!(log.contains("Connection from 127.0.0.1"), "{log}");
        assert!(!log.contains("userauth-request"), "{log}");
    }
}

#[test]
fn the_declared_key_and_host_key_fetch_a_commit_and_the_key_is_in_no_file() {
    let scene = Scene::set();
    let fixture = &scene.fixture;
    let (seen, place) = (fixture.path("seen"), fixture.path("tmp"));
    // The real ssh, after a look at what is there while git works.
    fixture.replace_program(
        "ssh",
        &format!(
            "for word; do echo \"word: $word\"; done >> '{seen}'\nssh-add -L >> '{seen}' 2>&1\n\
             echo \"files: $(grep -rls PRIVATE '{place}' | wc -l)\" >> '{seen}'\nexec '{ssh}' \"$@\"",
            seen = seen.display(),
            place = place.display(),
            ssh = find_program("ssh").display(),
        ),
    );
    fixture.replace_program(
        "terraform",
        &format!(
            "echo \"agents: $(ls '{}'/*/git/agent 2>/dev/null | wc -l) $SSH_AUTH_SOCK$SSH_PRIVATE_KEY\"",
            place.display()
        ),
    );
    let known = scene.server.known_host();
    let outcome = scene
        .plan(&[
            ("SSH_PRIVATE_KEY", &scene.key.private),
            ("SSH_KNOWN_HOSTS", &known),
            ("GIT_SSH_COMMAND", "false"),
        ])
        .expect_code(0);
    assert_eq!(outcome.stdout, "agents: 0 \n");
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains(&format!("{}\nfiles: 0\n", scene.key.public)), "{seen}");
    for option in [
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "PermitLocalCommand=no",
        "ForwardAgent=no",
    ] {
        assert!(
            seen.contains(&format!("word: -o\nword: {option}\n")),
            "{option}: {seen}"
        );
    }
    assert!(seen.starts_with("word: -F\nword: none\n"), "{seen}");
    assert!(scene.server.log().contains("Accepted publickey for git"));
}

#[test]
fn a_reviewed_commit_is_applied_over_ssh() {
    let scene = Scene::set();
    let url = scene.server.url(&scene.fixture.origin());
    let outcome = scene
        .fixture
        .script(&scene.commit, "apply")
        .instead("--repo", &url)
        .env("SSH_PRIVATE_KEY", &scene.key.private)
        .env("SSH_KNOWN_HOSTS", scene.server.known_host())
        .run()
        .expect_code(0);
    assert!(outcome.stdout.contains("1 added"), "{}", outcome.stdout);
}

#[test]
fn another_host_key_than_the_pinned_one_is_refused_before_anything_is_sent() {
    let scene = Scene::set();
    let other = KeyPair::make(&scene.fixture.path("home"));
    let known = scene.server.with_host_key(&other.public);
    let outcome = scene
        .plan(&[("SSH_PRIVATE_KEY", &scene.key.private), ("SSH_KNOWN_HOSTS", &known)])
        .expect_told(
            77,
            "cannot read the repository `ssh://git@127.0.0.1:",
            " has changed and you have requested strict checking.; Host key verification failed.; \
             ask who runs the server why, and declare the new key in SSH_KNOWN_HOSTS only if it is theirs",
        );
    assert!(!outcome.stderr.contains("trying again"), "{}", outcome.stderr);
    scene.assert_that_nothing_was_sent();
}

#[test]
fn without_a_pinned_host_key_nothing_is_sent() {
    let scene = Scene::set();
    for environment in [
        &[("SSH_PRIVATE_KEY", scene.key.private.as_str())][..],
        &[
            ("SSH_PRIVATE_KEY", &scene.key.private),
            // The right key, but of another port of the same host.
            (
                "SSH_KNOWN_HOSTS",
                &scene.server.known_host().replace("[127.0.0.1]:", "[127.0.0.1]:1"),
            ),
        ],
    ] {
        scene.plan(environment).expect_told(
            78,
            "cannot read the repository `ssh://git@127.0.0.1:",
            " and you have requested strict checking.; Host key verification failed.; \
             declare the server's host key in SSH_KNOWN_HOSTS",
        );
    }
    scene.assert_that_nothing_was_sent();
}

#[test]
fn a_key_that_the_server_does_not_accept_is_told_so_and_not_tried_again() {
    let scene = Scene::set();
    let other = KeyPair::make(&scene.fixture.path("home"));
    let known = scene.server.known_host();
    for keys in [
        &[("SSH_PRIVATE_KEY", other.private.as_str()), ("SSH_KNOWN_HOSTS", &known)][..],
        &[("SSH_KNOWN_HOSTS", &known)],
    ] {
        let outcome = scene.plan(keys).expect_told(
            78,
            "cannot read the repository `ssh://git@127.0.0.1:",
            " Permission denied (publickey).; declare or correct SSH_PRIVATE_KEY, one that may do that there",
        );
        assert!(!outcome.stderr.contains("trying again"), "{}", outcome.stderr);
    }
    let log = scene.server.log();
    assert!(
        log.contains("userauth-request") && !log.contains("Accepted publickey"),
        "{log}"
    );
}

#[test]
fn a_secret_that_is_no_key_is_named_and_not_repeated() {
    let scene = Scene::set();
    let outcome = scene
        .plan(&[
            ("SSH_PRIVATE_KEY", "hunter2"),
            ("SSH_KNOWN_HOSTS", &scene.server.known_host()),
        ])
        .expect_told(
            78,
            "the secret SSH_PRIVATE_KEY is not a private key that can be used without a passphrase: ",
            "; declare one that is",
        );
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
}
