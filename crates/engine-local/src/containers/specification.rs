//! What a container is made of: what a run may use of this machine, and nothing else. Everything is refused unless it is listed here; what the
//! allow-list can add, a writable root and single capabilities, comes from the permit.
//!
//! No value of a secret is part of it: whoever may ask the engine can read it all, and the engine writes it to its disk.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig, Mount, MountType, ResourcesUlimits};
use gatekeeper::compiled::Network;
use protocol::{RunId, SECRETS_ON_STDIN, SECRETS_VARIABLE, TaskSize};
use rustix::process::{Resource, getrlimit};

use super::image::ImageFacts;
use crate::limits::{CPU_PERIOD, MAX_OPEN_FILES, MAX_TASKS, cpu_quota, memory_bytes};
use crate::state::DecisionRecord;

/// Which run a container belongs to.
pub(super) const RUN_LABEL: &str = "deploy-runner.run";
/// Which state folder that run is in.
pub(super) const STATE_LABEL: &str = "deploy-runner.state";
/// Where a run may write, as on AWS: each empty at its start. A writable root is written as it is.
const WRITABLE: [&str; 3] = ["/tmp", "/work", "/home/job"];
/// What Linux has on a small machine: the default of `kernel.pid_max`.
const USUAL_PID_MAX: u64 = 32_768;

/// What the container is for.
#[derive(Debug)]
pub(crate) struct Purpose<'a> {
    pub(crate) run: RunId,
    pub(crate) size: TaskSize,
    pub(crate) decision: &'a DecisionRecord,
    pub(crate) state_dir: &'a Path,
    pub(crate) volumes_dir: &'a Path,
    pub(crate) read_only: &'a [PathBuf],
    /// What process 1 gets as its words.
    pub(crate) words: Vec<String>,
}

/// The name of a run's container.
pub(crate) fn container_name(run: RunId) -> String {
    format!("deploy-runner-{run}")
}

/// The container.
pub(crate) fn specification(purpose: &Purpose<'_>, image: &ImageFacts) -> ContainerCreateBody {
    let decision = purpose.decision;
    let has_secrets = !decision.secrets.is_empty();
    let declared = decision
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let announced = has_secrets.then(|| format!("{SECRETS_VARIABLE}={SECRETS_ON_STDIN}"));
    let labels = [
        (RUN_LABEL.to_owned(), purpose.run.to_string()),
        (STATE_LABEL.to_owned(), purpose.state_dir.display().to_string()),
    ];
    ContainerCreateBody {
        // The very bytes that were looked at, whatever their name comes to mean.
        image: Some(image.id.clone()),
        cmd: Some(purpose.words.clone()),
        env: Some(declared.chain(announced).collect()),
        hostname: Some("job".to_owned()),
        labels: Some(labels.into()),
        attach_stdin: Some(has_secrets),
        open_stdin: Some(has_secrets),
        stdin_once: Some(has_secrets),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        host_config: Some(host_config(purpose, image)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(purpose: &Purpose<'_>, image: &ImageFacts) -> HostConfig {
    let memory = i64::try_from(memory_bytes(purpose.size)).unwrap_or(i64::MAX);
    let network = match purpose.decision.network {
        Network::None => "none",
        // A network of the engine's own, as on AWS. Never the machine's: its loopback and its abstract sockets would be in reach.
        Network::Host => "default",
    };
    let kept = purpose.decision.capabilities.iter();
    HostConfig {
        readonly_rootfs: Some(purpose.decision.root_filesystem.is_read_only()),
        cap_add: Some(kept.map(|capability| capability.as_str().to_owned()).collect()),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        privileged: Some(false),
        init: Some(false),
        ipc_mode: Some("private".to_owned()),
        network_mode: Some(network.to_owned()),
        memory: Some(memory),
        // Memory and swap together: no swap.
        memory_swap: Some(memory),
        cpu_period: Some(i64::from(CPU_PERIOD)),
        cpu_quota: i64::try_from(cpu_quota(purpose.size)).ok(),
        pids_limit: Some(i64::from(MAX_TASKS)),
        ulimits: Some(ulimits()),
        // What the job prints is in the run's own log, and nowhere else on the disk.
        log_config: Some(HostConfigLogConfig {
            typ: Some("none".to_owned()),
            config: None,
        }),
        tmpfs: Some(temporary(purpose, image)),
        mounts: Some(mounts(purpose, image)),
        ..HostConfig::default()
    }
}

/// No more than this machine's own ceilings, which a container engine without privileges could not raise.
fn ulimits() -> Vec<ResourcesUlimits> {
    let least = |resource, most: u64| getrlimit(resource).maximum.map_or(most, |own| own.min(most));
    let limit = |name: &str, value: u64| {
        let value = i64::try_from(value).ok();
        ResourcesUlimits {
            name: Some(name.to_owned()),
            soft: value,
            hard: value,
        }
    };
    vec![
        limit("core", 0),
        limit("nofile", least(Resource::Nofile, MAX_OPEN_FILES)),
        limit("nproc", least(Resource::Nproc, most_processes())),
    ]
}

/// As many as the whole machine can have, which is where Podman lowers its own ceiling to. The kernel counts them over all containers of one
/// user: with less, a run that uses them up would leave none to the others. `pids_limit` is what limits a run.
fn most_processes() -> u64 {
    let told = fs::read_to_string("/proc/sys/kernel/pid_max").unwrap_or_default();
    told.trim().parse().unwrap_or(USUAL_PID_MAX)
}

/// Memory, at most half of what the run may use for each, except where the image declares a volume: that is disk, as on AWS. Nothing on a writable
/// root: what an image builder writes to a place of its own would be missing in the image.
fn temporary(purpose: &Purpose<'_>, image: &ImageFacts) -> HashMap<String, String> {
    if !purpose.decision.root_filesystem.is_read_only() {
        return HashMap::new();
    }
    let options = format!("rw,exec,nosuid,nodev,mode=1777,size={}", memory_bytes(purpose.size) / 2);
    WRITABLE
        .into_iter()
        .filter(|place| !image.volumes.iter().any(|volume| volume == place))
        .map(|place| (place.to_owned(), options.clone()))
        .collect()
}

fn mounts(purpose: &Purpose<'_>, image: &ImageFacts) -> Vec<Mount> {
    let bind = |from: &Path, to: &Path, read_only: bool| Mount {
        typ: Some(MountType::BIND),
        source: Some(from.display().to_string()),
        target: Some(to.display().to_string()),
        read_only: Some(read_only),
        ..Mount::default()
    };
    let volumes = purpose
        .decision
        .volumes
        .iter()
        .map(|(name, at)| bind(&purpose.volumes_dir.join(name), Path::new(at), false));
    let read_only = purpose.read_only.iter().map(|path| bind(path, path, true));
    // Named here, because Podman lays memory over `/tmp` of a read-only container, also where the image declares a volume.
    let declared_by_image = image
        .volumes
        .iter()
        .filter(|place| !purpose.decision.volumes.values().any(|at| at == *place))
        .map(|place| Mount {
            typ: Some(MountType::VOLUME),
            target: Some(place.clone()),
            ..Mount::default()
        });
    volumes.chain(read_only).chain(declared_by_image).collect()
}

#[cfg(test)]
mod tests {
    use gatekeeper::compiled::{Capability, Entrypoint, RootFilesystem};

    use super::*;

    fn made(network: Network) -> ContainerCreateBody {
        made_with(network, RootFilesystem::ReadOnly, &[])
    }

    fn made_with(
        network: Network,
        root_filesystem: RootFilesystem,
        capabilities: &[Capability],
    ) -> ContainerCreateBody {
        let secrets = [("TOKEN".to_owned(), "arn:of:a:secret".to_owned())];
        let decision = DecisionRecord {
            allow_list_digest: String::new(),
            image: "jobs".to_owned(),
            entrypoint: Entrypoint::DeployRunner,
            environment: [("DECLARED".to_owned(), "yes".to_owned())].into_iter().collect(),
            secrets: secrets.into_iter().collect(),
            network,
            volumes: [("state".to_owned(), "/state".to_owned())].into_iter().collect(),
            root_filesystem,
            capabilities: capabilities.to_vec(),
            repositories: Vec::new(),
            timeout_seconds: 60,
            stop_timeout_seconds: 5,
        };
        let purpose = Purpose {
            run: RunId::from_random([1; 16]),
            size: TaskSize { cpu: 512, memory: 1024 },
            decision: &decision,
            state_dir: Path::new("/s"),
            volumes_dir: Path::new("/s/volumes"),
            read_only: &[PathBuf::from("/srv/live.git")],
            words: vec!["--".to_owned(), "job".to_owned()],
        };
        let image = ImageFacts {
            id: "sha256:00".to_owned(),
            entrypoint: Vec::new(),
            volumes: vec!["/tmp".to_owned(), "/state".to_owned()],
        };
        specification(&purpose, &image)
    }

    #[test]
    fn a_network_is_none_or_the_engines_and_never_the_machines() {
        let network = |network| made(network).host_config.and_then(|host| host.network_mode);
        assert_eq!(network(Network::None).as_deref(), Some("none"));
        assert_eq!(network(Network::Host).as_deref(), Some("default"));
    }

    #[test]
    fn what_the_allow_list_adds_is_added_and_everything_else_stays_refused() {
        let usual = made(Network::None).host_config.unwrap();
        let loosened = made_with(
            Network::None,
            RootFilesystem::Writable,
            &[Capability::Chown, Capability::SysChroot],
        );
        let loosened = loosened.host_config.unwrap();
        let expected = HostConfig {
            readonly_rootfs: Some(false),
            cap_add: Some(vec!["CHOWN".to_owned(), "SYS_CHROOT".to_owned()]),
            tmpfs: Some(HashMap::new()),
            ..usual.clone()
        };
        assert_eq!(loosened, expected);
        assert_eq!(usual.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!(usual.cap_add, Some(Vec::new()));
    }

    #[test]
    fn variables_say_that_secrets_come_and_not_which() {
        let expected = ["DECLARED=yes", "DEPLOY_RUNNER_SECRETS=stdin"].map(str::to_owned);
        assert_eq!(made(Network::None).env.as_deref(), Some(expected.as_slice()));
    }

    #[test]
    fn every_place_to_write_to_is_memory_a_volume_of_the_image_or_a_declared_one() {
        let host = made(Network::None).host_config.unwrap();
        let mut memory: Vec<String> = host.tmpfs.unwrap().into_keys().collect();
        memory.sort();
        assert_eq!(memory, ["/home/job", "/work"]);
        let mounts = host.mounts.unwrap().into_iter();
        let mounts: Vec<(String, Option<String>, Option<bool>)> = mounts
            .map(|mount| (mount.target.unwrap(), mount.source, mount.read_only))
            .collect();
        let named =
            |target: &str, source: Option<&str>, read_only| (target.to_owned(), source.map(str::to_owned), read_only);
        let expected = [
            named("/state", Some("/s/volumes/state"), Some(false)),
            named("/srv/live.git", Some("/srv/live.git"), Some(true)),
            named("/tmp", None, None),
        ];
        assert_eq!(mounts, expected);
        assert_eq!(host.readonly_rootfs, Some(true));
    }
}
