//! A gate and an engine in this process. Requests still travel as bytes through the strict decoder.
#![cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "other systems have no gate in this process")
)]

use std::fmt;
use std::time::Duration;

use engine::Engine;
use invoker::{AuditLog, Invoker};
use protocol::{Message, ObserveMessage, PROTOCOL_VERSION, Reply, RunId};

use super::{Patience, Transport, TransportError};

/// The gate of local runs.
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
            Err(TransportError::Version(response.protocol.into()))
        }
    }

    /// An engine on this machine writes every line before the ending, and what its disk refuses once it mostly refuses again.
    fn patience(&self) -> Patience {
        Patience {
            late_lines: Duration::ZERO,
            unreachable: Duration::from_secs(3),
            after_max_wait: Duration::from_secs(30),
            lost_answers: Duration::from_millis(500),
            no_way: Duration::ZERO,
            pause: Duration::from_millis(200),
            longest_pause: Duration::from_millis(200),
            wait_ms: ObserveMessage::MAX_WAIT_MS,
        }
    }

    fn unknown_run(&self, run: RunId) -> String {
        format!("no run `{run}` is known here: `runs` lists the runs of this machine")
    }
}

impl<E, A> fmt::Debug for InProcess<E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}
