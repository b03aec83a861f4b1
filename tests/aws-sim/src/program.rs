//! The programs that tasks run, chosen by the command as the runner or, in a raw container, the image would get it.
//!
//! A script's name gives a behaviour, its options (`--name=value`) change it:
//!
//! | Script | What it does |
//! |---|---|
//! | `print` | writes `out 1`, `out 2`… to standard output and `err 1`… to standard error, then exits with 0 |
//! | `exit` | exits with `--code` |
//! | `signal` | is ended by `--signal` |
//! | `wait` | writes `ready` and goes on for ever; SIGTERM ends it |
//! | `clean-up` | as `wait`; on SIGTERM it writes `cleaned up` and exits with 7 |
//! | `ignore-stop` | as `wait`; ignores SIGTERM |
//! | `oom` | is killed for lack of memory |
//! | `lose-host` | its host is lost |
//! | `spot` | as `clean-up`; the place is taken back after `--seconds` |
//! | `never-start` | the container never starts: `--cause=pull`, `secret`, `log-group` or `network` |
//!
//! Options of all of them: `--lines`, `--errors` (lines to standard error; as many as `--lines` for `print`), `--rate` (lines a second; 0: all
//! at once), `--width` (bytes of a line, at least), `--seconds` (goes on at least so long), `--code`, `--signal`, `--cause`.
//! An unknown script is one that the image does not have.

use std::collections::HashMap;

use protocol::frame::Channel;

/// Most lines of one program: what keeps a typing error from filling the memory.
const MAX_LINES: u32 = 2_000_000;

/// The command of a container, understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command {
    /// What our runner was told; nothing in a raw container.
    pub(crate) runner: Option<Limits>,
    pub(crate) program: Program,
}

/// The runner's limits, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) timeout: u64,
    pub(crate) stop_timeout: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) out: Lines,
    pub(crate) errors: u32,
    /// Goes on at least so long, in milliseconds.
    pub(crate) lasts: u64,
    pub(crate) end: End,
    pub(crate) on_stop: OnStop,
}

/// What is written to standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) ready: bool,
    pub(crate) count: u32,
    pub(crate) per_second: u32,
    pub(crate) width: usize,
}

/// How a program ends when nobody stops it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Exit(u8),
    Signal(u8),
    OutOfMemory,
    HostLost,
    SpotTaken,
    Never,
    /// The image does not have the script.
    Missing,
    /// The container never starts.
    NotStarted(Cause),
}

/// Why a container never starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Pull,
    Secret,
    LogGroup,
    Network,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnStop {
    Die,
    CleanUp,
    Ignore,
}

/// One thing that is written: when (milliseconds after the program's start), where and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) at: u64,
    pub(crate) channel: Channel,
    pub(crate) text: String,
}

impl Command {
    /// Reads the words; nothing when the runner would not understand them.
    pub(crate) fn read(words: &[String], raw: bool) -> Option<Self> {
        if raw {
            return Some(Self {
                runner: None,
                program: Program::read(words),
            });
        }
        let dashes = words.iter().position(|word| word == "--")?;
        let (ours, script) = words.split_at_checked(dashes)?;
        let options = options(ours);
        let seconds = |name: &str| {
            let value: u64 = options.get(name)?.parse().ok()?;
            Some(value * 1_000)
        };
        Some(Self {
            runner: Some(Limits {
                timeout: seconds("timeout")?,
                stop_timeout: seconds("stop-timeout")?,
            }),
            program: Program::read(script.get(1..)?),
        })
    }
}

impl Program {
    fn read(words: &[String]) -> Self {
        let name = words.first().map(String::as_str).unwrap_or_default();
        let options = options(words.get(1..).unwrap_or_default());
        let number = |name: &str, default: u32| options.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let small = |name: &str, default: u8| options.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let waits = matches!(name, "wait" | "clean-up" | "ignore-stop" | "spot");
        let count = number("lines", 0).min(MAX_LINES);
        let end = match name {
            "print" | "exit" => End::Exit(small("code", 0)),
            "signal" => End::Signal(small("signal", 15)),
            "wait" | "clean-up" | "ignore-stop" => End::Never,
            "oom" => End::OutOfMemory,
            "lose-host" => End::HostLost,
            "spot" => End::SpotTaken,
            "never-start" => End::NotStarted(Cause::read(options.get("cause").map(String::as_str))),
            _ => End::Missing,
        };
        Self {
            name: name.to_owned(),
            out: Lines {
                ready: waits,
                count,
                per_second: number("rate", 0),
                width: usize::try_from(number("width", 0)).unwrap_or_default(),
            },
            errors: number("errors", if name == "print" { count } else { 0 }).min(MAX_LINES),
            lasts: u64::from(number("seconds", 0)) * 1_000,
            end,
            on_stop: match name {
                "clean-up" | "spot" => OnStop::CleanUp,
                "ignore-stop" => OnStop::Ignore,
                _ => OnStop::Die,
            },
        }
    }

    /// All that it writes when nobody stops it, in the order of writing.
    pub(crate) fn writes(&self) -> impl Iterator<Item = Write> + '_ {
        /// A process needs a moment before its first word.
        const FIRST: u64 = 5;
        let ready = self.out.ready.then(|| Write {
            at: FIRST,
            channel: Channel::Stdout,
            text: "ready\n".to_owned(),
        });
        let line = move |channel, word: &str, number: u32| Write {
            at: FIRST
                + u64::from(number - 1)
                    .saturating_mul(1_000)
                    .checked_div(self.out.per_second.into())
                    .unwrap_or_default(),
            channel,
            text: padded(format!("{word} {number}"), self.out.width),
        };
        let lines = (1..=self.out.count.max(self.errors)).flat_map(move |number| {
            let out = (number <= self.out.count).then(|| line(Channel::Stdout, "out", number));
            let error = (number <= self.errors).then(|| line(Channel::Stderr, "err", number));
            out.into_iter().chain(error)
        });
        ready.into_iter().chain(lines)
    }

    /// When it ends by itself, in milliseconds after its start.
    pub(crate) fn natural_end(&self) -> Option<u64> {
        /// From the last word to the end.
        const LAST: u64 = 5;
        let last_write = match (self.out.count.max(self.errors), self.out.per_second) {
            (0, _) | (_, 0) => 5,
            (lines, per_second) => 5 + u64::from(lines - 1) * 1_000 / u64::from(per_second),
        };
        match self.end {
            End::Never => None,
            End::Exit(_) | End::Signal(_) | End::OutOfMemory | End::HostLost | End::SpotTaken => {
                Some(self.lasts.max(last_write) + LAST)
            }
            End::Missing | End::NotStarted(_) => Some(LAST),
        }
    }
}

impl Cause {
    fn read(word: Option<&str>) -> Self {
        match word {
            Some("secret") => Self::Secret,
            Some("log-group") => Self::LogGroup,
            Some("network") => Self::Network,
            Some(_) | None => Self::Pull,
        }
    }

    /// As ECS says it.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Pull => {
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 123456789012.dkr.ecr.us-west-2.amazonaws.com/terraform-runner:1: 123456789012.dkr.ecr.us-west-2.amazonaws.com/terraform-runner:1: not found"
            }
            Self::Secret => {
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-west-2:123456789012:secret:git-token from secrets manager: AccessDeniedException: not authorized to perform: secretsmanager:GetSecretValue"
            }
            Self::LogGroup => {
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1"
            }
            Self::Network => "Timeout waiting for network interface provisioning to complete.",
        }
    }
}

/// `--name=value` and `--name value`.
fn options(words: &[String]) -> HashMap<&str, String> {
    let mut found = HashMap::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix("--") else {
            continue;
        };
        if let Some((name, value)) = option.split_once('=') {
            found.insert(name, value.to_owned());
        } else if let Some(value) = words.next_if(|next| !next.starts_with("--")) {
            found.insert(option, value.clone());
        }
    }
    found
}

fn padded(mut line: String, width: usize) -> String {
    let missing = width.saturating_sub(line.len() + 1);
    if missing > 0 {
        line.push(' ');
        line.extend(std::iter::repeat_n('x', missing - 1));
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_runners_words_end_at_the_dashes() {
        let command = Command::read(&words("--timeout 60 --stop-timeout=5 --env A -- exit --code=3"), false).unwrap();
        assert_eq!(
            command.runner,
            Some(Limits {
                timeout: 60_000,
                stop_timeout: 5_000
            })
        );
        assert_eq!(command.program.end, End::Exit(3));
        assert_eq!(Command::read(&words("exit --code=3"), false), None);
    }

    #[test]
    fn lines_come_at_their_rate_and_with_their_width() {
        let command = Command::read(&words("print --lines=3 --errors=1 --rate 10 --width 12"), true).unwrap();
        let writes: Vec<(u64, String)> = command.program.writes().map(|write| (write.at, write.text)).collect();
        let expected = [
            (5, "out 1 xxxxx\n"),
            (5, "err 1 xxxxx\n"),
            (105, "out 2 xxxxx\n"),
            (205, "out 3 xxxxx\n"),
        ];
        assert_eq!(writes, expected.map(|(at, text)| (at, text.to_owned())));
        assert_eq!(command.program.natural_end(), Some(210));
    }
}
