//! Options that only a run has.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use protocol::{IdempotencyKey, LaunchType};

use super::value::{ImageOption, SecretOption, SecretParser, WaitTime, launch_type, switch};

/// Options of a run, of `--explain` and of `--describe-containers`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Request")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line, and independent"
)]
pub(crate) struct RunArgs {
    /// Show which rule accepts or refuses each word, and the arguments the script would get; start nothing
    #[arg(long, env = "DEPLOY_RUNNER_EXPLAIN", hide_env_values = true, value_parser = switch())]
    pub(crate) explain: bool,

    /// Show containers, scripts, options, types and limits of the allow-list; start nothing
    #[arg(long, conflicts_with_all = ["explain", "no_wait", "words"])]
    pub(crate) describe_containers: bool,

    /// Use the allow-list's default container: the words after `--` are SCRIPT [ARGS]...
    #[arg(long, env = "DEPLOY_RUNNER_DEFAULT_CONTAINER", hide_env_values = true, value_parser = switch())]
    pub(crate) default_container: bool,

    /// Size and placement.
    #[command(flatten)]
    pub(crate) task: TaskArgs,

    /// Give up after this time: the run is stopped and the exit code is 124 (122 when AWS cannot be reached for 30 seconds more). While there is no room for it, it is waited for as long [default: 2h0m0s; with --no-wait the container's own limit, and room is waited for 15 minutes]
    #[arg(
        long,
        value_name = "DURATION",
        env = "DEPLOY_RUNNER_MAX_WAIT_TIME",
        hide_env_values = true,
        help_heading = "Watching"
    )]
    pub(crate) max_wait_time: Option<WaitTime>,

    /// Start the run, print its id on standard output and leave
    #[arg(long, env = "DEPLOY_RUNNER_NO_WAIT", hide_env_values = true, value_parser = switch(), help_heading = "Watching")]
    pub(crate) no_wait: bool,

    /// Names this call: a repetition with the same key and request joins the run instead of starting a second one [default: random]
    #[arg(
        long,
        value_name = "KEY",
        env = "DEPLOY_RUNNER_IDEMPOTENCY_KEY",
        hide_env_values = true
    )]
    pub(crate) idempotency_key: Option<IdempotencyKey>,

    /// What only local runs have.
    #[command(flatten)]
    pub(crate) local: LocalArgs,
}

/// Size and placement that the request asks for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct TaskArgs {
    /// CPU units of the run (1024 are one virtual CPU), up to the container's ceiling
    #[arg(
        long = "task-cpu",
        value_name = "UNITS",
        env = "DEPLOY_RUNNER_TASK_CPU",
        hide_env_values = true
    )]
    pub(crate) cpu: Option<u32>,

    /// Memory of the run in MiB, up to the container's ceiling
    #[arg(
        long = "task-memory",
        value_name = "MIB",
        env = "DEPLOY_RUNNER_TASK_MEMORY",
        hide_env_values = true
    )]
    pub(crate) memory: Option<u32>,

    /// Where the run is placed
    #[arg(long = "task-launch-type", value_name = "FARGATE|FARGATE_SPOT|EC2", env = "DEPLOY_RUNNER_TASK_LAUNCH_TYPE", hide_env_values = true, value_parser = launch_type)]
    pub(crate) launch_type: Option<LaunchType>,
}

/// Options of local runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Local runs")]
pub(crate) struct LocalArgs {
    /// The allow-list (YAML) that decides
    #[arg(long, value_name = "FILE", env = "DEPLOY_RUNNER_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,

    /// What holds the run on this machine
    #[arg(
        long,
        value_name = "ENGINE",
        env = "DEPLOY_RUNNER_ENGINE",
        hide_env_values = true,
        default_value = "auto"
    )]
    pub(crate) engine: EngineName,

    /// Where an image of the allow-list is, for `--engine docker`: by digest, a tag, or the sha256:… id of an image that is here; may be repeated [default: an image of that name that was built here]
    #[arg(
        long = "image",
        value_name = "NAME=REFERENCE",
        env = "DEPLOY_RUNNER_IMAGE",
        hide_env_values = true,
        value_delimiter = '\n'
    )]
    pub(crate) images: Vec<ImageOption>,

    /// When the image of a run is pulled. An image that no --image names a registry for never is
    #[arg(
        long,
        value_name = "WHEN",
        env = "DEPLOY_RUNNER_PULL",
        hide_env_values = true,
        default_value = "missing"
    )]
    pub(crate) pull: PullWhen,

    /// Folder of the scripts that containers may run in the sandbox [default: "scripts" beside this program]
    #[arg(long, value_name = "DIR", env = "DEPLOY_RUNNER_SCRIPTS_DIR", hide_env_values = true)]
    pub(crate) scripts_dir: Option<PathBuf>,

    /// Value of a secret that the allow-list declares, from a variable or a file; may be repeated
    #[arg(
        long = "secret",
        value_name = "NAME=env:VAR|file:PATH",
        env = "DEPLOY_RUNNER_SECRET", hide_env_values = true,
        value_parser = SecretParser,
        value_delimiter = '\n'
    )]
    pub(crate) secrets: Vec<SecretOption>,

    /// Show this folder or file of the machine to the run, read-only, at the same path; may be repeated
    #[arg(
        long = "sandbox-ro-bind",
        value_name = "PATH",
        env = "DEPLOY_RUNNER_SANDBOX_RO_BIND",
        hide_env_values = true,
        value_delimiter = '\n'
    )]
    pub(crate) read_only_binds: Vec<PathBuf>,
}

/// What holds a run on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineName {
    /// A container when Docker or Podman has the image, else the sandbox; says which, and why
    Auto,
    /// bubblewrap and landlock around the scripts of this machine, without images
    Sandbox,
    /// A container of Docker or Podman, from the image that ECS runs
    Docker,
}

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PullWhen {
    /// Before each run
    Always,
    /// When it is not here
    Missing,
    /// Never: it is here, or the run does not start
    Never,
}
