//! How single values are read: switches from the environment, durations, launch types and the sources of secrets.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser, ValueParser};
use clap::error::ErrorKind;
use jiff::SignedDuration;
use protocol::LaunchType;

/// Reads a switch. Its variable may also be empty, which is `no`: CI systems set absent variables to nothing.
pub(super) fn switch() -> ValueParser {
    let words = ["true", "false", "1", "0", "yes", "no", "on", "off", ""];
    let parser = PossibleValuesParser::new(words).map(|word| matches!(word.as_str(), "true" | "1" | "yes" | "on"));
    ValueParser::new(parser)
}

/// Reads a launch type by its name in AWS, in any letter case.
pub(super) fn launch_type(text: &str) -> Result<LaunchType, String> {
    [LaunchType::Fargate, LaunchType::FargateSpot, LaunchType::Ec2]
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(text))
        .ok_or_else(|| "expected FARGATE, FARGATE_SPOT or EC2".to_owned())
}

/// How long to wait: a second at least, whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaitTime {
    seconds: u32,
}

impl WaitTime {
    /// For a run without `--max-wait-time`.
    pub(crate) const DEFAULT: Self = Self { seconds: 2 * 60 * 60 };

    /// For the request.
    pub(crate) const fn seconds(self) -> u32 {
        self.seconds
    }

    /// For the clock.
    pub(crate) const fn duration(self) -> Duration {
        Duration::from_secs(self.seconds as u64)
    }
}

impl FromStr for WaitTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected a duration such as 90s, 45m or 2h0m0s, from one second up";
        let duration: SignedDuration = text.parse().map_err(|_unreadable: jiff::Error| expected.to_owned())?;
        match u32::try_from(duration.as_secs()) {
            Ok(seconds @ 1..) => Ok(Self { seconds }),
            Ok(0) | Err(_) => Err(expected.to_owned()),
        }
    }
}

/// An image that the allow-list names, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageOption {
    /// Its name in the allow-list.
    pub(crate) name: String,
    /// Its reference, as Docker and Podman write one.
    pub(crate) reference: String,
}

impl FromStr for ImageOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_alphanumeric())
                && part
                    .chars()
                    .all(|char| char.is_ascii_alphanumeric() || "._-/:@".contains(char))
        };
        match text.split_once('=') {
            Some((name, reference)) if is_plain(name) && is_plain(reference) => Ok(Self {
                name: name.to_owned(),
                reference: reference.to_owned(),
            }),
            Some(_) | None => Err("expected NAME=REFERENCE, such as NAME=REGISTRY/REPOSITORY@sha256:DIGEST".to_owned()),
        }
    }
}

/// A secret that the allow-list declares, and where its value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretOption {
    /// The variable's name in the allow-list and in the job.
    pub(crate) name: String,
    /// Where the value is.
    pub(crate) source: SecretSource,
}

/// Where a secret's value is. Never the value itself: command lines are visible to every process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// In a variable of this process.
    Variable(String),
    /// In a file, without the newline at its end.
    File(PathBuf),
}

impl SecretOption {
    fn read(text: &str) -> Option<Self> {
        let (name, source) = text.split_once('=')?;
        let source = match source.split_once(':')? {
            ("env", variable) if !variable.is_empty() => SecretSource::Variable(variable.to_owned()),
            ("file", path) if !path.is_empty() => SecretSource::File(PathBuf::from(path)),
            _ => return None,
        };
        let name = Some(name).filter(|name| !name.is_empty())?.to_owned();
        Some(Self { name, source })
    }
}

/// Reads `--secret`. Its error does not repeat the text: somebody may have put the value itself there.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecretParser;

impl TypedValueParser for SecretParser {
    type Value = SecretOption;

    fn parse_ref(&self, _: &clap::Command, _: Option<&clap::Arg>, text: &OsStr) -> Result<SecretOption, clap::Error> {
        text.to_str().and_then(SecretOption::read).ok_or_else(|| {
            let message =
                "a --secret is not understood (its text is not shown): expected NAME=env:VARIABLE or NAME=file:PATH\n";
            clap::Error::raw(ErrorKind::ValueValidation, message)
        })
    }
}
