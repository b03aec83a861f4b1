//! What the allow-list can add to a container, a writable root and single capabilities, and what no allow-list adds.

use std::path::PathBuf;

use container_engines::{RUNNER, Recipe, Service};
use engine::Engine;
use engine::conformance::{new_call, observe_to_the_end};
use engine_local::{EngineChoice, LocalConfig, LocalEngine};
use gatekeeper::compiled::{Capability, RootFilesystem};
use protocol::Ending;

use crate::Contained;
use crate::common::{Machine, NOTHING_REACHED, REACH_FOR_THE_RUNNER, Setup, image, permit};

/// What an image builder needs.
const BUILDER: [Capability; 7] = [
    Capability::Chown,
    Capability::DacOverride,
    Capability::Fowner,
    Capability::Fsetid,
    Capability::Setfcap,
    Capability::Setgid,
    Capability::Setuid,
];

/// The same seven in the kernel's numbers: 0, 1, 3, 4, 6, 7 and 31.
pub(crate) const BUILDER_BITS: &str = "00000000800000db";

/// Containers whose image says that the user is root, as kaniko's does.
fn with_root() -> Contained {
    let contained = Contained::new();
    contained.podman.add_image(&Recipe {
        user: "0:0",
        ..image("tests", &[RUNNER])
    });
    contained
}

pub(crate) fn builder() -> Setup {
    Setup {
        root_filesystem: RootFilesystem::Writable,
        capabilities: BUILDER.to_vec(),
        ..Setup::default()
    }
}

#[tokio::test]
async fn a_loosened_container_writes_its_root_and_has_the_listed_capabilities_and_no_others() {
    let contained = with_root();
    let text = "id -u; grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; \
                for place in / /usr /work /home/job /tmp; do mkdir -p $place; (echo x > $place/x) && echo wrote $place; done; \
                grep -E ' (/work|/home/job) ' /proc/mounts; echo looked";
    let told = contained.output(&builder(), text).await;
    let expected = format!(
        "0\nCapPrm:\t{BUILDER_BITS}\nCapEff:\t{BUILDER_BITS}\nCapBnd:\t{BUILDER_BITS}\nNoNewPrivs:\t1\nSeccomp:\t2\n\
         wrote /\nwrote /usr\nwrote /work\nwrote /home/job\nwrote /tmp\nlooked\n"
    );
    assert_eq!(told, expected);
    // What it wrote went with it, and the next one has what its own container declares.
    let next = "id -u; grep -E '^Cap(Eff|Bnd):' /proc/self/status; ls /x /usr/x 2>/dev/null; (: > /x) 2>/dev/null && echo wrote; echo tried";
    let told = contained.output(&Setup::default(), next).await;
    assert_eq!(told, "0\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\ntried\n");
    assert_eq!(contained.podman.things(), Vec::<String>::new());
}

#[tokio::test]
async fn one_of_the_two_does_not_bring_the_other() {
    let contained = with_root();
    let text = "grep -E '^CapEff:' /proc/self/status; (: > /usr/x) 2>/dev/null && echo wrote; echo tried";
    let only_root = Setup {
        capabilities: Vec::new(),
        ..builder()
    };
    assert_eq!(
        contained.output(&only_root, text).await,
        "CapEff:\t0000000000000000\nwrote\ntried\n"
    );
    let only_capabilities = Setup {
        root_filesystem: RootFilesystem::ReadOnly,
        capabilities: vec![Capability::SysChroot],
        ..Setup::default()
    };
    assert_eq!(
        contained.output(&only_capabilities, text).await,
        "CapEff:\t0000000000040000\ntried\n"
    );
}

#[tokio::test]
async fn a_loosened_container_reaches_neither_the_runner_nor_the_kernel_nor_the_machine() {
    let contained = with_root();
    assert_eq!(
        contained.output(&builder(), REACH_FOR_THE_RUNNER).await,
        NOTHING_REACHED
    );
    let text = "for place in /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel/uevent_helper \
                /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do \
                [ -e $place ] && (echo 1 > $place) 2>/dev/null && echo wrote $place; done; \
                (: < /proc/kcore) 2>/dev/null && head -c 1 /proc/kcore | wc -c | grep -v 0; ls /dev | grep -E '^(sd|vd|nvme|mem|kmsg|fuse)'; \
                tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; ls /proc | grep -c '^[0-9]' | sed 's/^[0-9]$/few/'; echo tried";
    assert_eq!(contained.output(&builder(), text).await, "lo\nfew\ntried\n");
}

#[tokio::test]
async fn without_a_container_engine_nothing_holds_a_loosened_container_and_both_reasons_are_said() {
    let contained = Contained::new();
    let sandbox = Machine::new();
    let config = LocalConfig {
        engine: EngineChoice::Auto,
        ..sandbox.config.clone()
    };
    let with_podman = LocalConfig {
        containers: contained.machine.config.containers.clone(),
        ..config.clone()
    };
    let launched = LocalEngine::new(with_podman)
        .launch(permit(&builder(), "job", &["exit", "5"]), new_call())
        .await
        .unwrap();
    assert!(
        launched
            .notices
            .iter()
            .any(|notice| notice.starts_with("engine: Podman")),
        "{:?}",
        launched.notices
    );
    let ending = observe_to_the_end(&sandbox, launched.run).await.ending;
    assert_eq!(ending, Ending::Exited { code: 5 });

    let mut nowhere = config;
    nowhere.containers.images = [("tests".to_owned(), "localhost/others:latest".to_owned())].into();
    nowhere.containers.sockets = contained.machine.config.containers.sockets.clone();
    nowhere.bwrap = PathBuf::from("bwrap");
    let refused = LocalEngine::new(nowhere)
        .launch(permit(&builder(), "job", &["exit", "5"]), new_call())
        .await;
    let reason = refused.expect_err("must be refused").to_string();
    for part in [
        "which the sandbox never gives: run it with `--engine docker` or on AWS",
        "(a container cannot hold it either: Podman has no image `tests`)",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
}
