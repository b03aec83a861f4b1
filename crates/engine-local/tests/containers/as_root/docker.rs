//! The same suite over Docker. Its daemon needs the whole machine, so nobody starts one here: give the address of one that runs.
//!
//! ```sh
//! DOCKER_HOST=unix:///var/run/docker.sock cargo nextest run -p engine-local --test containers --run-ignored only -E 'test(docker)'
//! ```

use std::process::Command;

use engine::Permit;
use engine::conformance::{Harness, Job, observe_to_the_end};
use engine_local::LocalEngine;
use podman_service::RUNNER;
use protocol::Ending;

use crate::common::{Machine, Setup, image, table};

const SECRET: &str = "correct-horse-battery-staple";

struct Docker {
    machine: Machine,
}

impl Docker {
    fn new() -> Self {
        let address = std::env::var("DOCKER_HOST").expect("DOCKER_HOST says where Docker is");
        let recipe = image("tests", &[RUNNER]);
        let machine = Machine::with_engine_at(&address, &[("TOKEN", SECRET)]);
        let archive = machine.folder.path().join("image.tar");
        recipe.write(&archive);
        docker(
            &[
                &["import".to_owned()],
                recipe.changes().as_slice(),
                &[archive.display().to_string(), "tests:latest".to_owned()],
            ]
            .concat(),
        );
        Self { machine }
    }
}

fn docker(words: &[String]) -> String {
    let output = Command::new("docker").args(words).output().unwrap();
    assert!(
        output.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn things() -> String {
    let list = |words: &[&str]| docker(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    list(&["ps", "--all", "--quiet", "--filter", "label=deploy-runner.run"]) + &list(&["volume", "ls", "--quiet"])
}

impl Harness for Docker {
    type Engine = LocalEngine;

    fn engine(&self) -> &LocalEngine {
        self.machine.engine()
    }

    fn permit(&self, job: Job) -> Permit {
        self.machine.permit(job)
    }
}

engine::conformance_suite!(by hand, "needs a Docker daemon, named by DOCKER_HOST": Docker::new());

#[tokio::test]
#[ignore = "needs a Docker daemon, named by DOCKER_HOST"]
async fn docker_isolates_keeps_secrets_and_names_endings() {
    let docker = Docker::new();
    let machine = &docker.machine;
    let setup = Setup {
        memory: 64,
        secrets: table(&[("TOKEN", "arn:of:a:secret")]),
        volumes: table(&[("state", "/state")]),
        ..Setup::default()
    };
    let text = "id -u; grep -E '^(CapBnd|NoNewPrivs)' /proc/self/status; echo ${#TOKEN}; for place in / /usr /etc; do (: > $place/x) 2>/dev/null && echo wrote $place; done; \
                for place in /work /tmp /home/job /state; do (: > $place/x) || echo no $place; done; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; uname -n";
    assert_eq!(
        machine.output(&setup, text).await,
        format!(
            "10001\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n{}\nlo\njob\n",
            SECRET.len()
        )
    );
    let seen = machine
        .shell(&setup, "head -c 300M /dev/zero | tail -n 1 | wc -c >&2; exit 1")
        .await;
    assert_eq!(seen.ending, Ending::OutOfMemory { limit_mib: 64 });

    let run = machine.launch(&setup, &["clean-up"]).await.run;
    let frames = machine.run_dir(run).join("frames");
    let ready = || std::fs::read_to_string(&frames).unwrap().contains("ready");
    assert!(crate::wait_for(std::time::Duration::from_mins(1), ready));
    let name = crate::container(run);
    let told = self::docker(&["inspect".to_owned(), name.clone()]);
    assert!(told.contains(&name) && !told.contains(SECRET));
    self::docker(&["rm".to_owned(), "--force".to_owned(), name]);
    let ending = observe_to_the_end(machine, run).await.ending;
    // Docker kills a container before it removes it, and may be asked in between.
    let because = [
        "somebody removed the run's container from Docker",
        "the runner was ended by signal 9 from outside",
    ];
    match &ending {
        Ending::HostLost { reason } | Ending::Unknown { reason } => {
            assert!(because.iter().any(|part| reason.contains(part)), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(things(), "");
}
