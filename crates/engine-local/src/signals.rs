//! The signals that a run's own processes treat in a way of their own.

use nix::sys::signal::{SigSet, Signal};

/// Signals that ask a process to end. The sandbox inherits that they wait, until its last step lets them through again.
pub(crate) fn watched_signals() -> SigSet {
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().collect()
}
