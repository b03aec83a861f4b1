//! The gatekeeper as a Lambda function: puts the invoker, the ECS engine and the audit log together, and keeps Lambda's own rules.
//!
//! Responsible for: what is read when the function starts, the bytes of an event as they came, and answers before Lambda's deadline.
//! Never: decides, reads a message, or ends because something of its own is broken: it then refuses, and says why.

mod bounded;
mod invocation;
mod start;

pub use bounded::Bounded;
pub use invocation::{InInvocation, Invocation, Unread, Verbatim, VerbatimService, answer};
pub use start::{log, start};
