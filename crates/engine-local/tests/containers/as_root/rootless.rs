//! A Podman of somebody without rights: what it cannot do for a run is said, and never left out.

use std::time::Duration;

use container_engines::{Podman, Service};
use protocol::Ending;

use crate::common::{Machine, Setup};
use crate::wait_for;

/// Where the machine gives such a user control groups, the limit holds; elsewhere nothing runs without it.
#[tokio::test]
async fn a_rootless_podman_holds_a_run_to_its_limits_or_the_run_does_not_start() {
    let podman = Podman::start_rootless();
    assert_eq!(
        podman.answer(&["info", "--format", "{{.Host.Security.Rootless}}"]),
        "true"
    );
    let machine = Machine::with_engine(&podman, &[]);
    let setup = Setup {
        memory: 64,
        ..Setup::default()
    };
    let seen = machine
        .shell(&setup, "head -c 300M /dev/zero | tail -n 1 | wc -c >&2; exit 1")
        .await;
    match &seen.ending {
        Ending::OutOfMemory { limit_mib: 64 } => {}
        Ending::FailedToStart { reason } => {
            let dropped = "Podman would not hold the run to its limits (memory, processor time, processes)";
            let refused = [
                "Podman cannot make the container: ",
                "Podman cannot start the container: ",
            ];
            let is_named = reason.starts_with(dropped)
                || refused.iter().any(|start| reason.starts_with(start)) && reason.contains("cgroup");
            assert!(is_named, "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(podman.things(), Vec::<String>::new());
    let folder = podman.folder().display().to_string();
    drop(podman);
    let is_gone = || {
        std::fs::read_dir("/proc").unwrap().flatten().all(|entry| {
            let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            !String::from_utf8_lossy(&words).contains(&folder)
        })
    };
    assert!(wait_for(Duration::from_secs(5), is_gone), "the service goes on");
}
