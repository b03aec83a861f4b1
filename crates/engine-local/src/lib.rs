//! Runs permits as sandboxed processes on this machine.
//!
//! Responsible for: one supervisor process for each run, the sandbox (bubblewrap, landlock, ceilings), the run's directory, and reading it back.
//! Never: decides whether something may run, runs anything outside a sandbox, or writes a secret's value to a disk.

#![cfg(target_os = "linux")]

mod config;
mod engine;
mod enter;
mod handover;
mod launch;
mod observe;
mod retention;
mod roles;
mod signals;
mod state;
mod supervisor;

pub use config::{LocalConfig, SecretValues};
pub use engine::LocalEngine;
pub use retention::{Retention, RunSummary, RunsError};
pub use roles::run_role;
