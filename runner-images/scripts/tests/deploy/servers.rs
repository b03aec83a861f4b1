//! Servers that refuse, fail, ask for a password or send elsewhere.

use std::time::{Duration, Instant};

use crate::fixture::Fixture;
use crate::git_server::{Behaviour, GitServer};

/// `carol:hunter2`
const CREDENTIAL: &str = "Basic Y2Fyb2w6aHVudGVyMg==";

#[test]
fn a_commit_is_fetched_by_its_id_from_a_server_that_gives_it_out() {
    let (fixture, old) = Fixture::with_module();
    fixture.commit();
    fixture.push("main");
    let server = GitServer::serve(fixture.origin(), Behaviour::default());
    let outcome = fixture
        .script(&old, "apply")
        .instead("--repo", &server.url())
        .run()
        .expect_code(0);
    assert!(
        !outcome.stderr.contains("fetching its branches instead"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_server_that_refuses_ids_is_asked_for_its_branches() {
    let (fixture, old) = Fixture::with_module();
    fixture.commit();
    fixture.push("main");
    fixture.git(&[
        "--git-dir=../origin.git",
        "config",
        "uploadpack.allowAnySHA1InWant",
        "false",
    ]);
    let server = GitServer::serve(
        fixture.origin(),
        Behaviour {
            old_protocol: true,
            ..Behaviour::default()
        },
    );
    let outcome = fixture
        .script(&old, "apply")
        .instead("--repo", &server.url())
        .run()
        .expect_code(0);
    assert!(
        outcome.stderr.contains("fetching its branches instead"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stdout().contains("word = \"first\""), "{}", outcome.stdout());

    let unknown = "0123456789abcdef0123456789abcdef01234567";
    let outcome = fixture
        .script(unknown, "plan")
        .instead("--repo", &server.url())
        .run()
        .expect_code(65);
    assert!(
        outcome.stderr.contains("has no commit `0123456789"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_server_that_fails_for_a_moment_is_asked_again() {
    let (fixture, commit) = Fixture::with_module();
    let server = GitServer::serve(
        fixture.origin(),
        Behaviour {
            failures: 1,
            ..Behaviour::default()
        },
    );
    let started = Instant::now();
    let outcome = fixture
        .script(&commit, "plan")
        .instead("--repo", &server.url())
        .run()
        .expect_code(0);
    assert_eq!(
        outcome.stderr.matches("trying again in 1 s").count(),
        1,
        "{}",
        outcome.stderr
    );
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[test]
fn the_token_answers_a_server_that_asks_and_appears_nowhere() {
    let (fixture, commit) = Fixture::with_module();
    let behaviour = Behaviour {
        authorization: Some(CREDENTIAL.to_owned()),
        ..Behaviour::default()
    };
    let server = GitServer::serve(fixture.origin(), behaviour);
    let plan = || {
        fixture
            .script(&commit, "plan")
            .instead("--repo", &server.url())
            .with("--log-level=debug")
    };

    let outcome = plan()
        .env("GIT_TOKEN", "hunter2")
        .env("GIT_USERNAME", "carol")
        .run()
        .expect_code(0);
    for secret in ["hunter2", "Y2Fyb2w6aHVudGVyMg"] {
        assert!(
            !outcome.stderr.contains(secret) && !outcome.stdout().contains(secret),
            "{}",
            outcome.stderr
        );
    }
    let started = Instant::now();
    for (name, value) in [("GIT_TOKEN", "wrong"), ("OTHER", "x")] {
        let outcome = plan().env(name, value).run().expect_code(69);
        assert!(
            outcome
                .stderr
                .contains("error: cannot read the repository `http://127.0.0.1:"),
            "{}",
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("trying again"), "{}", outcome.stderr);
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_redirect_is_not_followed_and_takes_no_token_along() {
    let (fixture, commit) = Fixture::with_module();
    let other = GitServer::serve(fixture.origin(), Behaviour::default());
    let target = other.url().strip_suffix("/origin.git").unwrap().to_owned();
    let first = GitServer::serve(
        fixture.origin(),
        Behaviour {
            redirect_to: Some(target),
            ..Behaviour::default()
        },
    );
    let script = fixture
        .script(&commit, "plan")
        .instead("--repo", &first.url())
        .env("GIT_TOKEN", "hunter2");
    script.run().expect_code(69);
    assert_eq!(first.requests().len(), 1);
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[test]
fn an_unreachable_server_is_given_up_with_a_reason() {
    let (fixture, commit) = Fixture::with_module();
    // Nothing listens on the discard port of the loopback address.
    let outcome = fixture
        .script(&commit, "plan")
        .instead("--repo", "http://127.0.0.1:9/live.git")
        .run()
        .expect_code(69);
    assert_eq!(
        outcome.stderr.matches("trying again in").count(),
        3,
        "{}",
        outcome.stderr
    );
    let last = outcome.stderr.lines().last().unwrap();
    assert!(
        last.contains("error: cannot read the repository `http://127.0.0.1:9/live.git`: "),
        "{last}"
    );
}

/// No SSH server is needed to see what ssh is asked to do: a stand-in writes its words down and runs the command here.
#[test]
fn ssh_gets_fixed_words_accepts_known_hosts_only_and_asks_nothing() {
    let (fixture, commit) = Fixture::with_module();
    let words = fixture.path("ssh-words");
    fixture.replace_program(
        "ssh",
        &format!(
            "for word; do echo \"$word\" >> '{}'; last=$word; done\nif [ \"$1\" = -G ]; then exit 1; fi\neval \"exec $last\"",
            words.display()
        ),
    );
    let url = format!("ssh://git@git.example.com{}", fixture.origin().display());
    let script = fixture
        .script(&commit, "plan")
        .instead("--repo", &url)
        .env("GIT_SSH_COMMAND", "false");
    script
        .env("SSH_KNOWN_HOSTS", "git.example.com ssh-ed25519 AAAA")
        .run()
        .expect_code(0);
    let words = std::fs::read_to_string(words).unwrap();
    for option in [
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "PermitLocalCommand=no",
        "ForwardAgent=no",
    ] {
        assert!(words.contains(&format!("-o\n{option}\n")), "{option}: {words}");
    }
    assert!(words.starts_with("-F\nnone\n"), "{words}");
    assert!(words.contains("/git/known_hosts /etc/ssh/ssh_known_hosts\n"), "{words}");
    assert!(words.contains("\ngit@git.example.com\ngit-upload-pack '"), "{words}");
}

#[test]
fn a_declared_key_is_held_by_an_agent_while_git_works_and_is_never_in_a_file() {
    let (fixture, commit) = Fixture::with_module();
    let key = fixture.path("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "deploy", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    let secret = std::fs::read_to_string(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let (seen, place) = (fixture.path("seen"), fixture.path("tmp"));
    let look = format!(
        "ssh-add -L >> '{seen}' 2>&1; echo \"files: $(grep -rls PRIVATE '{place}' | wc -l)\" >> '{seen}'",
        seen = seen.display(),
        place = place.display()
    );
    fixture.replace_program(
        "ssh",
        &format!("for word; do last=$word; done\nif [ \"$1\" = -G ]; then exit 1; fi\n{look}\neval \"exec $last\""),
    );
    let after = format!(
        "echo \"agents: $(ls '{}'/*/git/agent 2>/dev/null | wc -l) $SSH_AUTH_SOCK\"",
        place.display()
    );
    fixture.replace_program("terraform", &after);
    let url = format!("ssh://git@git.example.com{}", fixture.origin().display());
    let script = |key: &str| {
        let script = fixture.script(&commit, "plan").instead("--repo", &url);
        script
            .env("SSH_PRIVATE_KEY", key)
            .env("SSH_KNOWN_HOSTS", "git.example.com ssh-ed25519 AAAA")
            .run()
    };
    let outcome = script(secret.trim_end()).expect_code(0);
    assert_eq!(outcome.stdout(), "agents: 0 \n");
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(
        seen.starts_with("ssh-ed25519 ") && seen.contains(" deploy\nfiles: 0\n"),
        "{seen}"
    );

    let outcome = script("hunter2").expect_code(69);
    let last = outcome.stderr.lines().last().unwrap();
    let start = "infrastructure-deploy-script: error: the secret SSH_PRIVATE_KEY is not a private key that can be used without a passphrase: ";
    assert!(last.starts_with(start) && !last.contains("hunter2"), "{last}");
}
