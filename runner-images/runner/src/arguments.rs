//! The command line. Never interprets the script's own arguments.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

/// Where the scripts lie in every image.
pub(crate) const TRIGGER_DIR: &str = "/opt/deploy-runner/scripts";
const USAGE: &str = "deploy-runner [--trigger-dir DIR] --timeout SECONDS --stop-timeout SECONDS [--env NAME]... [--secret NAME]... -- SCRIPT [ARGS...]";

/// What the engine asks for.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) trigger_dir: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) names: Names,
    pub(crate) script: OsString,
    pub(crate) words: Vec<OsString>,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From the start of the script to the signal that asks it to stop.
    pub(crate) timeout: Duration,
    /// From that signal to the kill.
    pub(crate) stop_timeout: Duration,
}

/// The names of the variables that the job receives.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) plain: Vec<OsString>,
    pub(crate) secret: Vec<OsString>,
}

/// Why the command line is not understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArgumentsError {
    #[error("{0}: usage: {USAGE}")]
    Wrong(#[from] lexopt::Error),
    #[error("`{0}` is missing: usage: {USAGE}")]
    Missing(&'static str),
    #[error("the script must come after `--`: usage: {USAGE}")]
    ScriptBeforeDashes,
}

impl Arguments {
    pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Self, ArgumentsError> {
        let words: Vec<OsString> = words.collect();
        let Some(dashes) = words.iter().position(|word| word == "--") else {
            return Err(ArgumentsError::Missing("-- SCRIPT"));
        };
        let (ours, theirs) = words.split_at_checked(dashes).unwrap_or((&words, &[]));
        let mut theirs = theirs.iter().skip(1).cloned();
        let options = Options::parse(ours)?;
        Ok(Self {
            trigger_dir: options.trigger_dir.unwrap_or_else(|| TRIGGER_DIR.into()),
            limits: Limits {
                timeout: options.timeout.ok_or(ArgumentsError::Missing("--timeout"))?,
                stop_timeout: options.stop_timeout.ok_or(ArgumentsError::Missing("--stop-timeout"))?,
            },
            names: options.names,
            script: theirs.next().ok_or(ArgumentsError::Missing("SCRIPT"))?,
            words: theirs.collect(),
        })
    }
}

#[derive(Default)]
struct Options {
    trigger_dir: Option<PathBuf>,
    timeout: Option<Duration>,
    stop_timeout: Option<Duration>,
    names: Names,
}

impl Options {
    fn parse(words: &[OsString]) -> Result<Self, ArgumentsError> {
        let mut options = Self::default();
        let mut parser = Parser::from_args(words);
        while let Some(word) = parser.next()? {
            match word {
                Arg::Long("trigger-dir") => options.trigger_dir = Some(parser.value()?.into()),
                Arg::Long("timeout") => options.timeout = Some(seconds(&parser.value()?)?),
                Arg::Long("stop-timeout") => options.stop_timeout = Some(seconds(&parser.value()?)?),
                Arg::Long("env") => options.names.plain.push(parser.value()?),
                Arg::Long("secret") => options.names.secret.push(parser.value()?),
                Arg::Value(_) => return Err(ArgumentsError::ScriptBeforeDashes),
                Arg::Long(_) | Arg::Short(_) => return Err(word.unexpected().into()),
            }
        }
        Ok(options)
    }
}

fn seconds(text: &OsString) -> Result<Duration, lexopt::Error> {
    Ok(Duration::from_secs(text.parse::<u32>()?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, ArgumentsError> {
        Arguments::parse(words.iter().map(OsString::from))
    }

    #[track_caller]
    fn refused(words: &[&str], expected: &str) {
        let error = parse(words).expect_err("must be refused").to_string();
        assert!(error.contains(expected) && error.contains("usage: "), "{error}");
    }

    #[test]
    fn everything_after_the_dashes_is_the_scripts() {
        let words = [
            "--timeout",
            "60",
            "--stop-timeout=5",
            "--env",
            "A",
            "--secret",
            "B",
            "--",
            "script",
            "--timeout",
            "1",
            "--",
            "x",
        ];
        let arguments = parse(&words).unwrap();
        assert_eq!(arguments.trigger_dir, PathBuf::from(TRIGGER_DIR));
        assert_eq!(arguments.limits.timeout, Duration::from_mins(1));
        assert_eq!(arguments.limits.stop_timeout, Duration::from_secs(5));
        assert_eq!(arguments.names.plain, ["A"]);
        assert_eq!(arguments.names.secret, ["B"]);
        assert_eq!(arguments.script, "script");
        assert_eq!(arguments.words, ["--timeout", "1", "--", "x"]);
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        refused(&[], "`-- SCRIPT` is missing");
        refused(&["--timeout", "1", "--stop-timeout", "1", "--"], "`SCRIPT` is missing");
        refused(&["--timeout", "1", "--", "s"], "`--stop-timeout` is missing");
        refused(&["--stop-timeout", "1", "--", "s"], "`--timeout` is missing");
        refused(&["--time", "1", "--", "s"], "--time");
        refused(&["-t", "1", "--", "s"], "-t");
        refused(&["--timeout", "-1", "--", "s"], "-1");
        refused(&["script", "--", "s"], "must come after `--`");
    }
}
