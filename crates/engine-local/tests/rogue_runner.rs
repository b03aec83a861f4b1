//! What a broken or hostile process 1 can make the engine believe: nothing that its exit status and its closing line do not both say, and
//! no run lasts longer than its supervisor lets it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "test code")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use common::{Machine, Setup, permit};
use engine::Engine;
use engine::conformance::{new_call, observe_to_the_end};
use engine_local::{LocalConfig, LocalEngine};
use protocol::{Ending, Phase, RunId};

/// A machine whose runner is this shell text.
struct Rogue(Machine);

impl Rogue {
    fn new(text: &str, mode: u32) -> Self {
        let mut machine = Machine::new();
        let runner = machine.folder.path().join("runner");
        fs::write(&runner, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&runner, fs::Permissions::from_mode(mode)).unwrap();
        machine.engine = LocalEngine::new(LocalConfig {
            runner,
            ..machine.config.clone()
        });
        Self(machine)
    }

    async fn launch(&self, setup: &Setup) -> RunId {
        self.0
            .engine
            .launch(permit(setup, "job", &["exit", "0"]), new_call())
            .await
            .unwrap()
            .run
    }

    async fn ending(&self) -> Ending {
        let run = self.launch(&Setup::default()).await;
        observe_to_the_end(&self.0, run).await.ending
    }
}

#[track_caller]
fn is_unknown(ending: &Ending, because: &str) {
    assert!(
        matches!(ending, Ending::Unknown { reason } if reason.contains(because)),
        "{ending:?}"
    );
}

#[tokio::test]
async fn an_exit_without_a_closing_line_is_never_a_success() {
    let ending = Rogue::new("echo '1 o all is well'; exit 0", 0o755).ending().await;
    is_unknown(
        &ending,
        "the runner ended with status 0 before it could tell how the script ended",
    );
}

#[tokio::test]
async fn a_closing_line_that_is_not_the_last_is_not_believed() {
    let text = r#"echo '1 = {"exit":0,"cause":"exited","lines":0,"sha256":""}'; echo '2 o more'; exit 0"#;
    is_unknown(&Rogue::new(text, 0o755).ending().await, "before it could tell");
}

#[tokio::test]
async fn a_closing_line_that_disagrees_with_the_exit_status_is_not_believed() {
    let text = r#"echo '1 = {"exit":0,"cause":"exited","lines":0,"sha256":""}'; exit 3"#;
    is_unknown(
        &Rogue::new(text, 0o755).ending().await,
        "ended with status 3, and its closing line says 0",
    );
}

#[tokio::test]
async fn a_torn_closing_line_is_not_believed_and_not_shown() {
    let rogue = Rogue::new(
        r#"echo '1 o whole'; printf '2 = {"exit":0,"cause":"exi'; exit 0"#,
        0o755,
    );
    let run = rogue.launch(&Setup::default()).await;
    let seen = observe_to_the_end(&rogue.0, run).await;
    is_unknown(&seen.ending, "before it could tell");
    assert_eq!(seen.frames, ["1 o whole"]);
}

#[tokio::test]
async fn a_runner_that_cannot_be_executed_is_a_failed_start() {
    let ending = Rogue::new("exit 0", 0o644).ending().await;
    assert!(
        matches!(&ending, Ending::FailedToStart { reason } if reason.contains("the runner cannot be started in the sandbox")),
        "{ending:?}"
    );
}

#[tokio::test]
async fn a_runner_that_forgets_the_deadline_is_killed_by_its_supervisor() {
    let rogue = Rogue::new("trap '' TERM; while :; do sleep 0.1; done", 0o755);
    let setup = Setup {
        timeout_seconds: 1,
        stop_timeout_seconds: 1,
        ..Setup::default()
    };
    let since = Instant::now();
    let run = rogue.launch(&setup).await;
    let seen = observe_to_the_end(&rogue.0, run).await;
    assert_eq!(seen.ending, Ending::TimedOut { after_seconds: 1 });
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_runner_that_ignores_a_stop_is_killed_by_its_supervisor() {
    let rogue = Rogue::new("trap '' TERM; while :; do sleep 0.1; done", 0o755);
    let setup = Setup {
        stop_timeout_seconds: 1,
        ..Setup::default()
    };
    let run = rogue.launch(&setup).await;
    rogue.0.engine.stop(run, "a test").await.unwrap();
    let seen = observe_to_the_end(&rogue.0, run).await;
    assert_eq!(seen.ending, Ending::Cancelled { code: None });
    assert!(seen.phases.contains(&Phase::Stopping), "{:?}", seen.phases);
}

#[tokio::test]
async fn a_stop_that_comes_before_the_runner_listens_reaches_it_when_it_does() {
    let text = r#"sleep 0.5
trap 'echo "1 = {\"exit\":7,\"cause\":\"stopped\",\"lines\":0,\"sha256\":\"\"}"; exit 7' TERM
while :; do sleep 0.05; done"#;
    let rogue = Rogue::new(text, 0o755);
    let run = rogue.launch(&Setup::default()).await;
    rogue.0.engine.stop(run, "a test").await.unwrap();
    let seen = observe_to_the_end(&rogue.0, run).await;
    assert_eq!(seen.ending, Ending::Cancelled { code: Some(7) });
}
