//! Where this process is among the machine's control groups, as the kernel tells in `/proc`.

use std::fs;
use std::path::{Path, PathBuf};

use super::Ceiling;

/// Where this process is in each hierarchy.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::supervisor) struct Hierarchies {
    /// The folder of version 2, with its mount point.
    pub(super) unified: Option<(PathBuf, PathBuf)>,
    /// The folder of each controller of version 1.
    pub(super) legacy: Vec<(Ceiling, PathBuf)>,
}

impl Hierarchies {
    /// Reads them from `/proc`, below a root that tests choose.
    pub(in crate::supervisor) fn of_this_process(root: &Path) -> Self {
        let own = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
        let mounts = fs::read_to_string(root.join("proc/self/mounts")).unwrap_or_default();
        let mounted = |matches: &dyn Fn(&str, &str) -> bool| {
            mounts.lines().find_map(|line| {
                let fields: Vec<&str> = line.split(' ').collect();
                match fields.as_slice() {
                    [_, at, kind, options, ..] if matches(kind, options) => Some(root.join(at.trim_start_matches('/'))),
                    _ => None,
                }
            })
        };
        let place = |matches: &dyn Fn(&str) -> bool| {
            own.lines().find_map(|line| {
                let mut fields = line.splitn(3, ':').skip(1);
                let controllers = fields.next()?;
                let path = fields.next()?;
                matches(controllers).then(|| path.trim_start_matches('/').to_owned())
            })
        };
        let unified =
            mounted(&|kind, _| kind == "cgroup2").and_then(|mount| Some((mount.join(place(&str::is_empty)?), mount)));
        let legacy = Ceiling::ALL
            .into_iter()
            .filter_map(|ceiling| {
                let named = |list: &str| list.split(',').any(|name| name == ceiling.controller());
                let mount = mounted(&|kind, options| kind == "cgroup" && named(options))?;
                Some((ceiling, mount.join(place(&named)?)))
            })
            .collect();
        Self { unified, legacy }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A root folder whose `/proc` tells this.
    pub(in crate::supervisor::cgroup) fn machine(cgroup: &str, mounts: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("proc/self")).unwrap();
        fs::write(root.path().join("proc/self/cgroup"), cgroup).unwrap();
        fs::write(root.path().join("proc/self/mounts"), mounts).unwrap();
        root
    }

    #[test]
    fn version_1_has_a_place_for_each_controller() {
        let root = machine(
            "5:memory:/ci\n3:cpuset:/\n2:cpu,cpuacct:/a/b\n1:pids:/\n0::/\n",
            "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n\
             cgroup /sys/fs/cgroup/cpu cgroup rw,cpu,cpuacct 0 0\ncgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\n",
        );
        let at = |path: &str| root.path().join("sys/fs/cgroup").join(path);
        assert_eq!(
            Hierarchies::of_this_process(root.path()),
            Hierarchies {
                unified: None,
                legacy: vec![
                    (Ceiling::Memory, at("memory/ci")),
                    (Ceiling::Cpu, at("cpu/a/b")),
                    (Ceiling::Tasks, at("pids/")),
                ],
            }
        );
    }
}
