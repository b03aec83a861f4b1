//! The command line of `infrastructure-deploy-script`.
//!
//! Responsible for the words: exact long names only, no abbreviations, no short options, no positionals; and for turning them
//! into one [`Order`]. Never touches anything outside the process.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

use crate::failure::EXIT_CODES_HELP;
use crate::program::Program;
use crate::report::LogLevel;
use crate::repository_url::RepositoryUrl;
use crate::values::{Address, Assignment, CommitId, LockTimeout, OutputName, RefName, RelativePath};

/// Check out one commit and run one Terraform command in one directory of it.
#[derive(Debug, Parser)]
#[command(
    name = "infrastructure-deploy-script",
    version,
    infer_long_args = false,
    args_override_self = false,
    disable_help_flag = true,
    disable_version_flag = true,
    after_long_help = EXIT_CODES_HELP
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

    /// What to do
    #[arg(long, value_enum)]
    command: CommandName,

    /// Directory to deploy, relative to the repository's root
    #[arg(long, value_name = "PATH")]
    deploy_path: RelativePath,

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

    /// Print JSON. For output and validate
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
    Terragrunt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CommandName {
    Plan,
    Apply,
    Destroy,
    Validate,
    Output,
}

/// Everything that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Where the code is.
    pub repository: RepositoryUrl,
    /// The refs whose history counts as reviewed.
    pub protected_refs: Vec<RefName>,
    /// The code.
    pub commit: CommitId,
    /// The directory.
    pub deploy_path: RelativePath,
    /// Terraform or Terragrunt.
    pub binary: Program,
    /// What to do there.
    pub operation: Operation,
    /// Settings of the state backend.
    pub backend_config: Vec<Assignment>,
    /// How long to wait for a state lock.
    pub lock_timeout: Option<LockTimeout>,
    /// How much to say.
    pub log_level: LogLevel,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Show what would change.
    Plan(Inputs, PlanExit),
    /// Change it.
    Apply(Inputs),
    /// Remove everything.
    Destroy(Inputs, DestroyGrant),
    /// Check the code, without state.
    Validate(Format),
    /// Print outputs.
    Output(Format, Option<OutputName>),
}

impl Operation {
    /// The command's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plan(..) => "plan",
            Self::Apply(..) => "apply",
            Self::Destroy(..) => "destroy",
            Self::Validate(..) => "validate",
            Self::Output(..) => "output",
        }
    }
}

/// What goes into a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inputs {
    /// Variables.
    pub variables: Vec<Assignment>,
    /// Files with variables.
    pub files: Vec<RelativePath>,
    /// What to limit it to.
    pub targets: Vec<Address>,
}

/// What a plan's exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanExit {
    /// Whether it worked.
    Simple,
    /// Also whether there are changes.
    Detailed,
}

/// What destroy may remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestroyGrant {
    /// Only what the protected refs no longer have.
    RemovedCode,
    /// Anything: the allow-list granted it.
    Anything,
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
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
        let inputs = Inputs {
            variables: self.var,
            files: self.var_file,
            targets: self.target,
        };
        let format = if self.json { Format::Json } else { Format::Text };
        let operation = match self.command {
            CommandName::Plan if self.detailed_exitcode => Operation::Plan(inputs, PlanExit::Detailed),
            CommandName::Plan => Operation::Plan(inputs, PlanExit::Simple),
            CommandName::Apply => Operation::Apply(inputs),
            CommandName::Destroy if self.allow_destroy => Operation::Destroy(inputs, DestroyGrant::Anything),
            CommandName::Destroy => Operation::Destroy(inputs, DestroyGrant::RemovedCode),
            CommandName::Validate => Operation::Validate(format),
            CommandName::Output => Operation::Output(format, self.output_name),
        };
        Ok(Order {
            repository: self.repo,
            protected_refs: self.protected_ref,
            commit: self.commit,
            deploy_path: self.deploy_path,
            binary: match self.binary {
                Binary::Terraform => Program::Terraform,
                Binary::Terragrunt => Program::Terragrunt,
            },
            operation,
            backend_config: self.backend_config,
            lock_timeout: self.lock_timeout,
            log_level: self.log_level,
        })
    }

    /// An option without effect is a misunderstanding. `--allow-destroy` and `--lock-timeout` are exempt, because an
    /// allow-list may fix them for every command of a container.
    fn refuse_what_the_command_would_ignore(&self) -> Result<(), clap::Error> {
        use CommandName::{Apply, Destroy, Output, Plan, Validate};
        let changing = [Plan, Apply, Destroy];
        let rules: [(&str, bool, &[CommandName]); 6] = [
            ("--var", !self.var.is_empty(), &changing),
            ("--var-file", !self.var_file.is_empty(), &changing),
            ("--target", !self.target.is_empty(), &changing),
            ("--detailed-exitcode", self.detailed_exitcode, &[Plan]),
            ("--json", self.json, &[Output, Validate]),
            ("--output-name", self.output_name.is_some(), &[Output]),
        ];
        for (name, given, commands) in rules {
            if given && !commands.contains(&self.command) {
                let command = self
                    .command
                    .to_possible_value()
                    .map(|value| value.get_name().to_owned())
                    .unwrap_or_default();
                let message =
                    format!("the argument '{name}' has no meaning with '--command={command}': leave it out\n");
                return Err(Self::command().error(ErrorKind::ArgumentConflict, message));
            }
        }
        Ok(())
    }
}
