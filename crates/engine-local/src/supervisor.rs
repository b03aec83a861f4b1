//! One process for each run: starts it in what holds it, watches it, and writes down how it ended.
//!
//! Never decides what may run and never guesses how it ended. Its standard error is the run's lock: as long as it lives, nobody else is in charge.

mod ceiling;
mod cgroup;
mod container;
mod ending;
mod report;
mod room;
mod sandbox;
mod stop;
mod watch;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use gatekeeper::compiled::Entrypoint;
use jiff::Timestamp;
use protocol::{Ending, Phase, Timings};
use rustix::process::{DumpableBehavior, set_dumpable_behavior, setsid};

use crate::handover::{Ack, Payload};
use crate::signals::watched_signals;
use crate::state::{
    DecisionRecord, EndingRecord, LaunchRecord, RequestRecord, RoomRecord, RunDir, StateError, StatusRecord, now,
};
use container::ContainerRoom;
use room::{NotInside, Room};
use sandbox::SandboxRoom;
use stop::Stop;

pub(crate) use cgroup::remove_all as remove_cgroups;

/// Why a supervisor gave up before it had a run to supervise.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SuperviseError {
    #[error("cannot {0}: {1}")]
    System(&'static str, io::Error),
    #[error("the launcher ended before it had said everything: nothing has run")]
    NoPayload,
    #[error(transparent)]
    State(#[from] StateError),
}

/// Everything that is known about a run before it starts.
#[derive(Debug)]
struct Job {
    dir: RunDir,
    request: RequestRecord,
    decision: DecisionRecord,
    launch: LaunchRecord,
}

/// Starts the supervisor proper in a session of its own, with this process's input, output and lock, and ends: the supervisor
/// is then nobody's child, and neither a terminal nor a dying parent reaches it.
pub(crate) fn detach(dir: &Path) -> Result<(), SuperviseError> {
    setsid().map_err(|error| SuperviseError::System("leave the session", error.into()))?;
    let program = std::env::current_exe().map_err(|error| SuperviseError::System("find this program", error))?;
    Command::new(program)
        .arg("supervise-detached")
        .arg(dir)
        .env_clear()
        .spawn()
        .map(drop)
        .map_err(|error| SuperviseError::System("start the supervisor", error))
}

/// Supervises one run from its start to its end.
pub(crate) fn supervise(dir: &Path) -> Result<(), SuperviseError> {
    protect()?;
    let secrets = receive_secrets()?;
    let job = Job::read(dir)?;
    match job.launch.room.clone() {
        RoomRecord::Sandbox(record) => supervise_in::<SandboxRoom>(&job, secrets, record),
        RoomRecord::Container(record) => supervise_in::<ContainerRoom>(&job, secrets, record),
    }
}

fn supervise_in<Holder: Room>(
    job: &Job,
    secrets: BTreeMap<String, String>,
    record: Holder::Record,
) -> Result<(), SuperviseError> {
    let mut launcher = Launcher { answered: false };
    let (mut room, status) = match prepare::<Holder>(job, record) {
        Ok(prepared) => prepared,
        Err(error) => {
            launcher.hears(&Ack::Refused {
                reason: error.to_string(),
            });
            return Err(error);
        }
    };
    let outcome = run(job, secrets, &mut room, status, &mut launcher);
    finish(job, room, outcome)
}

/// How a run went, as far as its processes can tell.
struct Outcome {
    facts: ending::Facts,
    status: StatusRecord,
    started: Instant,
    running: Option<Instant>,
}

fn run(
    job: &Job,
    secrets: BTreeMap<String, String>,
    room: &mut impl Room,
    mut status: StatusRecord,
    launcher: &mut Launcher,
) -> Outcome {
    let started = Instant::now();
    let mut stop = Stop::new(job);
    let entered = room.enter(job, secrets, &mut status, &mut stop, launcher);
    launcher.hears_of_supervision(&status);
    let (facts, running) = match entered {
        Ok(mut inside) => {
            let running = Instant::now();
            stop.runs_since(running);
            status.running = Some(now());
            set_phase(job, &mut status, Phase::Running);
            (watch::watch(job, &mut inside, &mut status, &mut stop), Some(running))
        }
        Err(NotInside::Failed(reason)) => (ending::Facts::failed_to_start(reason), None),
        Err(NotInside::Asked(asked)) => (ending::Facts::NeverRan { asked }, None),
    };
    Outcome {
        facts,
        status,
        started,
        running,
    }
}

/// Leaves nothing behind, then tells how it ended: whoever reads the ending finds the place clean.
fn finish(job: &Job, room: impl Room, outcome: Outcome) -> Result<(), SuperviseError> {
    let ended = Instant::now();
    let left = room.leave(job, &outcome.status);
    let mut notices = outcome.status.notices.clone();
    notices.extend(left.notices);
    let disk_full = report::disk_is_full(&job.dir);
    if let Err(error) = job.dir.remove_scratch() {
        notices.push(format!("the work folder of this run is left behind: {error}"));
    }
    let evidence = ending::Evidence {
        witness: match job.decision.entrypoint {
            Entrypoint::DeployRunner => ending::Witness::Runner(report::trailer(&job.dir)),
            Entrypoint::Image => ending::Witness::Nobody,
        },
        oom_kills: left.oom_kills,
        disk_full,
        limit_mib: job.request.size.memory,
        timeout_seconds: job.decision.timeout_seconds,
    };
    let ending = ending::judge(outcome.facts, &evidence);
    let record = EndingRecord {
        ended: now(),
        timings: timings(
            &ending,
            job.request.created,
            &outcome.status,
            outcome.started,
            outcome.running,
            ended,
        ),
        ending,
        notices,
    };
    job.dir.set_ending(&record).map_err(SuperviseError::State)
}

fn timings(
    ending: &Ending,
    created: Timestamp,
    status: &StatusRecord,
    started: Instant,
    running: Option<Instant>,
    ended: Instant,
) -> Timings {
    let millis = |from: Instant, to: Instant| u64::try_from((to - from).as_millis()).ok();
    let never_ran = matches!(ending, Ending::FailedToStart { .. });
    Timings {
        queued_ms: u64::try_from(status.started.duration_since(created).as_millis()).ok(),
        pull_ms: status.pull_ms,
        start_ms: running.and_then(|running| millis(started, running)),
        run_ms: running
            .filter(|_| !never_ran)
            .and_then(|running| millis(running, ended)),
        drain_ms: None,
    }
}

/// Nobody may read this process's memory, and no signal ends it before it has written the ending.
fn protect() -> Result<(), SuperviseError> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| SuperviseError::System("protect this process's memory", error.into()))?;
    watched_signals()
        .thread_block()
        .map_err(|error| SuperviseError::System("block signals", error.into()))
}

fn receive_secrets() -> Result<BTreeMap<String, String>, SuperviseError> {
    let mut bytes = Vec::new();
    io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| SuperviseError::System("hear the launcher", error))?;
    let payload: Payload = serde_json::from_slice(&bytes).map_err(|_cut_off| SuperviseError::NoPayload)?;
    Ok(payload.into_secrets())
}

fn prepare<Holder: Room>(job: &Job, record: Holder::Record) -> Result<(Holder, StatusRecord), SuperviseError> {
    job.dir.reserve_ending()?;
    let (room, notices) = Holder::prepare(job, record);
    let status = StatusRecord {
        phase: Phase::Starting,
        started: now(),
        running: None,
        notices: job.launch.notices.iter().cloned().chain(notices).collect(),
        cgroups: room.cgroups(),
        sandbox: None,
        volumes: Vec::new(),
        pull_ms: None,
    };
    if let Err(error) = job.dir.set_status(&status) {
        // The first error is the one that helps.
        drop(room.leave(job, &status));
        return Err(error.into());
    }
    Ok((room, status))
}

/// A phase that cannot be written down is told too late, but never wrongly: the ending has its own room on the disk.
fn set_phase(job: &Job, status: &mut StatusRecord, phase: Phase) {
    status.phase = phase;
    if let Err(error) = job.dir.set_status(status) {
        note(&error.to_string());
    }
}

/// Whoever launched the run, and waits for one answer. May be gone.
struct Launcher {
    answered: bool,
}

impl Launcher {
    /// The run is in good hands, whatever becomes of it. Said once.
    fn hears_of_supervision(&mut self, status: &StatusRecord) {
        self.hears(&Ack::Supervised {
            notices: status.notices.clone(),
        });
    }

    fn hears(&mut self, ack: &Ack) {
        if std::mem::replace(&mut self.answered, true) {
            return;
        }
        if let Ok(mut line) = serde_json::to_vec(ack) {
            line.push(b'\n');
            drop(io::stdout().write_all(&line).and_then(|()| io::stdout().flush()));
        }
        if let Ok(null) = std::fs::OpenOptions::new().write(true).open("/dev/null") {
            rustix::stdio::dup2_stdout(null).ok();
        }
    }
}

/// Writes a line into the supervisor's own log.
fn note(text: &str) {
    drop(writeln!(io::stderr(), "{} {text}", now()));
}

impl Job {
    fn read(dir: &Path) -> Result<Self, StateError> {
        let dir = RunDir::new(dir.to_owned());
        Ok(Self {
            request: dir.request()?,
            decision: dir.decision()?,
            launch: dir.launch()?,
            dir,
        })
    }
}

/// Field 22 of `/proc/PID/stat`, counted behind the name, which may hold anything.
pub(crate) fn start_ticks(pid: i32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19)?.parse().ok()
}
