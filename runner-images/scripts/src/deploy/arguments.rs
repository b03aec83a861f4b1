//! The command line of `infrastructure-deploy-script`.
//!
//! Responsible for the words: exact long names only, no abbreviations, no short options, no positionals; and for turning them
//! into one [`Order`]. Never touches anything outside the process.

mod order;
mod rules;

use std::ffi::OsString;

use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

use super::help;
use crate::program::ToolName;
use crate::report::LogLevel;
use crate::repository_url::RepositoryUrl;
use crate::values::{
    AbsolutePath, Address, Assignment, CommitId, LockTimeout, OutputName, PlainDirectory, PlanDigest, PlanLifetime,
    PlanStore, RefName, RelativePath,
};

pub use order::{DestroyGrant, Format, Inputs, Keep, Operation, Order, PlanExit, Scope};

/// Check out one commit and run one Terraform command in one directory of it.
#[derive(Debug, Parser)]
#[command(
    name = "infrastructure-deploy-script",
    version,
    infer_long_args = false,
    args_override_self = false,
    disable_help_flag = true,
    disable_version_flag = true,
    after_long_help = help::text()
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each of them is a flag of the command line"
)]
struct Arguments {
    /// Address of the repository: `https://`, `ssh://` or `file:///`
    #[arg(long, value_name = "URL")]
    repo: RepositoryUrl,

    /// Ref whose history counts as reviewed, such as `refs/heads/main`; may be repeated. Set by the gate, not by callers
    #[arg(long, value_name = "REF")]
    protected_ref: Vec<RefName>,

    /// Full id of the commit
    #[arg(long = "ref", value_name = "COMMIT")]
    commit: CommitId,

    /// Program to run
    #[arg(long, value_enum, default_value_t = Binary::Terraform)]
    binary: Binary,

    /// Program that Terragrunt runs. For `--binary=terragrunt`
    #[arg(long, value_enum, value_name = "BINARY")]
    terragrunt_runs: Option<TerragruntRuns>,

    /// Where the image keeps versions side by side; set by the allow-list, not by callers [default: /opt/deploy-runner/tools]
    #[arg(long, value_name = "PATH")]
    tools_dir: Option<AbsolutePath>,

    /// What to do
    #[arg(long, value_enum)]
    command: CommandName,

    /// Directory to deploy, relative to the repository's root
    #[arg(long, value_name = "PATH")]
    deploy_path: RelativePath,

    /// Every unit below the directory, in the order of their dependencies. For `--binary=terragrunt`
    #[arg(long)]
    all: bool,

    /// Only units below this directory, relative to the one to deploy; may be repeated. For `--all`
    #[arg(long, value_name = "PATH")]
    include_dir: Vec<PlainDirectory>,

    /// No units below this directory, relative to the one to deploy; may be repeated. For `--all`
    #[arg(long, value_name = "PATH")]
    exclude_dir: Vec<PlainDirectory>,

    /// Variable for Terraform; may be repeated. For plan, apply and destroy
    #[arg(long, value_name = "KEY=VALUE")]
    var: Vec<Assignment>,

    /// File with variables, relative to the repository's root; may be repeated. For plan, apply and destroy
    #[arg(long, value_name = "PATH")]
    var_file: Vec<RelativePath>,

    /// Resource or module to limit the command to; may be repeated. For plan, apply and destroy
    #[arg(long, value_name = "ADDRESS")]
    target: Vec<Address>,

    /// Setting of the state backend; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    backend_config: Vec<Assignment>,

    /// How long to wait for a state lock that somebody else holds, such as `5m`
    #[arg(long, value_name = "DURATION")]
    lock_timeout: Option<LockTimeout>,

    /// Exit with 2 when the plan has changes. For plan
    #[arg(long)]
    detailed_exitcode: bool,

    /// Keep the plan, so that apply can be asked for exactly it. For plan, of one directory
    #[arg(long)]
    save_plan: bool,

    /// Apply this saved plan and nothing else. For apply, of one directory
    #[arg(long, value_name = "DIGEST")]
    plan: Option<PlanDigest>,

    /// Where saved plans are kept: a directory, or `s3://BUCKET/PREFIX`; set by the allow-list, not by callers
    #[arg(long, value_name = "PLACE")]
    plan_store: Option<PlanStore>,

    /// How long a saved plan may be applied, such as `30m`; `24h` unless given. Set by the allow-list, not by callers
    #[arg(long, value_name = "DURATION")]
    plan_lifetime: Option<PlanLifetime>,

    /// Print JSON. For output, validate and find
    #[arg(long)]
    json: bool,

    /// Print this output only. For output
    #[arg(long, value_name = "NAME")]
    output_name: Option<OutputName>,

    /// Let destroy remove a directory that is still there at a protected ref
    #[arg(long)]
    allow_destroy: bool,

    /// How much the script itself says
    #[arg(long, value_enum, default_value_t = LogLevel::Info)]
    log_level: LogLevel,

    /// Print this help
    #[arg(long, action = ArgAction::HelpLong)]
    help: Option<bool>,

    /// Print the version
    #[arg(long, action = ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Binary {
    Terraform,
    Tofu,
    Terragrunt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TerragruntRuns {
    Terraform,
    Tofu,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CommandName {
    Plan,
    Apply,
    Destroy,
    Validate,
    Output,
    /// Lists Terragrunt's units
    Find,
    /// Checks Terragrunt's own files
    HclValidate,
}

impl Order {
    /// Reads the command line. The error is clap's, and also carries the help and version texts.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Arguments::command().try_get_matches_from(words)?;
        Arguments::from_arg_matches(&matches)?.into_order()
    }
}

impl Arguments {
    fn into_order(self) -> Result<Order, clap::Error> {
        self.refuse_what_the_command_would_ignore()?;
        self.refuse_what_the_binary_does_not_have()?;
        self.refuse_what_a_saved_plan_decides()?;
        let inputs = Inputs {
            variables: self.var,
            files: self.var_file,
            targets: self.target,
        };
        let format = if self.json { Format::Json } else { Format::Text };
        let operation = match self.command {
            CommandName::Plan => {
                let exit = if self.detailed_exitcode {
                    PlanExit::Detailed
                } else {
                    PlanExit::Simple
                };
                let keep = if self.save_plan { Keep::Saved } else { Keep::Nothing };
                Operation::Plan(inputs, exit, keep)
            }
            CommandName::Apply => match self.plan {
                Some(digest) => Operation::ApplySaved(digest),
                None => Operation::Apply(inputs),
            },
            CommandName::Destroy if self.allow_destroy => Operation::Destroy(inputs, DestroyGrant::Anything),
            CommandName::Destroy => Operation::Destroy(inputs, DestroyGrant::RemovedCode),
            CommandName::Validate => Operation::Validate(format),
            CommandName::Output => Operation::Output(format, self.output_name),
            CommandName::Find => Operation::Find(format),
            CommandName::HclValidate => Operation::HclValidate,
        };
        let (binary, engine) = match (self.binary, self.terragrunt_runs) {
            (Binary::Terraform, _) => (ToolName::Terraform, ToolName::Terraform),
            (Binary::Tofu, _) => (ToolName::Tofu, ToolName::Tofu),
            (Binary::Terragrunt, Some(TerragruntRuns::Tofu)) => (ToolName::Terragrunt, ToolName::Tofu),
            (Binary::Terragrunt, Some(TerragruntRuns::Terraform) | None) => (ToolName::Terragrunt, ToolName::Terraform),
        };
        let scope = if self.all {
            Scope::Units {
                include: self.include_dir,
                exclude: self.exclude_dir,
            }
        } else {
            Scope::Directory
        };
        Ok(Order {
            repository: self.repo,
            protected_refs: self.protected_ref,
            commit: self.commit,
            deploy_path: self.deploy_path,
            binary,
            engine,
            scope,
            tools_dir: self.tools_dir,
            plan_store: self.plan_store,
            plan_lifetime: self.plan_lifetime.unwrap_or_default(),
            operation,
            backend_config: self.backend_config,
            lock_timeout: self.lock_timeout,
            log_level: self.log_level,
        })
    }
}
