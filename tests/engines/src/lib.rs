//! Container engines of a test's own: a real service with a store, a socket and images in a temporary folder, a registry for it, and a network.
//! Nothing comes from another machine, and nothing is left when they end.

#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    clippy::panic,
    reason = "this is for tests: a panic is how one fails"
)]

#[cfg(target_os = "linux")]
mod docker;
#[cfg(target_os = "linux")]
mod network;
mod podman;
mod recipe;
mod registry;
mod service;

use std::process::{Command, Output, Stdio};

#[cfg(target_os = "linux")]
pub use docker::Docker;
#[cfg(target_os = "linux")]
pub use network::{MACHINE_ADDRESS, Network, OUTSIDE_ADDRESS};
pub use podman::Podman;
pub use recipe::{RUNNER, Recipe, USER};
pub use registry::{Registry, StallingProxy};
pub use service::Service;

/// How it ended well, or a panic that says what it wrote.
fn succeed(command: &mut Command) -> Output {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}: `scripts/setup.sh test` installs it"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
