//! Makes this process hard to reach from the job: nobody may trace or dump it, and no descriptor of it leaks into the job.
//!
//! Never touches the job itself, which resets what it should not inherit by `exec`.

use std::fs;
use std::os::fd::RawFd;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::SigSet;

const FIRST_INHERITED: RawFd = 3;
/// Where to look when `/proc` is not mounted.
const ASSUMED_DESCRIPTORS: RawFd = 1024;

/// Why the process could not be hardened.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step}: {source}")]
pub(crate) struct HardenError {
    step: &'static str,
    source: Errno,
}

/// Does it all. Called first, while this is the only thread and nothing has been opened.
pub(crate) fn process() -> Result<(), HardenError> {
    close_inherited_descriptors();
    let steps = [
        ("make the runner not dumpable", prctl::set_dumpable(false)),
        ("forbid core dumps", setrlimit(Resource::RLIMIT_CORE, 0, 0)),
        (
            "become the reaper of the job's orphans",
            prctl::set_child_subreaper(true),
        ),
        ("unblock signals", SigSet::empty().thread_set_mask()),
    ];
    for (step, result) in steps {
        result.map_err(|source| HardenError { step, source })?;
    }
    Ok(())
}

/// The job may have three descriptors only, so there is no reason to keep any other that we were given.
fn close_inherited_descriptors() {
    for descriptor in inherited_descriptors() {
        // The list names the directory that it was read from, which is closed already.
        nix::unistd::close(descriptor).ok();
    }
}

fn inherited_descriptors() -> Vec<RawFd> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return (FIRST_INHERITED..ASSUMED_DESCRIPTORS).collect();
    };
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let numbers = entries.flatten().filter_map(number);
    numbers.filter(|descriptor| *descriptor >= FIRST_INHERITED).collect()
}
