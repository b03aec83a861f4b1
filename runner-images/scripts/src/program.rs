//! Where the programs are that the script calls.
//!
//! Responsible for finding a program on the absolute directories of PATH, so that nothing in a checkout can take a
//! program's place. Never runs one.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Where every kaniko image has its programs. No job's PATH names it.
pub(crate) const KANIKO_HOME: &str = "/kaniko";

/// A program that the script needs is not there.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{name}` is not on the PATH: {remedy}")]
pub struct MissingProgram {
    name: &'static str,
    remedy: &'static str,
}

/// The programs that deploy code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolName {
    /// Terraform.
    Terraform,
    /// `OpenTofu`.
    Tofu,
    /// Terragrunt, which runs one of the other two.
    Terragrunt,
}

impl ToolName {
    /// The file name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::Tofu => "tofu",
            Self::Terragrunt => "terragrunt",
        }
    }
}

/// The programs that the script calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// git.
    Git,
    /// Holds a key for git.
    SshAgent,
    /// Gives it the key.
    SshAdd,
    /// One that deploys code.
    Tool(ToolName),
    /// Packer.
    Packer,
    /// buildah.
    Buildah,
    /// kaniko.
    Kaniko,
    /// The client of `BuildKit`.
    Buildctl,
    /// skopeo.
    Skopeo,
    /// Starts another program in namespaces of its own.
    Unshare,
}

impl Program {
    /// The file name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::SshAgent => "ssh-agent",
            Self::SshAdd => "ssh-add",
            Self::Tool(tool) => tool.name(),
            Self::Packer => "packer",
            Self::Buildah => "buildah",
            // The name that every kaniko image has for it.
            Self::Kaniko => "executor",
            Self::Buildctl => "buildctl",
            Self::Skopeo => "skopeo",
            Self::Unshare => "unshare",
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Git => "install the package `git` in the image",
            Self::SshAgent | Self::SshAdd => "install the package `openssh-client` in the image",
            Self::Tool(ToolName::Terraform) => {
                "put the program `terraform` into the image, for example from https://developer.hashicorp.com/terraform/install"
            }
            Self::Tool(ToolName::Tofu) => {
                "put the program `tofu` into the image (https://opentofu.org/docs/intro/install), or ask for `--binary=terraform`"
            }
            Self::Tool(ToolName::Terragrunt) => {
                "put the program `terragrunt` into the image (https://terragrunt.gruntwork.io/docs/getting-started/install), or ask for `--binary=terraform`"
            }
            Self::Packer => {
                "put the program `packer` into the image, for example from https://developer.hashicorp.com/packer/install"
            }
            Self::Buildah => {
                "install the package `buildah` in the image, or let the allow-list fix another `--builder`"
            }
            Self::Kaniko => {
                "put kaniko's `executor` into `/kaniko` of the image, or let the allow-list fix another `--builder`"
            }
            Self::Skopeo => "install the package `skopeo` in the image: `--idempotent` asks the registry with it",
            Self::Unshare => {
                "install the package `util-linux` in the image: without root, buildah runs in a user namespace"
            }
            Self::Buildctl => {
                "put BuildKit's `buildctl` and `buildkitd` into the image, or let the allow-list fix another `--builder`"
            }
        }
    }

    /// What to say when it is not there.
    pub const fn missing(self) -> MissingProgram {
        MissingProgram {
            name: self.name(),
            remedy: self.remedy(),
        }
    }

    /// The program's full path.
    pub fn find(self) -> Result<PathBuf, MissingProgram> {
        let path = search_path();
        let own = (self == Self::Kaniko).then(|| PathBuf::from(KANIKO_HOME));
        env::split_paths(&path)
            .chain(own)
            .map(|directory| directory.join(self.name()))
            .find(|candidate| is_executable(candidate))
            .ok_or(self.missing())
    }
}

/// PATH without its relative parts: those would be looked up in the checkout.
pub fn search_path() -> OsString {
    absolute_parts(&env::var_os("PATH").unwrap_or_default())
}

fn absolute_parts(path: &OsStr) -> OsString {
    let parts = env::split_paths(path).filter(|directory| directory.is_absolute());
    // Parts that were split at the separator cannot contain it.
    env::join_paths(parts).unwrap_or_default()
}

/// Whether a file can be run.
pub(crate) fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_parts_of_the_path_are_dropped() {
        assert_eq!(absolute_parts(OsStr::new(".:/usr/bin::bin:/bin:../x")), "/usr/bin:/bin");
    }
}
