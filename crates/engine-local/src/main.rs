//! The program behind a local run: its supervisor, and the last step inside its sandbox. People never call it. Wiring only.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    engine_local::run_role(std::env::args_os().skip(1))
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::from(125)
}
