//! The invoker: one message in, one answer out.

use engine::Engine;
use gatekeeper::AllowList;
use jiff::Timestamp;
use protocol::{DecodeError, ErrorKind, Message, Origin, Reply, Response};

use crate::audit::{AuditError, AuditEvent, AuditLog, Audited, Decided};

/// Tells the time, for the record.
pub type Clock = fn() -> Timestamp;

/// Serves messages with one allow-list, one engine and one audit log.
#[derive(Debug)]
pub struct Invoker<E, A> {
    pub(crate) allow_list: Result<AllowList, String>,
    pub(crate) engine: E,
    pub(crate) audit: A,
    pub(crate) clock: Clock,
}

impl<E: Engine, A: AuditLog> Invoker<E, A> {
    /// Without an allow-list (then there is a reason, in one line) everything is denied.
    pub const fn new(allow_list: Result<AllowList, String>, engine: E, audit: A, clock: Clock) -> Self {
        Self {
            allow_list,
            engine,
            audit,
            clock,
        }
    }

    /// Serves one message. Every failure is an answer.
    pub async fn handle(&self, message: &[u8]) -> Response {
        let reply = match Message::decode(message) {
            Ok(Message::Run(message)) => self.run(message).await,
            Ok(Message::Explain(message)) => self.explain(&message),
            Ok(Message::Describe(_)) => self.describe(),
            Ok(Message::Observe(message)) => self.observe(&message).await,
            Ok(Message::Stop(message)) => self.stop(&message).await,
            Err(error) => self.unreadable(&error),
        };
        Response::from(reply)
    }

    /// A message that cannot be read is refused, and recorded as any refusal is.
    fn unreadable(&self, error: &DecodeError) -> Reply {
        let mut event = self.event(Audited::Unreadable, &Origin::default(), Decided::Denied);
        event.rules = vec!["message".to_owned()];
        self.recorded(&event, error_reply(ErrorKind::BadMessage, error))
    }

    pub(crate) fn event(&self, action: Audited, origin: &Origin, decision: Decided) -> AuditEvent {
        AuditEvent::new((self.clock)(), action, origin, decision)
    }

    /// Records the event, then gives the answer. Without a record there is no answer but that.
    pub(crate) fn recorded(&self, event: &AuditEvent, reply: Reply) -> Reply {
        match self.audit.record(event) {
            Ok(()) => reply,
            Err(error) => not_recorded(&error),
        }
    }
}

pub(crate) fn not_recorded(error: &AuditError) -> Reply {
    error_reply(ErrorKind::AuditUnavailable, error)
}

pub(crate) fn error_reply(kind: ErrorKind, error: &dyn std::error::Error) -> Reply {
    Reply::Error {
        kind,
        message: error.to_string(),
    }
}
