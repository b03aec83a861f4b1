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
    assert!(outcome.stdout.contains("word = \"first\""), "{}", outcome.stdout);

    let unknown = "0123456789abcdef0123456789abcdef01234567";
    fixture
        .script(unknown, "plan")
        .instead("--repo", &server.url())
        .run()
        .expect_told(
            66,
            "the repository `http://127.0.0.1:",
            "/origin.git` has no commit `0123456789abcdef0123456789abcdef01234567` that can be fetched: push it first, and give the full id",
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
            !outcome.stderr.contains(secret) && !outcome.stdout.contains(secret),
            "{}",
            outcome.stderr
        );
    }
    let started = Instant::now();
    for (name, value) in [("GIT_TOKEN", "wrong"), ("OTHER", "x")] {
        let outcome = plan().env(name, value).run().expect_told(
            78,
            "cannot read the repository `http://127.0.0.1:",
            "; declare or correct GIT_TOKEN for this host, one that may do that there",
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
    script.run().expect_told(
        78,
        "cannot read the repository `http://127.0.0.1:",
        " error: 302; correct its address in the allow-list: redirects are not followed",
    );
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
