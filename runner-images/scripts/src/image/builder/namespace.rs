//! The user namespace in which buildah runs without root.
//!
//! It holds one id: this user's own, who is root in there. More ids would need a program with privileges (`newuidmap`), and a container whose processes
//! gain none has no such program. Responsible for entering it, and for saying beforehand why that is impossible; an image builder without any
//! namespace is kaniko.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::Uid;

use super::super::failure::Failure;
use super::super::registry::last_complaint;
use crate::interruption::Interruptions;
use crate::process;
use crate::program::Program;
use crate::report::Report;

/// The user's own id becomes root's.
const OWN_ID: &str = "--map-root-user";
/// Trying it takes milliseconds.
const DEADLINE: Duration = Duration::from_mins(1);
/// The first buildah that runs the steps of a build where nobody may change groups, as in a namespace with one id.
/// <https://github.com/podman-container-tools/buildah/issues/6947>
const RUNS_STEPS: (u32, u32) = (1, 45);

/// Which owners the files of an image can have while it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owners {
    /// All, for root.
    All,
    /// One, in the namespace.
    One,
}

/// The way into the namespace.
#[derive(Debug)]
pub(super) struct Namespace {
    unshare: PathBuf,
}

impl Namespace {
    /// Tries it with buildah's own version. `None` for root, who needs none.
    pub(super) fn prepare(
        buildah: &Path,
        environment: &[(OsString, OsString)],
        report: Report,
        interruptions: &mut Interruptions,
    ) -> Result<Option<Self>, Failure> {
        if Uid::effective().is_root() {
            return Ok(None);
        }
        let namespace = Self {
            unshare: Program::Unshare.find()?,
        };
        let mut attempt = Command::new(&namespace.unshare);
        attempt
            // buildah changes the root too, and a container's filter of system calls may refuse that alone.
            .args([OWN_ID, "--root=/", "--"])
            .arg(buildah)
            .arg("--version")
            .env_clear()
            .envs(environment.iter().cloned());
        let tried = process::capture(&mut attempt, Stdio::null(), Instant::now() + DEADLINE, interruptions)?;
        if !tried.ended.is_success() {
            return Err(Failure::NoNamespace(last_complaint(&tried.stderr)));
        }
        if let Some(version) = too_old_for_steps(&tried.text()) {
            let (major, minor) = RUNS_STEPS;
            report.step(format_args!(
                "buildah {version} fails at every `RUN` here: without root, it runs them from {major}.{minor} on"
            ));
        }
        Ok(Some(namespace))
    }

    /// A program as it is started in there.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.unshare);
        command.args([OWN_ID, "--"]).arg(program);
        command
    }
}

/// The version in `buildah version 1.28.2 (image-spec …)`, if it is known to be too old.
fn too_old_for_steps(said: &str) -> Option<&str> {
    let version = said.strip_prefix("buildah version ")?.split_whitespace().next()?;
    let mut numbers = version.split(['.', '-']).map(str::parse);
    let number = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (number < RUNS_STEPS).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buildah_that_cannot_run_steps_is_known_by_its_version() {
        for (said, expected) in [
            (
                "buildah version 1.28.2 (image-spec 1.1.0-rc2, runtime-spec 1.0.2-dev)\n",
                Some("1.28.2"),
            ),
            ("buildah version 1.44.9-dev (image-spec 1.1.0)\n", Some("1.44.9-dev")),
            ("buildah version 1.45.0 (image-spec 1.1.0)\n", None),
            ("buildah version 2.0.0\n", None),
            ("buildah version next\n", None),
            ("something else\n", None),
            ("", None),
        ] {
            assert_eq!(too_old_for_steps(said), expected, "{said}");
        }
    }
}
