//! How messages reach the gate: a call in this process, or one `Invoke` of a Lambda function for each message.
//!
//! Responsible for: what every way has in common, and what may be hoped for after a failure. Never: looks into a message or an answer.

mod in_process;
pub(crate) mod lambda;

use std::future::Future;
use std::time::Duration;

use protocol::{Message, PROTOCOL_VERSION, Reply, RunId};
use tokio::time::{Instant, timeout_at};

#[cfg(target_os = "linux")]
pub(crate) use in_process::InProcess;
pub(crate) use lambda::LambdaTransport;
use lambda::failure::LambdaError;

/// A way to a gate.
pub(crate) trait Transport {
    /// Sends one message and answers the reply.
    fn send(&self, message: &Message) -> impl Future<Output = Result<Reply, TransportError>>;

    /// How long to wait for what may still come.
    fn patience(&self) -> Patience;

    /// What to tell somebody whose run is not known there, in one line.
    fn unknown_run(&self, run: RunId) -> String;
}

/// How long to wait for what may still come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Lines of a run may come in for this long after its end.
    pub(crate) late_lines: Duration,
    /// A run may be out of sight for this long before its outcome counts as unknown.
    pub(crate) unreachable: Duration,
    /// What cannot be reached when `--max-wait-time` has passed is tried for this long.
    pub(crate) after_max_wait: Duration,
    /// A message whose answer was lost, or that is refused for now, is repeated for this long.
    pub(crate) lost_answers: Duration,
    /// A message that could not be handed over at all is repeated for this long.
    pub(crate) no_way: Duration,
    /// First pause before a message is sent again; each further one is twice as long.
    pub(crate) pause: Duration,
    /// Longest of these pauses.
    pub(crate) longest_pause: Duration,
    /// How long one observe call may wait for news, in milliseconds.
    pub(crate) wait_ms: u32,
}

impl Patience {
    /// The pauses between repetitions.
    pub(crate) const fn pauses(&self) -> Pauses {
        Pauses::new(self.pause, self.longest_pause)
    }
}

/// What the work comes to, if it does in time. Without a limit there is always time.
pub(crate) fn in_time<T>(limit: Option<Instant>, work: impl Future<Output = T>) -> impl Future<Output = Option<T>> {
    // The future of a message is large, and would be in ours more than once.
    let work = Box::pin(work);
    async move {
        match limit {
            Some(limit) => timeout_at(limit, work).await.ok(),
            None => Some(work.await),
        }
    }
}

/// Pauses that grow: each is twice the one before, up to the longest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest }
    }

    /// The next pause.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause
    }
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// The message cannot be put into words.
    #[error("cannot write the message to the gate: {0}")]
    Unwordable(#[from] serde_json::Error),
    /// The gate is of another release.
    #[error(
        "the gate speaks protocol {0}, this build speaks protocol {PROTOCOL_VERSION}: bring both sides to the same release"
    )]
    Version(u64),
    /// The way to the function, or the function, failed.
    #[error(transparent)]
    Lambda(#[from] Box<LambdaError>),
}

/// What may be hoped for after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hope {
    /// The same message will fail again until somebody mends something.
    None,
    /// Somebody will probably have to mend something; only a run that is under way is worth waiting for.
    ForARun,
    /// The gate cannot be reached just now.
    Brief,
    /// It will pass.
    Good,
}

/// Whether the gate may have acted on a message that has no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It cannot have.
    No,
    /// It may have.
    Perhaps,
}

impl TransportError {
    /// What may be hoped for.
    pub(crate) fn hope(&self) -> Hope {
        match self {
            Self::Unwordable(_) | Self::Version(_) => Hope::None,
            Self::Lambda(error) => error.hope(),
        }
    }

    /// Whether the gate may have acted on the message. A gate of another release refuses every message of ours.
    pub(crate) fn arrival(&self) -> Arrival {
        match self {
            Self::Unwordable(_) | Self::Version(_) => Arrival::No,
            Self::Lambda(error) => error.arrival(),
        }
    }
}
