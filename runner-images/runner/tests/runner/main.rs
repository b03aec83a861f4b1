//! Claims about the real runner with real scripts.
//!
//! THREATS rows: 12 (environment) and 14 (shell) in `isolation`, 29 (forged log end) and 31 (limits) in `output` and `ends`.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

mod ends;
mod isolation;
mod leftovers;
mod output;
mod reports;
mod support;
