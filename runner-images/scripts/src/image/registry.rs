//! What a registry has.
//!
//! Responsible for telling *not there* from *cannot be asked*: only the first lets a build begin. skopeo asks, because it speaks to
//! every kind of registry with every kind of credential, whichever builder is used. Never changes a registry.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::credentials::Credentials;
use super::failure::Failure;
use super::outcome::Image;
use super::registry_error::{Access, Cause, RegistryError};
use crate::environment::of_tool;
use crate::interruption::Interruptions;
use crate::process;
use crate::program::Program;
use crate::report::Report;
use crate::values::ImageName;

/// One exchange with a registry may take this long.
pub(super) const DEADLINE: Duration = Duration::from_mins(15);
/// How registries say that they have no such image: by the error codes of the distribution specification.
const NOT_THERE: [&str; 3] = ["manifest unknown", "name unknown", "repository name not known"];

/// A registry that can be asked.
pub(super) struct Registry<'run> {
    program: PathBuf,
    environment: Vec<(OsString, OsString)>,
    report: Report,
    interruptions: &'run mut Interruptions,
}

impl<'run> Registry<'run> {
    pub(super) fn prepare(
        credentials: &Credentials,
        report: Report,
        interruptions: &'run mut Interruptions,
    ) -> Result<Self, Failure> {
        let mut environment = of_tool(env::vars_os());
        environment.extend(credentials.environment());
        Ok(Self {
            program: Program::Skopeo.find()?,
            environment,
            report,
            interruptions,
        })
    }

    /// Every one of the images, if all of them are there.
    pub(super) fn all_of(&mut self, names: &[ImageName]) -> Result<Option<Vec<Image>>, Failure> {
        let mut images = Vec::new();
        for name in names {
            let Some(digest) = self.digest_of(name)? else {
                self.report.step(format_args!("`{name}` is not in the registry yet"));
                return Ok(None);
            };
            images.push(Image::from((name, digest)));
        }
        Ok(Some(images))
    }

    /// The digest of an image, which is that of the bytes of its manifest.
    fn digest_of(&mut self, name: &ImageName) -> Result<Option<String>, Failure> {
        let mut command = Command::new(&self.program);
        command
            .args(["inspect", "--raw"])
            .arg(format!("--tls-verify={}", !name.repository().is_on_this_machine()))
            .arg(format!("docker://{name}"))
            .env_clear()
            .envs(self.environment.iter().cloned());
        let limit = Instant::now() + DEADLINE;
        let result = process::capture(&mut command, Stdio::null(), limit, self.interruptions)?;
        let said = result.stderr.to_lowercase();
        if result.ended.is_success() {
            let digest = hex::encode(Sha256::digest(&result.stdout));
            Ok(Some(format!("sha256:{digest}")))
        } else if NOT_THERE.iter().any(|words| said.contains(words)) {
            Ok(None)
        } else {
            Err(cannot(Access::Ask, name, &result.stderr))
        }
    }
}

/// A failure by what the program complained about last.
pub(super) fn cannot(access: Access, name: &ImageName, stderr: &str) -> Failure {
    let reason = last_complaint(stderr);
    Failure::Registry(Box::new(RegistryError {
        access,
        name: name.clone(),
        cause: Cause::of(&reason),
        reason,
    }))
}

/// The program's last complaint, without the form of its log.
pub(super) fn last_complaint(stderr: &str) -> String {
    let last = stderr.lines().map(str::trim).rfind(|line| !line.is_empty());
    let reason = last.map_or("no reason was given", |line| {
        let message = line
            .split_once("msg=\"")
            .and_then(|(_, message)| message.strip_suffix('"'));
        message.unwrap_or(line)
    });
    crate::git::visible(&reason.replace("\\\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_shown_without_the_form_of_a_log() {
        assert_eq!(
            last_complaint("x\ntime=\"2026-01-01T00:00:00Z\" level=fatal msg=\"cannot reach \\\"y\\\"\"\n\n"),
            "cannot reach \"y\""
        );
        assert_eq!(last_complaint("Error: denied\u{1b}[0m"), "Error: denied [0m");
        assert_eq!(last_complaint("\n"), "no reason was given");
    }
}
