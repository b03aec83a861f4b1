//! The whole life of a task, computed when it is created and again when it is stopped: every later answer only looks up the time.
//!
//! So nothing runs in the background, and a stop changes only what comes after it.

use protocol::frame::{Cause as TrailerCause, Channel, Encoder};

use crate::faults::Timing;
use crate::program::{Command, End, Limits, OnStop, Program, Write};
use crate::random::Draw;

/// ECS kills so long after SIGTERM: the task definition's `stopTimeout`.
const ECS_STOP_TIMEOUT: u64 = 120_000;
/// A process that SIGTERM ends needs a moment for it.
const DYING: u64 = 20;
/// What a program needs to clean up.
const CLEANING_UP: u64 = 400;
/// From the end of the script to the end of the runner.
const RUNNER_ENDS: u64 = 10;
const SIGTERM: u8 = 15;
const SIGKILL: u8 = 9;

/// What truly became of a task, as nobody outside can see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The program ended by itself with this code.
    Exited(u8),
    /// A signal ended it that nobody of ours sent.
    Signalled(u8),
    /// The runner ended it at its deadline.
    TimedOut,
    /// It was stopped by a call of `StopTask`; its code, if it was not killed.
    Stopped(Option<u8>),
    /// It was killed for lack of memory.
    OutOfMemory,
    /// Its host was lost or taken back.
    HostLost,
    /// The program never ran.
    NeverRan,
    /// It goes on for ever.
    Endless,
}

/// Where and under what conditions a life goes on.
#[derive(Debug, Clone)]
pub(crate) struct Conditions {
    pub(crate) created: u64,
    pub(crate) ec2: bool,
    pub(crate) draw: Draw,
    pub(crate) timing: Timing,
    pub(crate) stop: Option<Stop>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) at: u64,
    pub(crate) reason: String,
}

/// Points in time in milliseconds of Unix time; absent is never.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) created: u64,
    pub(crate) pull_started: Option<u64>,
    pub(crate) pull_stopped: Option<u64>,
    pub(crate) started: Option<u64>,
    pub(crate) stopping: Option<u64>,
    pub(crate) container_ended: Option<u64>,
    pub(crate) stopped: Option<u64>,
    pub(crate) stop_code: &'static str,
    pub(crate) stopped_reason: String,
    pub(crate) exit_code: Option<i32>,
    pub(crate) container_reason: Option<&'static str>,
    pub(crate) fate: Fate,
    /// What reached the log driver: absolute time and one log entry.
    pub(crate) entries: Vec<Entry>,
    /// What the program itself wrote, in order.
    pub(crate) wrote: Vec<Write>,
}

/// One entry of the log as the driver got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: u64,
    pub(crate) text: String,
}

/// How a container's time ends. Times in milliseconds after the container's start.
struct Run {
    /// The script's last moment.
    ends: Option<u64>,
    exit: Option<u8>,
    /// What the runner says last, if it can speak.
    trailer: Option<TrailerCause>,
    fate: Fate,
    last_words: Option<&'static str>,
    stop: (&'static str, &'static str),
    container_reason: Option<&'static str>,
}

const BY_ITSELF: (&str, &str) = ("EssentialContainerExited", "Essential container in task exited");
const SPOT: (&str, &str) = ("SpotInterruption", "Your Spot Task was interrupted.");
const HOST: (&str, &str) = (
    "TerminationNotice",
    "Host EC2 (instance i-0123456789abcdef0) terminated.",
);
const OUT_OF_MEMORY: &str = "OutOfMemoryError: Container killed due to memory usage";

impl Life {
    /// The life under these conditions. Without a command the runner did not understand its own.
    pub(crate) fn plan(command: Option<&Command>, conditions: &Conditions) -> Self {
        let mut draw = conditions.draw.clone();
        let timing = &conditions.timing;
        let pull_started = conditions.created + draw.within(&timing.provisioning);
        let pull_stopped = pull_started + draw.within(&timing.pull);
        let started = pull_stopped + draw.within(&timing.start);
        let leaving = draw.within(if conditions.ec2 {
            &timing.deprovisioning_ec2
        } else {
            &timing.deprovisioning
        });
        let mut life = Self {
            created: conditions.created,
            pull_started: Some(pull_started),
            pull_stopped: Some(pull_stopped),
            started: Some(started),
            stopping: None,
            container_ended: None,
            stopped: None,
            stop_code: BY_ITSELF.0,
            stopped_reason: BY_ITSELF.1.to_owned(),
            exit_code: None,
            container_reason: None,
            fate: Fate::Endless,
            entries: Vec::new(),
            wrote: Vec::new(),
        };
        let never = command.and_then(|command| match command.program.end {
            End::NotStarted(cause) => Some(cause),
            End::Exit(_)
            | End::Signal(_)
            | End::OutOfMemory
            | End::HostLost
            | End::SpotTaken
            | End::Never
            | End::Missing => None,
        });
        match (&conditions.stop, never) {
            (Some(stop), None) if stop.at < started => life.never_runs(stop.at, leaving, "UserInitiated", &stop.reason),
            (Some(stop), Some(_)) if stop.at < pull_stopped => {
                life.never_runs(stop.at, leaving, "UserInitiated", &stop.reason);
            }
            (_, Some(cause)) => life.never_runs(pull_stopped, leaving, "TaskFailedToStart", cause.text()),
            (stop, None) => match command {
                Some(command) => life.runs(command, started, leaving, stop.as_ref()),
                None => life.misunderstood(started, leaving),
            },
        }
        life
    }

    fn never_runs(&mut self, at: u64, leaving: u64, code: &'static str, reason: &str) {
        self.started = None;
        self.pull_started = self.pull_started.filter(|started| *started <= at);
        self.pull_stopped = self.pull_stopped.filter(|stopped| *stopped <= at);
        self.stopping = Some(at);
        self.stopped = Some(at + leaving);
        self.stop_code = code;
        reason.clone_into(&mut self.stopped_reason);
        self.fate = Fate::NeverRan;
    }

    /// The runner does not understand its own command line.
    fn misunderstood(&mut self, started: u64, leaving: u64) {
        let reason = "the command line was not understood".to_owned();
        self.entries.push(Entry {
            at: started + 1,
            text: format!("deploy-runner: {reason}"),
        });
        self.write_trailer(Encoder::new(), started + 1, 125, TrailerCause::FailedToStart { reason });
        self.exit_code = Some(125);
        self.fate = Fate::NeverRan;
        self.over(started + 2, leaving, None);
    }

    fn runs(&mut self, command: &Command, started: u64, leaving: u64, stop: Option<&Stop>) {
        let run = run(command, stop.map(|stop| stop.at - started));
        let ends = run.ends.unwrap_or(u64::MAX);
        self.wrote = command.program.writes().take_while(|write| write.at <= ends).collect();
        if let Some(words) = run.last_words {
            self.wrote.push(Write {
                at: ends,
                channel: Channel::Stdout,
                text: words.to_owned(),
            });
        }
        self.fate = run.fate;
        (self.stop_code, self.stopped_reason) = (run.stop.0, run.stop.1.to_owned());
        self.container_reason = run.container_reason;
        self.exit_code = run.exit.map(i32::from);
        if command.runner.is_some() {
            let encoder = self.write_frames(started);
            if let (Some(cause), Some(exit)) = (run.trailer, run.exit) {
                self.write_trailer(encoder, started + ends + RUNNER_ENDS, exit, cause);
            }
        } else {
            self.write_lines(started);
        }
        if let Some(ends) = run.ends {
            self.over(started + ends + RUNNER_ENDS, leaving, stop);
        }
    }

    /// The container has ended. A stop before that is the reason as ECS tells it, unless AWS took the place first (assumed, AWS documents neither).
    fn over(&mut self, ended: u64, leaving: u64, stop: Option<&Stop>) {
        self.container_ended = Some(ended);
        self.stopping = Some(ended);
        self.stopped = Some(ended + leaving);
        if let Some(stop) = stop.filter(|stop| stop.at < ended && self.fate != Fate::HostLost) {
            self.stopping = Some(stop.at);
            self.stop_code = "UserInitiated";
            stop.reason.clone_into(&mut self.stopped_reason);
        }
    }

    fn write_frames(&mut self, started: u64) -> Encoder {
        let mut encoder = Encoder::new();
        let mut bytes = Vec::new();
        for write in &self.wrote {
            bytes.clear();
            encoder.encode(write.channel, write.text.as_bytes(), &mut bytes);
            push_lines(&mut self.entries, started + write.at, &bytes);
        }
        encoder
    }

    fn write_trailer(&mut self, encoder: Encoder, at: u64, exit: u8, cause: TrailerCause) {
        let mut bytes = Vec::new();
        if encoder.finish(exit, cause, &mut bytes).is_ok() {
            push_lines(&mut self.entries, at, &bytes);
        }
    }

    fn write_lines(&mut self, started: u64) {
        for write in &self.wrote {
            push_lines(&mut self.entries, started + write.at, write.text.as_bytes());
        }
    }
}

fn push_lines(entries: &mut Vec<Entry>, at: u64, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    entries.extend(text.lines().map(|line| Entry {
        at,
        text: line.to_owned(),
    }));
}

/// Who wants the program to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AskedBy {
    Caller,
    Deadline,
    Spot,
}

fn run(command: &Command, stop: Option<u64>) -> Run {
    let program = &command.program;
    let natural = program.natural_end();
    let spot = natural.filter(|_| program.end == End::SpotTaken);
    let deadline = command.runner.map(|limits| limits.timeout);
    let first = [
        (stop, AskedBy::Caller),
        (spot, AskedBy::Spot),
        (deadline, AskedBy::Deadline),
    ]
    .into_iter()
    .filter_map(|(at, by)| at.map(|at| (at, by)))
    .min_by_key(|(at, _)| *at);
    match (natural, first) {
        (Some(natural), Some((at, _))) if program.end != End::SpotTaken && natural <= at => {
            ends_by_itself(command, natural)
        }
        (Some(natural), None) => ends_by_itself(command, natural),
        (_, Some((at, by))) => is_stopped(program, command.runner, at, by),
        (None, None) => Run {
            ends: None,
            exit: None,
            trailer: None,
            fate: Fate::Endless,
            last_words: None,
            stop: BY_ITSELF,
            container_reason: None,
        },
    }
}

fn ends_by_itself(command: &Command, ends: u64) -> Run {
    let (exit, trailer, fate) = match command.program.end {
        End::Exit(code) => (Some(code), Some(TrailerCause::Exited), Fate::Exited(code)),
        End::Signal(signal) => (
            Some(128 + signal),
            Some(TrailerCause::Signalled { signal }),
            Fate::Signalled(signal),
        ),
        End::OutOfMemory => (Some(128 + SIGKILL), None, Fate::OutOfMemory),
        End::Missing if command.runner.is_none() => (Some(127), None, Fate::Exited(127)),
        End::Missing => {
            let reason = format!("there is no script `{}` in this image", command.program.name);
            (Some(125), Some(TrailerCause::FailedToStart { reason }), Fate::NeverRan)
        }
        End::HostLost | End::SpotTaken | End::Never | End::NotStarted(_) => (None, None, Fate::HostLost),
    };
    Run {
        ends: Some(ends),
        exit,
        trailer,
        stop: if fate == Fate::HostLost { HOST } else { BY_ITSELF },
        container_reason: (fate == Fate::OutOfMemory).then_some(OUT_OF_MEMORY),
        fate,
        last_words: None,
    }
}

fn is_stopped(program: &Program, runner: Option<Limits>, at: u64, by: AskedBy) -> Run {
    let (takes, code, last_words) = match program.on_stop {
        OnStop::Die => (DYING, 128 + SIGTERM, None),
        OnStop::CleanUp => (CLEANING_UP, 7, Some("cleaned up\n")),
        OnStop::Ignore => {
            let kill = runner.map_or(ECS_STOP_TIMEOUT, |limits| limits.stop_timeout);
            (kill, 128 + SIGKILL, None)
        }
    };
    let (exit, cause, fate) = match by {
        AskedBy::Deadline => (124, TrailerCause::TimedOut, Fate::TimedOut),
        AskedBy::Caller => {
            let own = (code != 128 + SIGKILL).then_some(code);
            (code, TrailerCause::Stopped, Fate::Stopped(own))
        }
        AskedBy::Spot => (code, TrailerCause::Stopped, Fate::HostLost),
    };
    Run {
        ends: Some(at + takes),
        exit: Some(exit),
        trailer: Some(cause),
        stop: if by == AskedBy::Spot { SPOT } else { BY_ITSELF },
        container_reason: None,
        fate,
        last_words,
    }
}
