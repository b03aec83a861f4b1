//! From a message to its answer: decode, ask the gate, record the decision, use the engine.
//!
//! Responsible for: the actions of the protocol, and one audit event for each decision, recorded before the answer is given.
//! Never: decides by itself, knows whether it is in a Lambda function or in the CLI, or names a vendor.

mod actions;
mod audit;
mod invoker;

pub use audit::{AuditError, AuditEvent, AuditLog, Audited, Decided, EventId, JsonLinesLog, Outcome, StreamLog};
pub use invoker::{Clock, Invoker};
