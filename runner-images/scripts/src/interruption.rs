//! Signals that ask the script to stop, as values that the work in progress can wait for.
//!
//! Responsible for catching SIGTERM, SIGINT and SIGHUP, and for waking whoever waits for a child. Never sends a signal.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Somebody asked the script to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// SIGTERM.
    #[error("stopped by SIGTERM")]
    Terminated,
    /// SIGINT, Ctrl-C.
    #[error("stopped by SIGINT")]
    Interrupted,
    /// SIGHUP, the terminal is gone.
    #[error("stopped by SIGHUP")]
    HungUp,
}

impl Stopped {
    /// The signal that the tool gets for it: the polite one that Terraform understands.
    pub const fn to_forward(self) -> Signal {
        match self {
            Self::Terminated | Self::HungUp => Signal::SIGTERM,
            Self::Interrupted => Signal::SIGINT,
        }
    }

    /// What the script exits with: 128 and the signal's number.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// A child changed its state; which one has to be asked.
    Child,
    /// The script was asked to stop for the first time.
    Stop(Stopped),
    /// Nothing happened until the time was over.
    TimeOver,
}

/// The signals that arrived and have not been looked at yet.
#[derive(Debug)]
pub struct Interruptions {
    signals: Receiver<i32>,
    first: Option<Stopped>,
}

impl Interruptions {
    /// Starts catching signals. From here on they no longer end the process.
    pub fn catch() -> io::Result<Self> {
        let mut caught = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGCHLD])?;
        let (sender, signals) = channel();
        // The thread lives as long as the process; there is nothing to join it for.
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in caught.forever() {
                if sender.send(signal).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { signals, first: None })
    }

    /// Waits for a child, a stop or the end of the time. Only the first stop is reported: later ones say nothing new.
    pub fn wait_until(&mut self, limit: Option<Instant>) -> Wake {
        loop {
            let timeout = limit.map_or(Duration::from_hours(1), |at| {
                at.saturating_duration_since(Instant::now())
            });
            let stop = match self.signals.recv_timeout(timeout) {
                Ok(SIGCHLD) => return Wake::Child,
                Ok(SIGTERM) => Stopped::Terminated,
                Ok(SIGINT) => Stopped::Interrupted,
                Ok(_) => Stopped::HungUp,
                // The sender lives as long as the process, so both mean that the time is over.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Wake::TimeOver,
            };
            if self.first.is_none() {
                self.first = Some(stop);
                return Wake::Stop(stop);
            }
        }
    }

    /// Fails if the script was asked to stop.
    pub fn check(&mut self) -> Result<(), Stopped> {
        self.pause(Duration::ZERO)
    }

    /// Sleeps, and fails as soon as the script is asked to stop.
    pub fn pause(&mut self, duration: Duration) -> Result<(), Stopped> {
        let end = Instant::now() + duration;
        loop {
            if let Some(stopped) = self.first {
                return Err(stopped);
            }
            match self.wait_until(Some(end)) {
                Wake::Child => {}
                Wake::Stop(stopped) => return Err(stopped),
                Wake::TimeOver => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
impl Interruptions {
    /// Signals from a channel, so that tests in one process do not stop each other.
    pub(crate) fn from_channel(signals: Receiver<i32>) -> Self {
        Self { signals, first: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_stop_is_reported_and_it_is_remembered() {
        let (sender, signals) = channel();
        let mut interruptions = Interruptions::from_channel(signals);
        assert_eq!(interruptions.check(), Ok(()));
        for signal in [SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGCHLD] {
            sender.send(signal).unwrap();
        }
        assert_eq!(interruptions.wait_until(None), Wake::Child);
        assert_eq!(interruptions.wait_until(None), Wake::Stop(Stopped::Interrupted));
        assert_eq!(interruptions.wait_until(None), Wake::Child);
        assert_eq!(interruptions.wait_until(Some(Instant::now())), Wake::TimeOver);
        assert_eq!(interruptions.check(), Err(Stopped::Interrupted));
        assert_eq!(interruptions.pause(Duration::from_hours(1)), Err(Stopped::Interrupted));
    }

    #[test]
    fn a_pause_ends_with_a_stop_and_not_with_a_child() {
        let (sender, signals) = channel();
        let mut interruptions = Interruptions::from_channel(signals);
        sender.send(SIGCHLD).unwrap();
        sender.send(SIGTERM).unwrap();
        assert_eq!(interruptions.pause(Duration::from_hours(1)), Err(Stopped::Terminated));
    }
}
