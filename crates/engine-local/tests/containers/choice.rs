//! Which engine holds a run, which image it is, and what is said about both.

use std::fs;
use std::path::PathBuf;

use container_engines::Service;
use engine::Engine;
use engine::conformance::{new_call, observe_to_the_end};
use engine_local::{ContainerConfig, ContainerSockets, EngineChoice, LocalConfig, LocalEngine, PullPolicy};
use protocol::Ending;

use crate::common::{Machine, Setup, permit};
use crate::{Contained, container, wait_for};

/// An engine that may choose by itself, over a sandbox that works.
fn automatic(contained: &Contained, sandbox: &Machine, image: &str) -> (LocalEngine, LocalConfig) {
    let config = LocalConfig {
        engine: EngineChoice::Auto,
        containers: ContainerConfig {
            images: [("tests".to_owned(), image.to_owned())].into(),
            ..contained.machine.config.containers.clone()
        },
        ..sandbox.config.clone()
    };
    (LocalEngine::new(config.clone()), config)
}

fn engine_of(machine: &Machine) -> &'static str {
    machine.engine.runs().unwrap()[0].engine
}

#[tokio::test]
async fn a_container_is_chosen_when_its_image_is_here_and_else_the_sandbox_and_the_reason_is_said() {
    let contained = Contained::new();
    let sandbox = Machine::new();
    let (engine, _) = automatic(&contained, &sandbox, "localhost/tests:latest");
    let launched = engine
        .launch(permit(&Setup::default(), "job", &["exit", "5"]), new_call())
        .await
        .unwrap();
    let expected = format!(
        "engine: Podman, because it has the image `tests` (`{}`)",
        contained.podman.socket().display()
    );
    assert!(launched.notices.contains(&expected), "{:?}", launched.notices);
    assert_eq!(
        observe_to_the_end(&sandbox, launched.run).await.ending,
        Ending::Exited { code: 5 }
    );
    assert_eq!(engine_of(&sandbox), "podman");

    let (engine, config) = automatic(&contained, &sandbox, "localhost/others:latest");
    let launched = engine
        .launch(permit(&Setup::default(), "job", &["exit", "6"]), new_call())
        .await
        .unwrap();
    let expected = "engine: the sandbox, because Podman has no image `tests`".to_owned();
    assert!(launched.notices.contains(&expected), "{:?}", launched.notices);
    assert_eq!(
        observe_to_the_end(&sandbox, launched.run).await.ending,
        Ending::Exited { code: 6 }
    );
    assert_eq!(engine_of(&sandbox), "sandbox");

    // With neither, nothing runs, and both reasons are said.
    let neither = LocalEngine::new(LocalConfig {
        bwrap: PathBuf::from("/nowhere/bwrap"),
        ..config
    });
    let refused = neither
        .launch(permit(&Setup::default(), "job", &["exit", "0"]), new_call())
        .await;
    let reason = refused.expect_err("must be refused").to_string();
    assert!(
        reason.contains("bubblewrap") && reason.contains("Podman has no image `tests`"),
        "{reason}"
    );
}

#[tokio::test]
async fn without_any_engine_the_sandbox_holds_the_run_and_a_chosen_engine_refuses_it() {
    let machine = Machine::new();
    let folder = machine.folder.path().to_owned();
    let silent = folder.join("silent.sock");
    // Bound, and nobody listens behind it any more.
    drop(std::os::unix::net::UnixListener::bind(&silent).unwrap());
    fs::write(folder.join("file"), "").unwrap();
    let cases = [
        (format!("unix://{}", silent.display()), "does not answer"),
        (
            format!("unix://{}", folder.join("file").display()),
            "which DOCKER_HOST names, is no socket",
        ),
        (
            "tcp://127.0.0.1:1".to_owned(),
            "only a socket of this machine can be used",
        ),
    ];
    for (address, because) in cases {
        let config = |engine| LocalConfig {
            engine,
            containers: ContainerConfig {
                sockets: ContainerSockets::by(|name| (name == "DOCKER_HOST").then(|| address.clone())),
                ..ContainerConfig::default()
            },
            ..machine.config.clone()
        };
        let launched = LocalEngine::new(config(EngineChoice::Auto))
            .launch(permit(&Setup::default(), "job", &["exit", "3"]), new_call())
            .await
            .unwrap();
        let said = launched
            .notices
            .iter()
            .any(|notice| notice.starts_with("engine: the sandbox, because ") && notice.contains(because));
        assert!(said, "{address}: {:?}", launched.notices);
        assert_eq!(
            observe_to_the_end(&machine, launched.run).await.ending,
            Ending::Exited { code: 3 }
        );

        let refused = LocalEngine::new(config(EngineChoice::Docker))
            .launch(permit(&Setup::default(), "job", &["exit", "3"]), new_call())
            .await;
        let reason = refused.expect_err("must be refused").to_string();
        assert!(
            reason.contains(because) && reason.contains("`--engine sandbox`"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn an_image_that_is_not_here_is_refused_and_never_looked_for_under_a_bare_name() {
    let contained = Contained::new();
    // The same last name in another repository is another image.
    contained
        .podman
        .answer(&["tag", "localhost/tests:latest", "quay.example/somebody/others:latest"]);
    contained.podman.answer(&["untag", "localhost/tests:latest"]);
    let refused = |pull, reference: Option<&str>| {
        let config = LocalConfig {
            containers: ContainerConfig {
                images: reference
                    .map(|reference| ("tests".to_owned(), reference.to_owned()))
                    .into_iter()
                    .collect(),
                pull,
                ..contained.machine.config.containers.clone()
            },
            ..contained.machine.config.clone()
        };
        async move {
            LocalEngine::new(config)
                .launch(permit(&Setup::default(), "job", &["exit", "0"]), new_call())
                .await
        }
    };
    for (pull, reference, because) in [
        (
            PullPolicy::Missing,
            None,
            "image `tests` is not here, and nothing names a registry for it: build it here under this name",
        ),
        (PullPolicy::Always, None, "nothing names a registry for it"),
        (PullPolicy::Never, None, "`--pull never` forbids to pull it"),
        (
            PullPolicy::Missing,
            Some("others"),
            "image `others` (`tests`) is not here",
        ),
        (
            PullPolicy::Never,
            Some("127.0.0.1:1/tests:latest"),
            "`--pull never` forbids to pull it",
        ),
        (
            PullPolicy::Missing,
            Some("127.0.0.1:1/tests@sha256:0000"),
            "cannot look for image `127.0.0.1:1/tests@sha256:0000` (`tests`)",
        ),
    ] {
        let reason = refused(pull, reference).await.expect_err("must be refused").to_string();
        assert!(reason.contains(because), "{pull:?} {reference:?}: {reason}");
        assert!(!reason.contains("start Docker"), "{reason}");
    }
    let launched = refused(
        PullPolicy::Missing,
        Some("127.0.0.1:1/tests@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
    )
    .await
    .unwrap();
    match observe_to_the_end(&contained.machine, launched.run).await.ending {
        Ending::FailedToStart { reason } => assert!(
            reason.contains("cannot be pulled") && reason.contains("`podman pull 127.0.0.1:1/tests@sha256:"),
            "{reason}"
        ),
        other => panic!("{other:?}"),
    }
    contained.nothing_is_left(launched.run);
}

#[tokio::test]
async fn an_image_is_found_by_digest_and_by_id_and_a_tag_that_moves_meanwhile_changes_nothing() {
    let contained = Contained::new();
    let id = contained
        .podman
        .answer(&["image", "inspect", "--format", "{{.Id}}", "localhost/tests:latest"]);
    let digest = contained
        .podman
        .answer(&["image", "inspect", "--format", "{{.Digest}}", "localhost/tests:latest"]);
    for reference in [format!("localhost/tests@{digest}"), format!("sha256:{id}")] {
        let engine = LocalEngine::new(LocalConfig {
            containers: ContainerConfig {
                images: [("tests".to_owned(), reference.clone())].into(),
                pull: PullPolicy::Never,
                ..contained.machine.config.containers.clone()
            },
            ..contained.machine.config.clone()
        });
        let launched = engine
            .launch(permit(&Setup::default(), "job", &["clean-up"]), new_call())
            .await
            .unwrap();
        let frames = contained.machine.run_dir(launched.run).join("frames");
        let ready = wait_for(std::time::Duration::from_secs(30), || {
            fs::read_to_string(&frames).unwrap().contains("ready")
        });
        assert!(ready, "{reference}");
        let image_id = contained
            .podman
            .answer(&["inspect", "--format", "{{.Image}}", &container(launched.run)]);
        assert_eq!(image_id, id, "{reference}");
        engine.stop(launched.run, "a test").await.unwrap();
        observe_to_the_end(&contained.machine, launched.run).await;
    }
}
