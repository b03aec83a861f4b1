//! Runs permits on this machine: in a sandbox, or in a container of Docker or Podman.
//!
//! Responsible for: one supervisor process for each run, what holds it (bubblewrap, landlock and ceilings, or a container), the run's directory, and reading it back.
//! Never: decides whether something may run, runs anything outside a sandbox or a container, or writes a secret's value to a disk.

#![cfg(target_os = "linux")]

mod config;
mod containers;
mod engine;
mod enter;
mod handover;
mod launch;
mod limits;
mod observe;
mod retention;
mod roles;
mod signals;
mod state;
mod supervisor;

pub use config::{ContainerConfig, EngineChoice, LocalConfig, PullPolicy, SecretValues};
pub use containers::ContainerSockets;
pub use engine::LocalEngine;
pub use retention::{Retention, RunSummary, RunsError};
pub use roles::run_role;
