//! The gate: reads an allow-list, and decides whether a request may run.
//!
//! Responsible for: the allow-list model, its reader, linter and schema, the argument grammar, the decision.
//! Never: performs I/O, knows a cloud vendor, reads a clock or an environment, is asynchronous.

pub mod compile;
pub mod compiled;
pub mod fargate;
pub mod lint;
mod permit;
pub mod schema;
pub mod source;
pub mod value;

pub use permit::Permit;
