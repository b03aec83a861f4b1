//! Waits until a descriptor is ready or a moment has come. Never waits past that moment.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Waking up now and then does no harm, and keeps the time within what `poll` takes.
const LONGEST: Duration = Duration::from_hours(1);

/// Waits until one of `sources` can be read (or has ended); answers for each whether it can. Before `until` that may be none.
pub(crate) fn readable<const N: usize>(sources: [BorrowedFd<'_>; N], until: Instant) -> [bool; N] {
    let mut descriptors = sources.map(|source| PollFd::new(source, PollFlags::POLLIN));
    let left = until.saturating_duration_since(Instant::now());
    // Rounded up: waking a moment too early would be a busy wait.
    let left = left.saturating_add(Duration::from_micros(999)).min(LONGEST);
    let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
    // An interrupted wait is a wait that ends early.
    match poll(&mut descriptors, timeout) {
        Ok(1..) => descriptors.map(|descriptor| descriptor.any().unwrap_or(true)),
        Ok(_) | Err(_) => [false; N],
    }
}

/// Waits until `sink` takes more. Returning early costs one more attempt to write.
pub(crate) fn writable(sink: BorrowedFd<'_>) {
    let mut descriptors = [PollFd::new(sink, PollFlags::POLLOUT)];
    poll(&mut descriptors, PollTimeout::NONE).ok();
}
