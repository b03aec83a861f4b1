//! Terraform or Terragrunt in one directory.
//!
//! Responsible for the words and the environment the tool gets, for `init`, and for standard output holding the tool's answer
//! alone. Runs only with a [`Clearance`].

mod words;

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::arguments::{Operation, Order};
use super::clearance::Clearance;
use super::toolbox::Picked;
use crate::checkout::{Checkout, PlaceError};
use crate::environment;
use crate::full_disk::NoSpace;
use crate::interruption::{Interruptions, Stopped};
use crate::process::{self, Ended, ProcessError};
use crate::report::Report;

const PLUGIN_CACHE: &str = "TF_PLUGIN_CACHE_DIR";
/// How often a cache that somebody else is filling is looked at.
const CACHE_POLL: Duration = Duration::from_millis(100);

/// Why the tool did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// A file with variables cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// It could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The plugin cache cannot be used.
    #[error(
        "cannot use the plugin cache `{path}`: {source}; correct TF_PLUGIN_CACHE_DIR or the directory's permissions"
    )]
    Cache {
        /// Its directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Its own standard error cannot be given to `init`.
    #[error("cannot pass the output of `init` on: {0}")]
    Output(io::Error),
    /// `init` failed, and has said why.
    #[error("`init` failed with exit code {}: its own messages are above", .0.exit_code())]
    Init(Ended),
    /// It failed because a disk is full.
    #[error(transparent)]
    NoSpace(#[from] NoSpace),
}

impl From<Stopped> for ToolError {
    fn from(stopped: Stopped) -> Self {
        Self::Process(stopped.into())
    }
}

/// The programs of one run.
#[derive(Debug)]
pub(super) struct Programs {
    /// What is started.
    pub started: Picked,
    /// What reads the code in the end: the same, or what Terragrunt starts.
    pub engine: Picked,
}

/// The tool, ready to run in its directory.
#[derive(Debug)]
pub(super) struct Tool<'run> {
    order: &'run Order,
    clearance: Clearance<'run>,
    programs: Programs,
    directory: PathBuf,
    files: Vec<PathBuf>,
    plan: PlanPlace,
    report: Report,
}

/// Terraform's exit code for a plan with changes, with `-detailed-exitcode`.
pub(super) const CHANGES: Ended = Ended::Exited(2);

/// Where a plan is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PlanPlace {
    /// Nowhere but in the tool's answer.
    Nowhere,
    /// In this file: written there, or read from it.
    File(PathBuf),
    /// In files of the units; what they show for programs is written below this directory.
    Units(PathBuf),
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// As the tool says.
    Ended(Ended),
    /// The tool refused the saved plan, because the state is another one by now.
    Stale,
}

/// How Terraform and `OpenTofu` say so.
const STALE: [&str; 2] = ["Saved plan is stale", "Saved plan does not match the given state"];

impl<'run> Tool<'run> {
    /// Resolves what the tool will read; runs nothing.
    pub(super) fn prepare(
        order: &'run Order,
        clearance: Clearance<'run>,
        programs: Programs,
        checkout: &Checkout,
        directory: PathBuf,
        report: Report,
    ) -> Result<Self, ToolError> {
        let files = match clearance.operation() {
            Operation::Plan(inputs, ..) | Operation::Apply(inputs) | Operation::Destroy(inputs, _) => inputs
                .files
                .iter()
                .map(|path| checkout.file(path))
                .collect::<Result<_, _>>()?,
            Operation::ApplySaved(_)
            | Operation::Validate(_)
            | Operation::Output(..)
            | Operation::Find(_)
            | Operation::HclValidate => Vec::new(),
        };
        Ok(Self {
            order,
            clearance,
            programs,
            directory,
            files,
            plan: PlanPlace::Nowhere,
            report,
        })
    }

    /// Lets a plan be written to this place, or a saved one be applied from it.
    pub(super) fn use_plan(&mut self, place: PlanPlace) {
        self.plan = place;
    }

    /// The plan's place.
    pub(super) const fn plan(&self) -> &PlanPlace {
        &self.plan
    }

    /// Writes what the tool shows of a plan, for programs, into a file.
    pub(super) fn show_plan(
        &self,
        plan: &Path,
        to: File,
        interruptions: &mut Interruptions,
    ) -> Result<Ended, ToolError> {
        let mut command = self.command(&["show".into(), "-json".into(), plan.into()]);
        command.stdout(to);
        Ok(process::run_briefly(&mut command, interruptions)?)
    }

    /// The initialised directory.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Downloads what the code needs and connects to the state. Everything it says goes to standard error.
    pub(super) fn init(&self, interruptions: &mut Interruptions) -> Result<(), ToolError> {
        let Some(arguments) = words::of_init(self.order) else {
            return Ok(());
        };
        let cache = lock_plugin_cache(interruptions)?;
        let mut command = self.command(&arguments);
        command.stdout(standard_error()?);
        let result = process::run_briefly_hearing(&mut command, interruptions);
        drop(cache);
        let (ended, said) = result?;
        if ended.is_success() {
            return Ok(());
        }
        // `init` runs no command of the code, so these are its own words, and about this machine.
        match NoSpace::told_by("`init`", &said, &self.directory) {
            Some(full) => Err(full.into()),
            None => Err(ToolError::Init(ended)),
        }
    }

    /// Runs the command itself. Its output and its exit code are passed through as they are.
    pub(super) fn run(&self, interruptions: &mut Interruptions) -> Result<Outcome, ToolError> {
        let operation = self.clearance.operation();
        let arguments = words::of_command(operation, self.order, &self.files, &self.plan);
        let name = self.order.binary.name();
        let on_stop = |stopped: Stopped| {
            self.report.step(format_args!(
                "{stopped}: passed on to {name} once, waiting until it has released its state"
            ));
        };
        let mut command = self.command(&arguments);
        if !matches!(operation, Operation::ApplySaved(_)) {
            let ended = process::run_to_the_end(&mut command, interruptions, on_stop)?;
            return self.judge(ended);
        }
        let (ended, said) = process::run_to_the_end_hearing(&mut command, interruptions, on_stop)?;
        if !ended.is_success() && STALE.iter().any(|words| said.contains(words)) {
            Ok(Outcome::Stale)
        } else {
            self.judge(ended)
        }
    }

    fn judge(&self, ended: Ended) -> Result<Outcome, ToolError> {
        let failed = !ended.is_success() && ended != CHANGES;
        match NoSpace::in_place(&self.directory).filter(|_| failed) {
            Some(full) => Err(full.into()),
            None => Ok(Outcome::Ended(ended)),
        }
    }

    fn command(&self, arguments: &[OsString]) -> Command {
        let mut command = Command::new(&self.programs.started.program);
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env_clear()
            .envs(environment::of_deployment(
                env::vars_os(),
                &self.programs.engine.program,
            ));
        self.report
            .step(format_args!("{} {}", self.order.binary.name(), words::shown(arguments)));
        command
    }
}

/// Terraform's plugin cache is not safe for two `init` at a time.
fn lock_plugin_cache(interruptions: &mut Interruptions) -> Result<Option<File>, ToolError> {
    let Some(path) = env::var_os(PLUGIN_CACHE)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
    else {
        return Ok(None);
    };
    let refused = |source| ToolError::Cache {
        path: path.clone(),
        source,
    };
    fs::create_dir_all(&path).map_err(refused)?;
    let lock = File::create(path.join(".lock")).map_err(refused)?;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => interruptions.pause(CACHE_POLL)?,
            Err(TryLockError::Error(source)) => return Err(refused(source)),
        }
    }
}

fn standard_error() -> Result<Stdio, ToolError> {
    use std::os::fd::AsFd as _;
    io::stderr()
        .as_fd()
        .try_clone_to_owned()
        .map(Stdio::from)
        .map_err(ToolError::Output)
}
