//! The command line of `build-packer-artifact`.
//!
//! Responsible for the words: exact long names only, no abbreviations, no short options, no positionals; and for turning them
//! into one [`Order`]. Never touches anything outside the process.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser};

use super::help;
use crate::report::LogLevel;
use crate::source_code::SourceCode;
use crate::values::{AmiTag, Assignment, BuildName, RelativePath};

/// Build one Packer template of one commit.
#[derive(Debug, Parser)]
#[command(
    name = "build-packer-artifact",
    version,
    infer_long_args = false,
    args_override_self = false,
    disable_help_flag = true,
    disable_version_flag = true,
    after_long_help = help::text()
)]
struct Arguments {
    #[command(flatten)]
    source: SourceCode,

    /// Template, relative to the repository's root: a `.pkr.hcl` or `.json` file, or a directory of `.pkr.hcl` files
    #[arg(long, value_name = "PATH")]
    template_path: RelativePath,

    /// Only this build of the template, such as `web` or `amazon-ebs.web`
    #[arg(long, value_name = "NAME")]
    build_name: Option<BuildName>,

    /// Variable of the template; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    var: Vec<Assignment>,

    /// Build no AMI whose name is taken already in this account and Region, and succeed with the one that is there
    #[arg(long)]
    idempotent: bool,

    /// With --idempotent: build nothing either when an AMI of this account in `AWS_REGION` has this tag, and fail when what was built does
    /// not have it; may be repeated, for an AMI with all of them
    #[arg(long, value_name = "KEY=VALUE", requires = "idempotent")]
    idempotent_tag: Vec<AmiTag>,

    /// Print what was built as one line of JSON on standard output
    #[arg(long)]
    output_properties: bool,

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
    /// The code.
    pub source: SourceCode,
    /// The template in it.
    pub template: RelativePath,
    /// The only build of it, if not all.
    pub build: Option<BuildName>,
    /// The template's variables.
    pub variables: Vec<Assignment>,
    /// What an AMI that is there means.
    pub repetition: Repetition,
    /// What standard output is for.
    pub properties: Properties,
    /// How much to say.
    pub log_level: LogLevel,
}

/// What an AMI that is there means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repetition {
    /// With the same name, a mistake: Packer refuses.
    Refused,
    /// With the same name, that the work is done already.
    Done,
    /// With all these tags, the same; and so with the same name, if it has the tags too.
    DoneWithTags(Vec<AmiTag>),
}

/// What standard output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Properties {
    /// Nothing.
    Untold,
    /// One line of JSON about what was built.
    Printed,
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
        self.refuse_two_values_of_one_tag()?;
        Ok(Order {
            source: self.source,
            template: self.template_path,
            build: self.build_name,
            variables: self.var,
            repetition: match (self.idempotent, self.idempotent_tag.is_empty()) {
                (false, _) => Repetition::Refused,
                (true, true) => Repetition::Done,
                (true, false) => Repetition::DoneWithTags(self.idempotent_tag),
            },
            properties: if self.output_properties {
                Properties::Printed
            } else {
                Properties::Untold
            },
            log_level: self.log_level,
        })
    }

    /// No AMI could have both.
    fn refuse_two_values_of_one_tag(&self) -> Result<(), clap::Error> {
        let mut keys = BTreeSet::new();
        match self.idempotent_tag.iter().find(|tag| !keys.insert(tag.key())) {
            None => Ok(()),
            Some(twice) => Err(Self::command().error(
                ErrorKind::ArgumentConflict,
                format!(
                    "the argument '--idempotent-tag' has the key `{}` twice: give each once\n",
                    twice.key()
                ),
            )),
        }
    }
}
