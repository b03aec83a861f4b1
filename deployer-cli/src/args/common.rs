//! Options that every command takes, and options of the commands that show a run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::value::switch;

/// The invoker's name unless the caller gives another.
pub(crate) const DEFAULT_FUNCTION: &str = "deploy-runner-invoker";

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where it runs")]
pub(crate) struct CommonArgs {
    /// Run on this machine (Linux), in a sandbox or a container (--engine), with the allow-list of --config
    #[arg(long, global = true, env = "DEPLOY_RUNNER_LOCAL", hide_env_values = true, value_parser = switch())]
    pub(crate) local: bool,

    /// AWS Region of the invoker [default: the SDK's usual places (its environment, the profile, the instance), else the Region in the ARN]
    #[arg(
        long,
        global = true,
        value_name = "REGION",
        env = "DEPLOY_RUNNER_AWS_REGION",
        hide_env_values = true
    )]
    pub(crate) aws_region: Option<String>,

    /// The invoker's Lambda function: name or ARN, with an alias or version behind it if there is one
    #[arg(
        long,
        global = true,
        value_name = "NAME[:ALIAS]|ARN[:ALIAS]",
        env = "DEPLOY_RUNNER_INVOKER_FUNCTION_ID",
        hide_env_values = true,
        default_value = DEFAULT_FUNCTION
    )]
    pub(crate) invoker_function_id: String,

    /// Folder of runs, volumes and the audit log on this machine [default: $XDG_STATE_HOME/deploy-runner]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "DEPLOY_RUNNER_STATE_DIR",
        hide_env_values = true,
        help_heading = "Local runs"
    )]
    pub(crate) state_dir: Option<PathBuf>,

    /// Answer in JSON: on standard output for lists, descriptions and explanations; a run's ending as the last line on standard error
    #[arg(long, global = true, env = "DEPLOY_RUNNER_JSON", hide_env_values = true, value_parser = switch(), help_heading = "Output")]
    pub(crate) json: bool,

    /// How much the deployer tells about its own work, on standard error
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "DEPLOY_RUNNER_LOG_LEVEL",
        hide_env_values = true,
        default_value = "warn",
        help_heading = "Output"
    )]
    pub(crate) log_level: LogLevel,
}

/// Options of the commands that show a run: a run itself and `attach`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Watching")]
pub(crate) struct ViewArgs {
    /// End with 123 when the job succeeded but lines of its log are missing, or nothing can prove that none is; otherwise that is a loud warning
    #[arg(long, global = true, env = "DEPLOY_RUNNER_REQUIRE_COMPLETE_LOGS", hide_env_values = true, value_parser = switch())]
    pub(crate) require_complete_logs: bool,

    /// Write the whole ending as JSON to this file, whatever happens
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DEPLOY_RUNNER_RESULT_FILE",
        hide_env_values = true,
        help_heading = "Output"
    )]
    pub(crate) result_file: Option<PathBuf>,

    /// Pass the job's output on untouched, even to a terminal or a CI console that would obey commands hidden in it
    #[arg(long, global = true, env = "DEPLOY_RUNNER_RAW_OUTPUT", hide_env_values = true, value_parser = switch(), help_heading = "Output")]
    pub(crate) raw_output: bool,
}

/// How much to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Nothing
    Off,
    /// Failures
    Error,
    /// Also what was worked around
    Warn,
    /// Also what was done
    Info,
    /// Also each message to the gate
    Debug,
    /// Everything
    Trace,
}
