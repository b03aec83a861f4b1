//! Turns signals into readable descriptors. Never acts on one.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

/// What the outside world and the kernel tell us.
pub(crate) struct Signals {
    stop: UnixStream,
    child: UnixStream,
}

/// Why signals cannot be received.
#[derive(Debug, thiserror::Error)]
#[error("cannot receive signals: {0}")]
pub(crate) struct SignalsError(#[from] io::Error);

impl Signals {
    /// From here on no signal is lost. `exec` resets them for the job.
    pub(crate) fn register() -> Result<Self, SignalsError> {
        Ok(Self {
            stop: receiver_of(&[SIGTERM, SIGINT, SIGHUP])?,
            child: receiver_of(&[SIGCHLD])?,
        })
    }

    /// Readable when somebody asked the job to stop.
    pub(crate) fn stop(&self) -> BorrowedFd<'_> {
        self.stop.as_fd()
    }

    /// Readable when a child may have ended.
    pub(crate) fn child(&self) -> BorrowedFd<'_> {
        self.child.as_fd()
    }

    /// Takes what has been received; answers whether a stop was asked for.
    pub(crate) fn take(&self) -> bool {
        drain(&self.child);
        drain(&self.stop)
    }
}

fn receiver_of(signals: &[i32]) -> Result<UnixStream, io::Error> {
    let (receiver, sender) = UnixStream::pair()?;
    receiver.set_nonblocking(true)?;
    for signal in signals {
        pipe::register(*signal, sender.try_clone()?)?;
    }
    Ok(receiver)
}

fn drain(mut stream: &UnixStream) -> bool {
    let mut any = false;
    let mut buffer = [0; 64];
    while matches!(stream.read(&mut buffer), Ok(1..)) {
        any = true;
    }
    any
}
