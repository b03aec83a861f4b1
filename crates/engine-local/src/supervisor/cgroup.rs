//! Control groups, version 2 and version 1: made beside or below the supervisor's own, where the machine lets us.
//!
//! Never touches a group that it did not make: the name of each carries the run's id.

mod hierarchies;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use protocol::{RunId, TaskSize};
use rustix::process::{Pid, Signal, kill_process};

use crate::limits::{CPU_PERIOD, MAX_TASKS, cpu_quota, memory_bytes};

pub(super) use hierarchies::Hierarchies;

const PREFIX: &str = "deploy-runner-";
/// A group whose processes have been killed is empty within this time.
const EMPTY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a control group could not do.
#[derive(Debug, thiserror::Error)]
#[error("control group `{path}`: {source}")]
pub(crate) struct CgroupError {
    path: PathBuf,
    source: io::Error,
}

/// What can be limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ceiling {
    Memory,
    Cpu,
    Tasks,
}

impl Ceiling {
    const ALL: [Self; 3] = [Self::Memory, Self::Cpu, Self::Tasks];

    const fn controller(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Tasks => "pids",
        }
    }
}

/// One control group of a run.
#[derive(Debug)]
pub(super) struct Group {
    path: PathBuf,
    unified: bool,
    enforced: Vec<Ceiling>,
}

/// Makes the groups of a run. What the machine does not let us is missing from what they enforce.
pub(super) fn create(hierarchies: &Hierarchies, run: RunId, size: TaskSize) -> Vec<Group> {
    let name = format!("{PREFIX}{run}");
    let unified = hierarchies
        .unified
        .as_ref()
        .and_then(|(own, mount)| create_unified(own, mount, &name, size));
    let missing = |ceiling: Ceiling| !unified.as_ref().is_some_and(|group| group.enforces(ceiling));
    let legacy: Vec<Group> = hierarchies
        .legacy
        .iter()
        .filter(|(ceiling, _)| missing(*ceiling))
        .filter_map(|(ceiling, own)| create_legacy(*ceiling, &own.join(&name), size))
        .collect();
    unified.into_iter().chain(legacy).collect()
}

/// A group that has processes cannot give controllers to its children, so the nearest ancestor that gives them is the place.
fn create_unified(own: &Path, mount: &Path, name: &str, size: TaskSize) -> Option<Group> {
    let parent = own
        .ancestors()
        .take_while(|path| path.starts_with(mount))
        .find(|path| {
            let given = fs::read_to_string(path.join("cgroup.subtree_control")).unwrap_or_default();
            given
                .split_whitespace()
                .any(|controller| controller == Ceiling::Memory.controller())
        })?;
    let path = parent.join(name);
    make(&path).ok()?;
    let enforced: Vec<Ceiling> = Ceiling::ALL
        .into_iter()
        .filter(|ceiling| set_all(&path, unified_settings(*ceiling, size)))
        .collect();
    // Not every kernel counts swap; where none is mounted it makes no difference.
    drop(set(&path, "memory.swap.max", "0"));
    Some(Group {
        path,
        unified: true,
        enforced,
    })
}

fn unified_settings(ceiling: Ceiling, size: TaskSize) -> Vec<(&'static str, String)> {
    match ceiling {
        Ceiling::Memory => vec![("memory.max", memory_bytes(size).to_string())],
        Ceiling::Cpu => vec![("cpu.max", format!("{} {CPU_PERIOD}", cpu_quota(size)))],
        Ceiling::Tasks => vec![("pids.max", MAX_TASKS.to_string())],
    }
}

fn create_legacy(ceiling: Ceiling, path: &Path, size: TaskSize) -> Option<Group> {
    make(path).ok()?;
    let settings = match ceiling {
        Ceiling::Memory => vec![("memory.limit_in_bytes", memory_bytes(size).to_string())],
        Ceiling::Cpu => vec![
            ("cpu.cfs_period_us", CPU_PERIOD.to_string()),
            ("cpu.cfs_quota_us", cpu_quota(size).to_string()),
        ],
        Ceiling::Tasks => vec![("pids.max", MAX_TASKS.to_string())],
    };
    if !set_all(path, settings) {
        drop(fs::remove_dir(path));
        return None;
    }
    if ceiling == Ceiling::Memory {
        // Not every kernel counts swap; where none is mounted it makes no difference.
        drop(set(
            path,
            "memory.memsw.limit_in_bytes",
            &memory_bytes(size).to_string(),
        ));
    }
    Some(Group {
        path: path.to_owned(),
        unified: false,
        enforced: vec![ceiling],
    })
}

/// A group under the run's own name is what a supervisor left that was killed before anything ran.
fn make(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn set_all(path: &Path, settings: Vec<(&'static str, String)>) -> bool {
    settings
        .into_iter()
        .all(|(file, value)| set(path, file, &value).is_ok())
}

/// A setting that the kernel does not offer is never made as a plain file.
fn set(path: &Path, file: &str, value: &str) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .open(path.join(file))?
        .write_all(value.as_bytes())
}

impl Group {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn enforces(&self, ceiling: Ceiling) -> bool {
        self.enforced.contains(&ceiling)
    }

    pub(super) fn take_in(&self, pid: i32) -> Result<(), CgroupError> {
        set(&self.path, "cgroup.procs", &pid.to_string()).map_err(|source| CgroupError {
            path: self.path.clone(),
            source,
        })
    }

    pub(super) fn oom_kills(&self) -> u64 {
        let file = if self.unified {
            "memory.events"
        } else {
            "memory.oom_control"
        };
        let text = fs::read_to_string(self.path.join(file)).unwrap_or_default();
        text.lines()
            .find_map(|line| line.strip_prefix("oom_kill "))
            .and_then(|count| count.trim().parse().ok())
            .unwrap_or(0)
    }
}

/// Ends what is left in the groups, and removes them. A group that is gone is removed.
pub(crate) fn remove_all(paths: &[PathBuf]) -> Result<(), CgroupError> {
    paths
        .iter()
        .filter(|path| is_ours(path))
        .map(|path| {
            remove(path).map_err(|source| CgroupError {
                path: path.clone(),
                source,
            })
        })
        .fold(Ok(()), Result::and)
}

fn is_ours(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str()?.strip_prefix(PREFIX))
        .is_some_and(|id| id.parse::<RunId>().is_ok())
}

fn remove(path: &Path) -> io::Result<()> {
    let until = Instant::now() + EMPTY_TIMEOUT;
    loop {
        match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && Instant::now() < until => {
                kill_all(path);
                thread::sleep(Duration::from_millis(10));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => return other,
        }
    }
}

fn kill_all(path: &Path) {
    let processes = fs::read_to_string(path.join("cgroup.procs")).unwrap_or_default();
    for pid in processes
        .lines()
        .filter_map(|line| line.parse().ok().and_then(Pid::from_raw))
    {
        // It may have ended between the two lines; then there is nothing to do.
        kill_process(pid, Signal::KILL).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::hierarchies::tests::machine;
    use super::*;

    const RUN: RunId = RunId::from_random([7; 16]);
    const SIZE: TaskSize = TaskSize { cpu: 256, memory: 512 };

    #[test]
    fn version_2_takes_the_nearest_ancestor_that_gives_its_children_controllers() {
        let root = machine(
            "0::/user.slice/session.scope\n",
            "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
        );
        let mount = root.path().join("sys/fs/cgroup");
        fs::create_dir_all(mount.join("user.slice/session.scope")).unwrap();
        fs::write(mount.join("user.slice/cgroup.subtree_control"), "cpu memory pids").unwrap();
        fs::write(mount.join("user.slice/session.scope/cgroup.subtree_control"), "").unwrap();
        let groups = create(&Hierarchies::of_this_process(root.path()), RUN, SIZE);
        let [group] = groups.as_slice() else {
            panic!("{groups:?}")
        };
        assert_eq!(group.path(), mount.join("user.slice").join(format!("{PREFIX}{RUN}")));
    }

    #[test]
    fn a_ceiling_whose_file_is_missing_is_not_claimed() {
        let root = machine("4:memory:/\n", "cgroup /m cgroup rw,memory 0 0\n");
        fs::create_dir_all(root.path().join("m")).unwrap();
        assert!(create(&Hierarchies::of_this_process(root.path()), RUN, SIZE).is_empty());
        assert_eq!(fs::read_dir(root.path().join("m")).unwrap().count(), 0);
    }

    #[test]
    fn settings_are_in_the_kernels_units() {
        assert_eq!(
            unified_settings(Ceiling::Cpu, SIZE),
            [("cpu.max", "25000 100000".to_owned())]
        );
        assert_eq!(
            unified_settings(Ceiling::Memory, SIZE),
            [("memory.max", "536870912".to_owned())]
        );
    }

    #[test]
    fn a_folder_that_is_not_a_runs_group_is_never_removed() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("deploy-runner-of-somebody");
        fs::create_dir(&other).unwrap();
        remove_all(std::slice::from_ref(&other)).unwrap();
        assert!(other.exists());
    }
}
