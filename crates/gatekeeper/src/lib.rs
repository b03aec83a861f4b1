//! The gate: reads an allow-list, and decides whether a request may run.
//!
//! Responsible for: the allow-list model, its reader, linter and schema, the argument grammar, the decision.
//! Never: performs I/O, knows a cloud vendor, reads a clock or an environment, is asynchronous.

mod allow_list;
#[cfg(feature = "authoring")]
pub mod compile;
pub mod compiled;
mod decide;
mod describe;
#[cfg(feature = "authoring")]
mod effective;
mod explain;
pub mod fargate;
mod grammar;
#[cfg(feature = "authoring")]
pub mod lint;
mod permit;
mod report;
mod request_digest;
#[cfg(feature = "authoring")]
pub mod schema;
#[cfg(feature = "authoring")]
pub mod source;
pub mod value;

pub use allow_list::{AllowList, LoadError, MAX_COMPILED_BYTES};
pub use compiled::Entrypoint;
pub use decide::{Decision, Understood, decide, deny_without_allow_list, understand};
pub use describe::describe;
pub use explain::explain;
pub use grammar::Value;
pub use permit::Permit;
pub use request_digest::request_digest;
