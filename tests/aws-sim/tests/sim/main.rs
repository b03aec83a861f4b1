//! The simulation keeps to what AWS documents, and to its seed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod deterministic;
mod functions;
mod streams;
mod support;
mod tasks;
