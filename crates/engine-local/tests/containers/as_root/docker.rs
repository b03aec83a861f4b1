//! The same suite over a real Docker, and what differs there from Podman.

use container_engines::{Docker, Network, Registry, Service, StallingProxy};
use engine::Permit;
use engine::conformance::{Harness, Job, observe_to_the_end};
use engine_local::LocalEngine;
use protocol::Ending;

use super::network::a_network_of_its_own;
use crate::common::{Machine, Setup, table};
use crate::privileges::{BUILDER_BITS, builder};
use crate::pull::{NOBODY, a_stuck_pull_is_cancelled, images_are_pulled, refusals_are_named};

const SECRET: &str = "correct-horse-battery-staple";

/// A machine whose runs are in containers of Docker. The order of the fields is the order in which they end.
struct InDocker {
    machine: Machine,
    docker: Docker,
}

impl InDocker {
    fn new() -> Self {
        let docker = Docker::start(&Network::new());
        Self {
            machine: Machine::with_engine(&docker, &[("TOKEN", SECRET)]),
            docker,
        }
    }
}

impl Harness for InDocker {
    type Engine = LocalEngine;

    fn engine(&self) -> &LocalEngine {
        self.machine.engine()
    }

    fn permit(&self, job: Job) -> Permit {
        self.machine.permit(job)
    }
}

engine::conformance_suite!(in turn: InDocker::new());

#[tokio::test]
async fn docker_isolates_keeps_secrets_and_names_endings() {
    let InDocker { machine, docker } = &InDocker::new();
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
    let told = docker.answer(&["inspect", &name]);
    assert!(told.contains(&name) && !told.contains(SECRET));
    docker.answer(&["rm", "--force", &name]);
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
    assert_eq!(docker.things(), Vec::<String>::new());
}

#[tokio::test]
async fn a_job_of_docker_with_a_network_has_a_way_out_and_nothing_of_the_machines() {
    let network = Network::new();
    let service = Docker::start(&network);
    a_network_of_its_own(&network, service).await;
}

#[test]
fn docker_pulls_when_it_is_told_to_and_what_it_pulled_is_what_runs() {
    on_a_machine(async |network| images_are_pulled(Docker::start(network), &Registry::start()).await);
}

#[test]
fn what_docker_cannot_pull_is_named_with_what_the_registry_says() {
    on_a_machine(async |network| {
        let (registry, guarded) = (Registry::start(), Registry::start_guarded(NOBODY));
        refusals_are_named(Docker::start(network), &registry, &guarded).await;
    });
}

#[test]
fn a_run_that_is_cancelled_while_docker_pulls_ends_at_once_and_so_does_the_pull() {
    on_a_machine(async |network| {
        let registry = Registry::start();
        let proxy = StallingProxy::to(&registry);
        a_stuck_pull_is_cancelled(Docker::start(network), &registry, &proxy).await;
    });
}

/// The daemon's loopback is that of its network, so its registries have to be there, and whoever speaks to those.
fn on_a_machine(test: impl AsyncFnOnce(&Network) + Send) {
    let network = Network::new();
    network.on_the_machine(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(test(&network));
    });
}

#[tokio::test]
async fn docker_gives_what_the_allow_list_adds_and_no_more() {
    let InDocker { machine, docker } = &InDocker::new();
    let text = "id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; grep -c ' / [a-z0-9]* rw' /proc/mounts; \
                grep -E ' (/work|/home/job) ' /proc/mounts; echo looked";
    let told = machine.output(&builder(), text).await;
    // The image's user is not root, and Docker gives such a user nothing but the right to start a program that has it.
    let expected =
        format!("10001\nCapEff:\t0000000000000000\nCapBnd:\t{BUILDER_BITS}\nNoNewPrivs:\t1\nSeccomp:\t2\n1\nlooked\n");
    assert_eq!(told, expected);
    assert_eq!(docker.things(), Vec::<String>::new());
}
