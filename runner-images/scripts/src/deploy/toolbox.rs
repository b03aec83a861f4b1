//! The tools that the image holds, and which of their versions a repository gets.
//!
//! Versions sit side by side as `<tools>/<tool>/<version>/<tool>`; a version file of the repository picks one of them. Responsible
//! for a repository getting exactly what it asks for or a plain no. Never downloads anything, never takes a program from a checkout.

mod version_file;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::checkout::Checkout;
use crate::interruption::Interruptions;
use crate::process::{self, ProcessError};
use crate::program::{self, MissingProgram, Program, ToolName, is_executable};
use crate::values::{AbsolutePath, RelativePath, ToolVersion};

pub(super) use version_file::{VersionFileError, Wanted};

/// Where images keep versions side by side, unless the allow-list fixes another place.
pub(super) const DEFAULT_PLACE: &str = "/opt/deploy-runner/tools";
/// More than a program needs to say its version.
const VERSION_PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no tool to run.
#[derive(Debug, thiserror::Error)]
pub enum ToolboxError {
    /// It is not in the image at all.
    #[error(transparent)]
    Missing(#[from] MissingProgram),
    /// What the repository says cannot be followed.
    #[error(transparent)]
    File(#[from] VersionFileError),
    /// The image has other versions.
    #[error(
        "`{file}` asks for {tool} {wanted}, which is not in the image: it has {there}; correct the file or add the version to the image"
    )]
    NotBakedIn {
        /// The version file.
        file: RelativePath,
        /// The tool.
        tool: &'static str,
        /// The version.
        wanted: ToolVersion,
        /// The versions that are there.
        there: String,
    },
    /// Several versions, and nobody says which.
    #[error("the image has several versions of {tool} ({there}): name one of them in `{file}` of the repository")]
    NoChoice {
        /// The tool.
        tool: &'static str,
        /// The versions that are there.
        there: String,
        /// The file to write.
        file: &'static str,
    },
    /// It does not say its version.
    #[error("`{program} --version` does not say a version: it said `{said}`")]
    Unversioned {
        /// The program.
        program: PathBuf,
        /// Its first line.
        said: String,
    },
    /// It could not be asked.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

/// A tool that was picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picked {
    /// The program's full path.
    pub program: PathBuf,
    /// Its version, when it had to be known.
    pub version: Option<ToolVersion>,
}

/// The tools of the image.
#[derive(Debug)]
pub(super) struct Toolbox {
    place: PathBuf,
}

impl Toolbox {
    /// The versions in this place, and the programs on PATH.
    pub(super) fn at(place: Option<&AbsolutePath>) -> Self {
        let place = place.map_or(Path::new(DEFAULT_PLACE), AbsolutePath::as_path);
        Self {
            place: place.to_owned(),
        }
    }

    /// Fails early when the image does not have the tool in any version.
    pub(super) fn require_any(&self, tool: ToolName) -> Result<(), MissingProgram> {
        if self.baked_in(tool).is_empty() {
            Program::Tool(tool).find().map(drop)
        } else {
            Ok(())
        }
    }

    /// The version that the repository asks for at this directory; without a version file the one on PATH, or the only one.
    pub(super) fn pick(
        &self,
        tool: ToolName,
        checkout: &Checkout,
        directory: &Path,
        interruptions: &mut Interruptions,
    ) -> Result<Picked, ToolboxError> {
        match version_file::find(tool, checkout, directory)? {
            Some(wanted) => self.wanted(tool, wanted, interruptions),
            None => self.default(tool),
        }
    }

    fn wanted(
        &self,
        tool: ToolName,
        wanted: Wanted,
        interruptions: &mut Interruptions,
    ) -> Result<Picked, ToolboxError> {
        let baked_in = self.baked_in(tool);
        let mut there: Vec<_> = baked_in.iter().map(|(version, _)| format!("`{version}`")).collect();
        let found = baked_in.into_iter().find(|(version, _)| *version == wanted.version);
        if let Some((version, program)) = found {
            return Ok(Picked {
                program,
                version: Some(version),
            });
        }
        if let Ok(program) = Program::Tool(tool).find() {
            let version = version_of(&program, interruptions)?;
            if version == wanted.version {
                return Ok(Picked {
                    program,
                    version: Some(version),
                });
            }
            there.push(format!("`{version}` (on the PATH)"));
        }
        Err(ToolboxError::NotBakedIn {
            file: wanted.file,
            tool: tool.name(),
            wanted: wanted.version,
            there: there.join(", "),
        })
    }

    fn default(&self, tool: ToolName) -> Result<Picked, ToolboxError> {
        if let Ok(program) = Program::Tool(tool).find() {
            return Ok(Picked { program, version: None });
        }
        let mut baked_in = self.baked_in(tool);
        match (baked_in.pop(), baked_in.as_slice()) {
            (None, _) => Err(Program::Tool(tool).missing().into()),
            (Some((version, program)), []) => Ok(Picked {
                program,
                version: Some(version),
            }),
            (Some((last, _)), others) => Err(ToolboxError::NoChoice {
                tool: tool.name(),
                there: others
                    .iter()
                    .map(|(version, _)| version)
                    .chain([&last])
                    .map(|version| format!("`{version}`"))
                    .collect::<Vec<_>>()
                    .join(", "),
                file: version_file::own_file(tool),
            }),
        }
    }

    /// The versions in the image, the oldest first. What is not a version, is no program, or leads out of the place does not count.
    fn baked_in(&self, tool: ToolName) -> Vec<(ToolVersion, PathBuf)> {
        let Ok(place) = self.place.canonicalize() else {
            return Vec::new();
        };
        let entries = fs::read_dir(place.join(tool.name())).into_iter().flatten();
        let mut found: Vec<_> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let version: ToolVersion = entry.file_name().to_str()?.parse().ok()?;
                let program = entry.path().join(tool.name()).canonicalize().ok()?;
                (program.starts_with(&place) && is_executable(&program)).then_some((version, program))
            })
            .collect();
        found.sort();
        found
    }
}

/// Asks a program of the image for its version, in a place and an environment that add nothing to it.
pub(super) fn version_of(program: &Path, interruptions: &mut Interruptions) -> Result<ToolVersion, ToolboxError> {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .current_dir("/")
        .env_clear()
        .envs([("PATH", program::search_path()), ("CHECKPOINT_DISABLE", "1".into())]);
    let limit = Instant::now() + VERSION_PATIENCE;
    let said = process::capture(&mut command, Stdio::null(), limit, interruptions)?.text();
    let first = said.lines().next().unwrap_or_default();
    let word = first.split_ascii_whitespace().next_back().unwrap_or_default();
    word.strip_prefix('v')
        .unwrap_or(word)
        .parse()
        .map_err(|_why| ToolboxError::Unversioned {
            program: program.to_owned(),
            said: first.chars().take(80).flat_map(char::escape_debug).collect(),
        })
}
