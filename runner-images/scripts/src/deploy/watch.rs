//! What Terragrunt starts in the engine's place when something is to be changed.
//!
//! Only Terragrunt knows which units it runs and where it initialises each of them, and a unit that needs the outputs of another
//! cannot be initialised before that one was applied. So nobody can look at every state from outside and beforehand. Every change goes
//! through the program that Terragrunt starts, though: this one looks at the record where it was started, and becomes the engine.
//!
//! Responsible for the engine changing nothing whose state would be lost with the checkout, and for the script learning of it. Hands
//! everything else on as it came; never reads a state.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

use super::state_place;
use crate::exit_code::{INPUT_OUTPUT, INTERNAL, REFUSED};
use crate::interruption::Interruptions;
use crate::process::{self, ProcessError};
use crate::program::ToolName;
use crate::report::Script;
use crate::working_place::WorkingPlace;

/// A link to the engine.
const ENGINE: &str = "engine";
/// Where refusals are written down, one a line.
const REFUSALS: &str = "refusals";

/// Why something is not changed, or not looked after.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The states of units would be lost.
    #[error("{refusals}; {so_far}")]
    Refused {
        /// Which, and why.
        refusals: Refusals,
        /// What was changed.
        so_far: &'static str,
    },
    /// A file or directory of the watch's own cannot be used.
    #[error("cannot look after the states of units, with `{path}`: {source}; free some space or set TMPDIR")]
    Place {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Signals cannot be caught.
    #[error("cannot catch signals: {0}")]
    Signals(io::Error),
    /// The engine cannot be run.
    #[error(transparent)]
    Engine(#[from] ProcessError),
}

impl WatchError {
    /// What the script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } => REFUSED,
            Self::Place { .. } => INPUT_OUTPUT,
            Self::Signals(_) => INTERNAL,
            Self::Engine(error) => error.exit_code(),
        }
    }
}

/// Units whose states would be lost.
#[derive(Debug)]
pub struct Refusals(Vec<Refusal>);

#[derive(Debug, Serialize, Deserialize)]
struct Refusal {
    unit: String,
    reason: String,
}

impl fmt::Display for Refusals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut units_of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for Refusal { unit, reason } in &self.0 {
            let unit = format!("`{}`", unit.escape_debug());
            units_of.entry(reason).or_default().push(unit);
        }
        let told = units_of.into_iter().map(|(reason, mut units)| {
            units.sort();
            units.dedup();
            format!("in {}: {reason}", units.join(", "))
        });
        out.write_str(&told.collect::<Vec<_>>().join("; "))
    }
}

/// The directory with everything that belongs to a watch, below the working place.
#[derive(Debug)]
pub struct Watch {
    directory: PathBuf,
    program: PathBuf,
}

impl Watch {
    /// Prepares what Terragrunt is to start in place of this engine.
    pub fn over(engine: &Path, name: ToolName, place: &WorkingPlace) -> Result<Self, WatchError> {
        let directory = place.watch();
        let program = directory.join(name.name());
        let link = |target: &Path, link: &Path| symlink(target, link);
        fs::create_dir(&directory)
            .and_then(|()| link(engine, &directory.join(ENGINE)))
            .and_then(|()| link(&env::current_exe()?, &program))
            .map_err(|source| unusable(&directory, source))?;
        Ok(Self { directory, program })
    }

    /// What to start.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Fails if something was refused, or would be. `so_far` says what was changed.
    pub fn require_no_refusal(&self, so_far: &'static str) -> Result<(), WatchError> {
        let file = self.directory.join(REFUSALS);
        let refused = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            read => read.and_then(|text| Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)),
        };
        let refusals = Refusals(refused.map_err(|source| unusable(&file, source))?);
        Err(WatchError::Refused { refusals, so_far })
    }

    /// Does what the engine was asked for, or refuses it.
    fn stand_in(&self, words: &[OsString]) -> Result<ExitCode, WatchError> {
        let link = self.directory.join(ENGINE);
        let engine = fs::read_link(&link).map_err(|source| unusable(&link, source))?;
        let mut command = Command::new(&engine);
        command.args(words);
        let verb = words.iter().find(|word| !word.as_encoded_bytes().starts_with(b"-"));
        match verb.and_then(|verb| verb.to_str()) {
            Some("init") => {
                let mut interruptions = Interruptions::catch().map_err(WatchError::Signals)?;
                let ended = process::run_to_the_end_beside(&mut command, &mut interruptions)?;
                if ended.is_success() {
                    self.look()?;
                }
                return Ok(ExitCode::from(ended.exit_code()));
            }
            Some("apply" | "destroy") if !self.look()? => return Ok(ExitCode::from(REFUSED)),
            Some(_) | None => {}
        }
        let source = command.exec();
        let program = engine.to_string_lossy().into_owned();
        Err(WatchError::Engine(ProcessError::not_started(program, source)))
    }

    /// Whether the state of what is initialised here is kept. If not, that is said and written down.
    fn look(&self) -> Result<bool, WatchError> {
        let here = env::current_dir().map_err(|source| unusable(Path::new("."), source))?;
        let temporary = self.directory.parent().unwrap_or(&self.directory);
        let data = env::var_os("TF_DATA_DIR").filter(|data| !data.is_empty());
        let Err(reason) = state_place::require_durable(&here, data.as_deref(), temporary) else {
            return Ok(true);
        };
        let refusal = Refusal {
            unit: unit_of(&here, &WorkingPlace::checkout_in(temporary)),
            reason: reason.to_string(),
        };
        let file = self.directory.join(REFUSALS);
        write_down(&file, &refusal).map_err(|source| unusable(&file, source))?;
        Script::Deploy.failure(Refusals(vec![refusal]));
        Ok(false)
    }
}

/// Does the engine's work if this process was started in its place. The words are those of the process, its name first.
pub fn stand_in_for_engine(mut words: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let program = PathBuf::from(words.next()?);
    let engines = [ToolName::Terraform, ToolName::Tofu];
    if !engines
        .iter()
        .any(|name| program.file_name() == Some(OsStr::new(name.name())))
    {
        return None;
    }
    let watch = Watch {
        directory: program.parent().unwrap_or(&program).to_owned(),
        program,
    };
    let code = watch.stand_in(&words.collect::<Vec<_>>()).unwrap_or_else(|reason| {
        Script::Deploy.failure(&reason);
        ExitCode::from(reason.exit_code())
    });
    Some(code)
}

/// In one piece: units run side by side.
fn write_down(file: &Path, refusal: &Refusal) -> io::Result<()> {
    let mut line = serde_json::to_vec(refusal)?;
    line.push(b'\n');
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?
        .write_all(&line)
}

/// The unit whose code, or whose copy below it, is initialised in a place. With a `download_dir` elsewhere, that place.
fn unit_of(place: &Path, checkout: &Path) -> String {
    let parts = place.components();
    let unit: PathBuf = parts
        .take_while(|part| part.as_os_str() != state_place::CACHE)
        .collect();
    match unit.strip_prefix(checkout) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => inside.to_string_lossy().into_owned(),
        Err(_) => unit.to_string_lossy().into_owned(),
    }
}

fn unusable(path: &Path, source: io::Error) -> WatchError {
    WatchError::Place {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_named_by_its_directory_wherever_below_it_the_code_is() {
        for (place, unit) in [
            ("/w/checkout/prod/app", "prod/app"),
            ("/w/checkout/prod/app/.terragrunt-cache/x/y/modules/vpc", "prod/app"),
            ("/w/checkout/.terragrunt-cache/x/y", "."),
            ("/w/checkout", "."),
            ("/cache/x/y", "/cache/x/y"),
        ] {
            assert_eq!(unit_of(Path::new(place), Path::new("/w/checkout")), unit);
        }
    }

    #[test]
    fn refusals_are_told_in_one_line_by_their_reasons() {
        let refusal = |(unit, reason): (&str, &str)| Refusal {
            unit: unit.to_owned(),
            reason: reason.to_owned(),
        };
        let refusals = [("b", "lost"), ("c\nd", "unreadable"), ("a", "lost"), ("b", "lost")].map(refusal);
        assert_eq!(
            Refusals(refusals.into()).to_string(),
            r"in `a`, `b`: lost; in `c\nd`: unreadable"
        );
    }
}
