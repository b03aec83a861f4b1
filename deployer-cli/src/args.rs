//! The command line: every option, its environment variable and its help text.
//!
//! Responsible for: reading words into plain values. Never: acts on them, reads a file or opens a connection.

mod after_help;
mod common;
mod run;
mod value;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use protocol::RunId;

pub(crate) use common::{CommonArgs, DEFAULT_FUNCTION, LogLevel, ViewArgs};
pub(crate) use run::{EngineName, LocalArgs, PullWhen, RunArgs};
pub(crate) use value::{ImageOption, SecretOption, SecretSource, WaitTime};

/// Runs allow-listed deployment scripts in isolation, and brings back their output and exit code
#[derive(Debug, Parser)]
#[command(
    name = "infrastructure-deployer",
    version,
    long_about = "Runs allow-listed deployment scripts in isolation, and brings back their output and exit code.\n\n\
        A gate checks every word of the request against an allow-list. Only a request that is allowed in full is started, \
        in a place of its own that holds the credentials. Its output arrives here byte for byte, and its exit code becomes \
        the exit code of this command.",
    override_usage = "infrastructure-deployer [OPTIONS] -- CONTAINER SCRIPT [ARGS]...\n       \
        infrastructure-deployer [OPTIONS] --describe-containers\n       \
        infrastructure-deployer [OPTIONS] COMMAND",
    after_help = after_help::short(),
    after_long_help = after_help::long(),
    subcommand_value_name = "COMMAND"
)]
pub(crate) struct Cli {
    /// What to do instead of a run.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Options of every command.
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// How a run is shown.
    #[command(flatten)]
    pub(crate) view: ViewArgs,
    /// Options of a run.
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// What to run: container, script and the script's arguments, after `--`
    #[arg(last = true, value_name = "CONTAINER SCRIPT [ARGS]", hide = true)]
    pub(crate) words: Vec<String>,
}

/// The commands besides a run.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a run from its first line to its end; leaving with Ctrl-C does not stop it
    Attach(RunIdArgs),
    /// Stop a run gracefully: a signal, time to clean up, then the end
    Cancel(CancelArgs),
    /// List the runs on this machine, newest first
    Runs,
    /// Check an allow-list and report every problem with line and column
    Check(CheckArgs),
    /// Compile an allow-list to the canonical form that the gate loads, alone or in the Lambda function's deployment package
    Package(PackageArgs),
    /// Turn the configuration of Gruntwork's ECS Deploy Runner into an allow-list that permits no more, and list what became stricter
    Import(ImportArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page in roff
    Man,
}

/// Arguments of `attach`.
#[derive(Debug, Args)]
pub(crate) struct RunIdArgs {
    /// The run's id, as printed when it started
    #[arg(value_name = "RUN")]
    pub(crate) run: RunId,
}

/// Arguments of `cancel`.
#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// The run's id, as printed when it started
    #[arg(value_name = "RUN")]
    pub(crate) run: RunId,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "cancelled by a person")]
    pub(crate) reason: String,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The allow-list (YAML)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Take warnings for errors
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Arguments of `package`.
#[derive(Debug, Args)]
pub(crate) struct PackageArgs {
    /// The allow-list (YAML)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where the result goes: the compiled allow-list (standard output when absent) or, with `--lambda`, the zip file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Make the Lambda function's deployment package with this program inside, and print its digests
    #[arg(long, value_name = "BOOTSTRAP", requires = "output")]
    pub(crate) lambda: Option<PathBuf>,
    /// With `--lambda`: write the compiled allow-list beside the zip file too, for Terraform
    #[arg(long, value_name = "FILE", requires = "lambda")]
    pub(crate) compiled: Option<PathBuf>,
    /// With `--compiled`: write the manifest that the Terraform module takes, which says that both files belong together, into the same folder
    #[arg(long, value_name = "FILE", requires = "compiled")]
    pub(crate) manifest: Option<PathBuf>,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(
    after_help = "What became stricter, was left out or needs a decision goes to standard error, with --json as JSON. A field that is unknown is an error: \
        what it restricts would be lost.\n\nExit codes: 0 when an allow-list was written, which then passes `check`; 125 when none was.\n\n\
        More in docs/migration-from-gruntwork.md."
)]
pub(crate) struct ImportArgs {
    /// The configuration (JSON): the output of `terraform output -json`, a `.tfvars.json` file, or the map of `container_images`; `-` for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where the allow-list (YAML) goes; standard output when absent
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

impl Cli {
    /// Reads a whole command line. An option of a run beside a command that starts none is an error, never ignored.
    pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(words).map_err(hint_at_dashes)?;
        let cli = Self::from_arg_matches(&matches)?;
        let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let conflict = |message: &str| Err(Self::command().error(ErrorKind::ArgumentConflict, message));
        let typed_of =
            |options: Vec<(String, String)>| options.into_iter().find(|(id, _)| typed(id)).map(|(_, name)| name);
        let watches = match &cli.command {
            Some(Command::Attach(_)) => true,
            Some(_) => false,
            None => !cli.run.explain && !cli.run.describe_containers,
        };
        if let (Some(_), Some(name)) = (&cli.command, typed_of(options::<RunArgs>())) {
            return conflict(&format!(
                "{name} belongs to a run and means nothing beside a command: leave it out"
            ));
        }
        if cli.command.is_some() && typed("words") {
            return conflict("a command and words after `--` exclude each other: give one of the two");
        }
        if !cli.common.local
            && let Some(name) = typed_of(options::<LocalArgs>())
        {
            return conflict(&format!(
                "{name} belongs to runs on this machine and means nothing to a gate in AWS: leave it out, or give --local"
            ));
        }
        match typed_of(options::<ViewArgs>()) {
            Some(name) if !watches => conflict(&format!("{name} means nothing where no run is watched: leave it out")),
            Some(_) | None => Ok(cli),
        }
    }
}

/// The commonest mistake is a run's words without `--` before them: says so.
fn hint_at_dashes(error: clap::Error) -> clap::Error {
    match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(word))) if !word.starts_with('-') => {
            let word: String = word.escape_debug().take(80).collect();
            let message = format!(
                "`{word}` is no command; for a run, put `--` before the container: `-- CONTAINER SCRIPT [ARGS]...`"
            );
            Cli::command().error(ErrorKind::InvalidSubcommand, message)
        }
        _ => error,
    }
}

/// Id and name of each option of a group.
fn options<Group: Args>() -> Vec<(String, String)> {
    let group = Group::augment_args(clap::Command::new("group"));
    let named = |arg: &clap::Arg| {
        (
            arg.get_id().to_string(),
            format!("--{}", arg.get_long().unwrap_or_default()),
        )
    };
    group.get_arguments().map(named).collect()
}

#[cfg(test)]
mod tests;
