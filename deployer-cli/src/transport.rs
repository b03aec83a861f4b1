//! How messages reach the gate. Today: a gate in this process. Never: looks into a message or an answer.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use engine::Engine;
use invoker::{AuditLog, Invoker};
use protocol::{Message, PROTOCOL_VERSION, Reply};

/// A way to a gate.
pub(crate) trait Transport {
    /// Sends one message and answers the reply. A failure says nothing about whether the message arrived.
    fn send(&self, message: &Message) -> impl Future<Output = Result<Reply, TransportError>>;

    /// How long to wait for what may still come.
    fn patience(&self) -> Patience;
}

/// How long to wait for what may still come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Lines of a run may come in for this long after its end.
    pub(crate) late_lines: Duration,
    /// The gate may be unreachable for this long before a run's outcome counts as unknown.
    pub(crate) unreachable: Duration,
    /// Pause before a message is sent again after a failure.
    pub(crate) pause: Duration,
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
    Version(u32),
}

/// A gate and an engine in this process. Requests still travel as bytes through the strict decoder.
pub(crate) struct InProcess<E, A> {
    invoker: Invoker<E, A>,
}

impl<E: Engine, A: AuditLog> InProcess<E, A> {
    pub(crate) const fn new(invoker: Invoker<E, A>) -> Self {
        Self { invoker }
    }
}

impl<E: Engine, A: AuditLog> Transport for InProcess<E, A> {
    async fn send(&self, message: &Message) -> Result<Reply, TransportError> {
        let bytes = message.encode()?;
        tracing::debug!(
            bytes = bytes.len(),
            action = message.action().as_str(),
            "message to the gate"
        );
        let response = self.invoker.handle(&bytes).await;
        if response.protocol == PROTOCOL_VERSION {
            Ok(response.reply)
        } else {
            Err(TransportError::Version(response.protocol))
        }
    }

    /// An engine on this machine writes every line before the ending, and what its disk refuses once it mostly refuses again.
    fn patience(&self) -> Patience {
        Patience {
            late_lines: Duration::ZERO,
            unreachable: Duration::from_secs(3),
            pause: Duration::from_millis(200),
        }
    }
}

impl<E, A> fmt::Debug for InProcess<E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}
