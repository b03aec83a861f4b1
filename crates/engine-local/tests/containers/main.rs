//! Runs in containers of a real Podman, with the real runner in a real image: the suite that every engine passes, what a job can and cannot do
//! from inside, and what is left however a run ends.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::too_many_lines,
    reason = "test code"
)]

#[path = "../common/mod.rs"]
mod common;

mod as_root;
mod choice;
mod endings;
mod isolation;
mod privileges;
mod pull;
mod secrets;

use std::time::{Duration, Instant};

use common::{Machine, Setup};
use container_engines::{Podman, Service};
use engine::Permit;
use engine::conformance::{Harness, Job};
use engine_local::LocalEngine;
use protocol::RunId;

/// A machine whose runs are in containers. The order of the fields is the order in which they end.
struct Contained {
    machine: Machine,
    podman: Podman,
}

impl Contained {
    fn new() -> Self {
        Self::with_secrets(&[])
    }

    fn with_secrets(secrets: &[(&str, &str)]) -> Self {
        let podman = Podman::start();
        Self {
            machine: Machine::with_engine(&podman, secrets),
            podman,
        }
    }

    /// What shell text in a container writes to standard output.
    async fn output(&self, setup: &Setup, text: &str) -> String {
        self.machine.output(setup, text).await
    }

    /// Starts a job that says `ready` and waits for it.
    async fn ready(&self, setup: &Setup, words: &[&str]) -> RunId {
        let run = self.machine.launch(setup, words).await.run;
        let frames = self.machine.run_dir(run).join("frames");
        let said = || std::fs::read_to_string(&frames).unwrap().contains("ready");
        assert!(
            wait_for(Duration::from_mins(1), said),
            "the job did not say that it is ready"
        );
        run
    }

    fn status(&self, run: RunId) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.machine.run_dir(run).join("status.json")).unwrap()).unwrap()
    }

    /// The process of the run's supervisor.
    fn supervisor(run: RunId) -> i32 {
        let id = run.to_string();
        let found = std::fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
            let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).into_owned();
            (words.contains("supervise-detached") && words.contains(&id)).then_some(entry.file_name())
        });
        found.unwrap().to_str().unwrap().parse().unwrap()
    }

    /// Nothing of any run is left with the engine, and no work folder of this one.
    #[track_caller]
    fn nothing_is_left(&self, run: RunId) {
        assert_eq!(self.podman.things(), Vec::<String>::new());
        assert!(
            !self.machine.run_dir(run).join("scratch").exists(),
            "the work folder is left"
        );
    }
}

fn wait_for(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + limit;
    while Instant::now() < until {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn container(run: RunId) -> String {
    format!("deploy-runner-{run}")
}

impl Harness for Contained {
    type Engine = LocalEngine;

    fn engine(&self) -> &LocalEngine {
        self.machine.engine()
    }

    fn permit(&self, job: Job) -> Permit {
        self.machine.permit(job)
    }
}

engine::conformance_suite!(in turn: Contained::new());
