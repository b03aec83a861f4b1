//! The command line of `build-docker-image`.
//!
//! Responsible for the words: exact long names only, no abbreviations, no short options, no positionals; and for turning them
//! into one [`Order`]. Never touches anything outside the process.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

use super::help;
use crate::report::LogLevel;
use crate::source_code::SourceCode;
use crate::values::{Assignment, ImageName, ImageRepository, RelativePath, SecretMount, ValueError};

/// Build one image of one commit and push it.
#[derive(Debug, Parser)]
#[command(
    name = "build-docker-image",
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

    /// Directory that the build sees, relative to the repository's root
    #[arg(long, value_name = "PATH", default_value = ".")]
    context_path: RelativePath,

    /// Dockerfile, relative to the context
    #[arg(long, value_name = "PATH", default_value = "Dockerfile")]
    dockerfile: RelativePath,

    /// Full name of the image with registry and tag; may be repeated
    #[arg(long, required = true, value_name = "NAME")]
    tag: Vec<ImageName>,

    /// Registry and repository that may be pushed to, with everything beneath it; may be repeated. For the allow-list to fix: nothing
    /// else is pushed to
    #[arg(long, value_name = "REPOSITORY")]
    allowed_repository: Vec<ImageRepository>,

    /// Build argument of the Dockerfile; may be repeated. Never for a secret: it stays in the image
    #[arg(long, value_name = "KEY=VALUE")]
    build_arg: Vec<Assignment>,

    /// Declared secret, for `RUN --mount=type=secret,id=NAME`; may be repeated. Not with kaniko
    #[arg(long, value_name = "id=NAME")]
    secret: Vec<SecretMount>,

    /// Push the image; the usual
    #[arg(long)]
    push: bool,

    /// Build the image and push nothing
    #[arg(long)]
    no_push: bool,

    /// Build nothing when every tag is in the registry already
    #[arg(long)]
    idempotent: bool,

    /// Repository in which layers are kept between builds. For the allow-list to fix
    #[arg(long, value_name = "REPOSITORY")]
    cache_repository: Option<ImageRepository>,

    /// Program that builds. For the allow-list to fix
    #[arg(long, value_enum, default_value_t = BuilderName::Kaniko)]
    builder: BuilderName,

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

/// Programs that build images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BuilderName {
    /// kaniko, which runs on Fargate.
    Kaniko,
    /// buildah.
    Buildah,
    /// `BuildKit`, through a daemon that `BUILDKIT_HOST` names.
    Buildkit,
}

/// Everything that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The code.
    pub source: SourceCode,
    /// What the build sees of it.
    pub context: RelativePath,
    /// The Dockerfile, as seen from there.
    pub dockerfile: RelativePath,
    /// What the image is called; at least one name.
    pub tags: Vec<ImageName>,
    /// Where it may go.
    pub allowed: Vec<ImageRepository>,
    /// Build arguments.
    pub build_args: Vec<Assignment>,
    /// Secrets for the build.
    pub secrets: Vec<SecretMount>,
    /// Whether it goes there.
    pub destination: Destination,
    /// What an image that is there means.
    pub repetition: Repetition,
    /// Where layers are kept.
    pub cache: Option<ImageRepository>,
    /// What builds.
    pub builder: BuilderName,
    /// How much to say.
    pub log_level: LogLevel,
}

/// Where an image goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// To the registry of each of its names.
    Registry,
    /// It is built and thrown away.
    Nowhere,
}

/// What an image that is in the registry already means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repetition {
    /// Nothing: it is built and pushed.
    Built,
    /// The work is done.
    Skipped,
}

impl Order {
    /// Reads the command line. The error is clap's, and also carries the help and version texts.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Arguments::command().try_get_matches_from(words)?;
        Arguments::from_arg_matches(&matches)?.into_order()
    }

    /// The Dockerfile as seen from the repository's root.
    pub fn dockerfile_in_repository(&self) -> Result<RelativePath, ValueError> {
        match self.context.to_string().as_str() {
            "." => Ok(self.dockerfile.clone()),
            context => format!("{context}/{}", self.dockerfile).parse(),
        }
    }
}

impl Arguments {
    fn into_order(self) -> Result<Order, clap::Error> {
        self.refuse_what_contradicts()?;
        Ok(Order {
            source: self.source,
            context: self.context_path,
            dockerfile: self.dockerfile,
            tags: self.tag,
            allowed: self.allowed_repository,
            build_args: self.build_arg,
            secrets: self.secret,
            destination: if self.no_push {
                Destination::Nowhere
            } else {
                Destination::Registry
            },
            repetition: if self.idempotent {
                Repetition::Skipped
            } else {
                Repetition::Built
            },
            cache: self.cache_repository,
            builder: self.builder,
            log_level: self.log_level,
        })
    }

    fn refuse_what_contradicts(&self) -> Result<(), clap::Error> {
        let contradiction = if self.push && self.no_push {
            "the argument '--push' contradicts '--no-push': leave one of them out\n"
        } else if self.idempotent && self.no_push {
            "the argument '--idempotent' has no meaning with '--no-push': leave one of them out\n"
        } else if !self.secret.is_empty() && self.builder == BuilderName::Kaniko {
            "the argument '--secret' cannot be used with '--builder=kaniko', which would leave the secret in the image: let the allow-list fix another builder\n"
        } else {
            return Ok(());
        };
        Err(Self::command().error(ErrorKind::ArgumentConflict, contradiction))
    }
}
