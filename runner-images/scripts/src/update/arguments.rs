//! The command line of `terraform-update-variable`.
//!
//! Responsible for the words: exact long names only, no abbreviations, no short options, no positionals; and for turning them
//! into one [`Order`]. Never touches anything outside the process.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser};

use super::help;
use crate::report::LogLevel;
use crate::repository_url::RepositoryUrl;
use crate::values::{
    BranchName, CommitMessage, MailAddress, PersonName, RelativePath, Setting, VariableName, VariableValue,
};

/// Set variables in one file of a branch, commit that and push it.
#[derive(Debug, Parser)]
#[command(
    name = "terraform-update-variable",
    version,
    infer_long_args = false,
    args_override_self = false,
    disable_help_flag = true,
    disable_version_flag = true,
    after_long_help = help::text()
)]
struct Arguments {
    /// Address of the repository: `https://`, `ssh://` or `file:///`
    #[arg(long, value_name = "URL")]
    repo: RepositoryUrl,

    /// Branch to change, such as `refs/heads/main`
    #[arg(long, value_name = "REF")]
    branch: BranchName,

    /// File with the variables, relative to the repository's root: `.tfvars`, `.tf` or `.hcl`
    #[arg(long, value_name = "PATH")]
    vars_path: RelativePath,

    /// Variable to set; may be repeated. The first name gets the first value, the second the second, and so on
    #[arg(long, required = true, value_name = "NAME")]
    name: Vec<VariableName>,

    /// Its new value; may be repeated. It is written in the type that the variable has
    #[arg(long, required = true, value_name = "VALUE", allow_hyphen_values = true)]
    value: Vec<VariableValue>,

    /// Who the commit is by. For the allow-list to fix
    #[arg(long, value_name = "NAME")]
    author_name: PersonName,

    /// Their mail address. For the allow-list to fix
    #[arg(long, value_name = "ADDRESS")]
    author_email: MailAddress,

    /// First line of the commit's message, instead of one that says what was set
    #[arg(long, value_name = "TEXT")]
    message: Option<CommitMessage>,

    /// Mark the commit with `[skip ci]`, so that it starts no pipeline
    #[arg(long)]
    skip_ci: bool,

    /// Push to this new branch instead, for a pull request
    #[arg(long, value_name = "REF")]
    new_branch: Option<BranchName>,

    /// Print what would change, and push nothing
    #[arg(long)]
    dry_run: bool,

    /// How often to begin again when somebody else pushes at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    push_attempts: u32,

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

/// Everything that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Where the file is.
    pub repository: RepositoryUrl,
    /// The branch that has it.
    pub branch: BranchName,
    /// The file.
    pub path: RelativePath,
    /// What to set, in the order in which it was said; at least one.
    pub settings: Vec<Setting>,
    /// Who the commit is by.
    pub author_name: PersonName,
    /// Their address.
    pub author_email: MailAddress,
    /// The first line of the message, if it is not the usual one.
    pub message: Option<CommitMessage>,
    /// Whether pipelines see the commit.
    pub pipelines: Pipelines,
    /// Where the commit goes.
    pub destination: Destination,
    /// Whether it goes there.
    pub effect: Effect,
    /// How often to try.
    pub push_attempts: u32,
    /// How much to say.
    pub log_level: LogLevel,
}

/// What a commit asks CI systems for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipelines {
    /// Whatever they do with any commit.
    Usual,
    /// Nothing.
    Skipped,
}

/// Where a commit goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The branch that it began at.
    Branch,
    /// A branch that does not exist yet.
    NewBranch(BranchName),
}

/// What a run leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A pushed commit.
    Push,
    /// What it would be, in print.
    Print,
}

impl Order {
    /// Reads the command line. The error is clap's, and also carries the help and version texts.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Arguments::command().try_get_matches_from(words)?;
        Arguments::from_arg_matches(&matches)?.into_order()
    }

    /// The branch that the commit goes to.
    pub const fn target(&self) -> &BranchName {
        match &self.destination {
            Destination::Branch => &self.branch,
            Destination::NewBranch(new) => new,
        }
    }
}

impl Arguments {
    fn into_order(self) -> Result<Order, clap::Error> {
        self.refuse_what_has_no_partner()?;
        if self.new_branch.as_ref() == Some(&self.branch) {
            return Err(conflict(
                "'--new-branch' names the branch of '--branch': give the name of a new one\n",
            ));
        }
        let pairs = self.name.into_iter().zip(self.value);
        Ok(Order {
            repository: self.repo,
            branch: self.branch,
            path: self.vars_path,
            settings: pairs.map(|(name, value)| Setting { name, value }).collect(),
            author_name: self.author_name,
            author_email: self.author_email,
            message: self.message,
            pipelines: if self.skip_ci {
                Pipelines::Skipped
            } else {
                Pipelines::Usual
            },
            destination: self.new_branch.map_or(Destination::Branch, Destination::NewBranch),
            effect: if self.dry_run { Effect::Print } else { Effect::Push },
            push_attempts: self.push_attempts,
            log_level: self.log_level,
        })
    }

    fn refuse_what_has_no_partner(&self) -> Result<(), clap::Error> {
        let (names, values) = (self.name.len(), self.value.len());
        if names == values {
            Ok(())
        } else {
            Err(conflict(&format!(
                "'--name' is given {names} times and '--value' {values} times: give one value for each name\n"
            )))
        }
    }
}

fn conflict(message: &str) -> clap::Error {
    Arguments::command().error(ErrorKind::ArgumentConflict, message)
}
