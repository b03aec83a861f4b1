//! Wiring only.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    deploy_runner::main()
}

/// Jobs run on Linux; the package still builds elsewhere, so that a workspace build works everywhere.
#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::from(125)
}
