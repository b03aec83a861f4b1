//! How much of this machine a run may use, how that is enforced, and what is said where it cannot be.

use std::path::{Path, PathBuf};

use protocol::{RunId, TaskSize};

use crate::limits::memory_bytes;

use super::cgroup::{self, CgroupError, Group, Hierarchies};

/// The ceilings of one run, as far as this machine enforces them.
#[derive(Debug)]
pub(super) struct Ceilings {
    groups: Vec<Group>,
    paths: Vec<PathBuf>,
    memory_bytes: u64,
    whole_run_memory: bool,
}

impl Ceilings {
    /// Sets up what this machine lets us, and says what that comes to.
    pub(super) fn set(run: RunId, size: TaskSize) -> (Self, Vec<String>) {
        let hierarchies = Hierarchies::of_this_process(Path::new("/"));
        let groups = cgroup::create(&hierarchies, run, size);
        let has = |what: cgroup::Ceiling| groups.iter().any(|group| group.enforces(what));
        let whole_run_memory = has(cgroup::Ceiling::Memory);
        let mut notices = Vec::new();
        if !whole_run_memory {
            notices.push(format!(
                "memory is limited to {} MiB for each process and not for the whole run: no control group may be made here",
                size.memory
            ));
        }
        if !has(cgroup::Ceiling::Cpu) {
            notices.push(format!(
                "the ceiling of {} CPU units is not enforced: no control group may be made here",
                size.cpu
            ));
        }
        let ceilings = Self {
            paths: groups.iter().map(|group| group.path().to_owned()).collect(),
            groups,
            memory_bytes: memory_bytes(size),
            whole_run_memory,
        };
        (ceilings, notices)
    }

    /// The control groups, for whoever has to clean up after a supervisor that was killed.
    pub(super) fn cgroups(&self) -> &[PathBuf] {
        &self.paths
    }

    /// The limit for each process, where the whole run cannot be limited.
    pub(super) fn data_bytes(&self) -> Option<u64> {
        (!self.whole_run_memory).then_some(self.memory_bytes)
    }

    /// Puts processes under the ceilings, with every child that they will have.
    pub(super) fn take_in(&self, pids: &[i32]) -> Result<(), String> {
        for group in &self.groups {
            for pid in pids {
                group.take_in(*pid).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// How often the kernel ended a process of the run for lack of memory.
    pub(super) fn oom_kills(&self) -> u64 {
        self.groups.iter().map(Group::oom_kills).max().unwrap_or(0)
    }

    /// Ends what is left in the control groups, and removes them.
    pub(super) fn remove(&self) -> Result<(), CgroupError> {
        cgroup::remove_all(&self.paths)
    }
}
