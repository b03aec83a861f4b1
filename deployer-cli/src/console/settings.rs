//! What the console is: decided once, from the environment and from what the standard streams are.
//!
//! The policy for job output: raw wishes are obeyed; in CI both streams are the log, so both are neutralised; a terminal is
//! neutralised; a pipe or a file outside CI gets the exact bytes, so that `… | jq` and `… > file` work. In CI a pipe to another
//! program cannot be told from the log, so it is neutralised too: that changes only text which looks like a command, and
//! JSON never does. Never: reads the environment or the streams by itself.

use std::time::Duration;

use super::CiSystem;

/// After this much silence, a log gets a sign of life: CI systems stop jobs that seem dead.
pub const HEARTBEAT: Duration = Duration::from_mins(1);
const FALLBACK_WIDTH: usize = 100;

/// What the caller wants for the job's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutput {
    /// Harmless to whatever shows it.
    Safe,
    /// The exact bytes, wherever they go.
    Raw,
}

/// What is done to one channel of the job's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// The exact bytes.
    Exact,
    /// Terminal sequences are neutralised.
    Terminal,
    /// Terminal sequences and CI workflow commands are neutralised.
    Log(CiSystem),
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// One line at the bottom of a terminal, rewritten in place.
    Live,
    /// A line for each phase, and one after each [`HEARTBEAT`] of silence.
    Lines,
}

/// Whether own messages have colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// They have.
    On,
    /// They have none.
    Off,
}

/// Whether notes (phases, heartbeats, remarks) are shown. Warnings, errors and the summary always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notes {
    /// They are.
    Shown,
    /// They are not.
    Hidden,
}

/// What one of the standard streams is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// A terminal.
    Terminal,
    /// A pipe, a file or nothing.
    Other,
}

impl Stream {
    /// What the stream is.
    pub fn of(stream: &impl std::io::IsTerminal) -> Self {
        if stream.is_terminal() {
            Self::Terminal
        } else {
            Self::Other
        }
    }
}

/// Everything that the console has to know beforehand.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The CI system that keeps the log, if any.
    pub ci: Option<CiSystem>,
    /// What is done to the job's standard output.
    pub stdout: Treatment,
    /// What is done to the job's standard error.
    pub stderr: Treatment,
    /// Standard output ends up on the same screen or in the same log as standard error.
    pub shared_screen: bool,
    /// How progress is shown.
    pub progress: Progress,
    /// Whether own messages have colours.
    pub colour: Colour,
    /// Whether notes are shown.
    pub notes: Notes,
    /// Columns of the terminal.
    pub width: usize,
    /// Seconds since 1970, for the logs that want a time.
    pub unix_seconds: fn() -> u64,
}

impl Settings {
    /// Decides from the environment's variables and the two streams.
    pub fn detect(
        variable: impl Fn(&str) -> Option<String>,
        stdout: Stream,
        stderr: Stream,
        job_output: JobOutput,
    ) -> Self {
        let ci = CiSystem::detect(&variable);
        let dumb = variable("TERM").is_some_and(|term| term == "dumb");
        let live = ci.is_none() && stderr == Stream::Terminal && !dumb;
        Self {
            ci,
            stdout: treatment(ci, stdout, job_output),
            stderr: treatment(ci, stderr, job_output),
            shared_screen: ci.is_some() || (stdout == Stream::Terminal && stderr == Stream::Terminal),
            progress: if live { Progress::Live } else { Progress::Lines },
            colour: colour(&variable, stderr),
            notes: Notes::Shown,
            width: width(&variable),
            unix_seconds,
        }
    }
}

impl Settings {
    /// The CI system in whose log the job's output is neutralised, if it is.
    pub(super) const fn job_log(&self) -> Option<CiSystem> {
        match (self.stdout, self.stderr) {
            (Treatment::Log(ci), _) | (_, Treatment::Log(ci)) => Some(ci),
            (Treatment::Exact | Treatment::Terminal, Treatment::Exact | Treatment::Terminal) => None,
        }
    }
}

fn treatment(ci: Option<CiSystem>, stream: Stream, job_output: JobOutput) -> Treatment {
    match (job_output, ci, stream) {
        (JobOutput::Raw, _, _) | (JobOutput::Safe, None, Stream::Other) => Treatment::Exact,
        (JobOutput::Safe, Some(system), _) => Treatment::Log(system),
        (JobOutput::Safe, None, Stream::Terminal) => Treatment::Terminal,
    }
}

/// Colours for text that goes to `stream`: `CLICOLOR_FORCE` forces them, `NO_COLOR` and a dumb terminal forbid them, and
/// otherwise a terminal has them.
pub fn colour(variable: impl Fn(&str) -> Option<String>, stream: Stream) -> Colour {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let forced = variable("CLICOLOR_FORCE").is_some_and(|value| !matches!(value.as_str(), "" | "0"));
    let forbidden =
        variable("TERM").is_some_and(|term| term == "dumb") || variable("CLICOLOR").is_some_and(|value| value == "0");
    let on = !set("NO_COLOR") && (forced || (stream == Stream::Terminal && !forbidden));
    if on { Colour::On } else { Colour::Off }
}

/// Columns to lay text out for: the terminal's, else `COLUMNS`, else 100.
pub fn width(variable: impl Fn(&str) -> Option<String>) -> usize {
    let of_terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let told = || variable("COLUMNS").and_then(|text| text.parse().ok());
    of_terminal()
        .or_else(told)
        .filter(|&width| width > 0)
        .unwrap_or(FALLBACK_WIDTH)
}

/// The wall clock. A clock before 1970 reads as 1970.
fn unix_seconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(variables: &'static [(&str, &str)], stdout: Stream, stderr: Stream, job_output: JobOutput) -> Settings {
        Settings::detect(lookup(variables), stdout, stderr, job_output)
    }

    fn lookup(variables: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        |name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    const GITHUB: &[(&str, &str)] = &[("CI", "true"), ("GITHUB_ACTIONS", "true")];

    #[test]
    fn a_pipe_outside_ci_gets_the_exact_bytes_while_the_terminal_beside_it_is_protected() {
        let settings = detected(&[], Stream::Other, Stream::Terminal, JobOutput::Safe);
        assert_eq!(
            (settings.stdout, settings.stderr),
            (Treatment::Exact, Treatment::Terminal)
        );
        assert!(!settings.shared_screen);
    }

    #[test]
    fn in_ci_both_streams_are_the_log_whatever_they_are_connected_to() {
        for stream in [Stream::Other, Stream::Terminal] {
            let settings = detected(GITHUB, stream, stream, JobOutput::Safe);
            let log = Treatment::Log(CiSystem::GitHub);
            assert_eq!((settings.stdout, settings.stderr), (log, log));
            assert!(settings.shared_screen);
            assert_eq!(settings.progress, Progress::Lines);
        }
    }

    #[test]
    fn raw_means_the_exact_bytes_even_on_a_terminal_and_in_ci() {
        for variables in [&[], GITHUB] {
            let settings = detected(variables, Stream::Terminal, Stream::Terminal, JobOutput::Raw);
            assert_eq!((settings.stdout, settings.stderr), (Treatment::Exact, Treatment::Exact));
        }
    }

    #[test]
    fn the_live_line_needs_a_terminal_that_can_erase_and_no_ci() {
        let progress = |variables, stderr| detected(variables, Stream::Terminal, stderr, JobOutput::Safe).progress;
        assert_eq!(
            progress(&[("TERM", "xterm-256color")], Stream::Terminal),
            Progress::Live
        );
        assert_eq!(progress(&[("TERM", "dumb")], Stream::Terminal), Progress::Lines);
        assert_eq!(progress(&[], Stream::Other), Progress::Lines);
        assert_eq!(progress(&[("CI", "true")], Stream::Terminal), Progress::Lines);
    }

    #[test]
    fn colours_need_a_terminal_unless_forced_and_no_color_always_wins() {
        assert_eq!(colour(lookup(&[]), Stream::Terminal), Colour::On);
        assert_eq!(colour(lookup(&[]), Stream::Other), Colour::Off);
        assert_eq!(colour(lookup(&[("TERM", "dumb")]), Stream::Terminal), Colour::Off);
        assert_eq!(colour(lookup(&[("CLICOLOR", "0")]), Stream::Terminal), Colour::Off);
        assert_eq!(colour(lookup(&[("CLICOLOR_FORCE", "1")]), Stream::Other), Colour::On);
        assert_eq!(colour(lookup(&[("CLICOLOR_FORCE", "0")]), Stream::Other), Colour::Off);
        assert_eq!(
            colour(lookup(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), Stream::Terminal),
            Colour::Off
        );
        assert_eq!(colour(lookup(&[("NO_COLOR", "")]), Stream::Terminal), Colour::On);
    }
}
