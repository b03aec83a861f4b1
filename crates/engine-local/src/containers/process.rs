//! Process 1 of a container as this machine sees it, where it does: an engine in a virtual machine counts other processes.

use std::fs;
use std::path::PathBuf;

use crate::state::Sandbox;
use crate::supervisor::start_ticks;

/// The process, if it is one of this machine and belongs to the container.
pub(crate) fn of_container(pid: i32, container: &str) -> Option<Sandbox> {
    let start_ticks = start_ticks(pid)?;
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    groups.contains(container).then_some(Sandbox { pid, start_ticks })
}

/// The kernel's file that counts the processes which it ended in that container for lack of memory.
pub(crate) fn oom_file(process: Sandbox) -> Option<PathBuf> {
    let groups = fs::read_to_string(format!("/proc/{}/cgroup", process.pid)).ok()?;
    oom_files(&groups).into_iter().find(|path| path.is_file())
}

fn oom_files(groups: &str) -> Vec<PathBuf> {
    let place = |wanted: &str| {
        groups.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let controllers = fields.next()?;
            let path = fields.next()?;
            controllers
                .split(',')
                .any(|name| name == wanted)
                .then(|| path.to_owned())
        })
    };
    let legacy = place("memory").map(|path| format!("/sys/fs/cgroup/memory{path}/memory.oom_control"));
    let unified = place("").map(|path| format!("/sys/fs/cgroup{path}/memory.events"));
    legacy.into_iter().chain(unified).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_in_the_group_of_the_memory_controller() {
        assert_eq!(
            oom_files("5:memory:/pods/x\n1:cpu,cpuacct:/y\n0::/z\n"),
            [
                "/sys/fs/cgroup/memory/pods/x/memory.oom_control",
                "/sys/fs/cgroup/z/memory.events"
            ]
            .map(PathBuf::from)
        );
        assert_eq!(
            oom_files("0::/a.slice/b.scope\n"),
            [PathBuf::from("/sys/fs/cgroup/a.slice/b.scope/memory.events")]
        );
    }

    #[test]
    fn a_process_of_something_else_is_not_taken_for_the_containers() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert_eq!(of_container(own, "deploy-runner-of-nobody"), None);
    }
}
