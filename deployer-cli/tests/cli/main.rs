//! The real program against the real sandbox: `infrastructure-deployer --local` with small shell scripts as jobs.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets something unexpected must fail at once"
)]

mod aws;
mod commands;
mod endings;
mod refusals;
mod results;
mod signals;
mod streams;
mod support;
