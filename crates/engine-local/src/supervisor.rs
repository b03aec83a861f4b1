//! One process for each run: starts the sandbox, watches it, and writes down how it ended.
//!
//! Never decides what may run and never guesses how it ended. Its standard error is the run's lock: as long as it lives, nobody else is in charge.

mod ceiling;
mod cgroup;
mod ending;
mod report;
mod sandbox;
mod start;
mod watch;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use jiff::Timestamp;
use protocol::{Ending, Phase, Timings};
use rustix::process::{DumpableBehavior, set_dumpable_behavior, setsid};

use crate::handover::{Ack, Payload};
use crate::signals::watched_signals;
use crate::state::{DecisionRecord, EndingRecord, LaunchRecord, RequestRecord, RunDir, StateError, StatusRecord, now};

pub(crate) use cgroup::remove_all as remove_cgroups;
pub(crate) use start::start_ticks;

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
    let (ceilings, status) = match prepare(&job) {
        Ok(prepared) => prepared,
        Err(error) => {
            answer(&Ack::Refused {
                reason: error.to_string(),
            });
            return Err(error);
        }
    };
    let started = Instant::now();
    let outcome = run(&job, secrets, &ceilings, status, started);
    finish(&job, &ceilings, outcome)
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
    ceilings: &ceiling::Ceilings,
    mut status: StatusRecord,
    started: Instant,
) -> Outcome {
    let began = start::start(job, secrets, ceilings, &mut status);
    answer(&Ack::Supervised {
        notices: status.notices.clone(),
    });
    match began {
        Ok(sandbox) => {
            let running = Instant::now();
            status.running = Some(now());
            set_phase(job, &mut status, Phase::Running);
            Outcome {
                facts: watch::watch(job, sandbox, &mut status, running),
                status,
                started,
                running: Some(running),
            }
        }
        Err(reason) => Outcome {
            facts: ending::Facts::failed_to_start(reason),
            status,
            started,
            running: None,
        },
    }
}

/// Leaves nothing behind, then tells how it ended: whoever reads the ending finds the place clean.
fn finish(job: &Job, ceilings: &ceiling::Ceilings, outcome: Outcome) -> Result<(), SuperviseError> {
    let ended = Instant::now();
    let oom_kills = ceilings.oom_kills();
    let mut notices = outcome.status.notices;
    if let Err(error) = ceilings.remove() {
        notices.push(format!("a control group of this run is left behind: {error}"));
    }
    let disk_full = report::disk_is_full(&job.dir);
    if let Err(error) = job.dir.remove_scratch() {
        notices.push(format!("the work folder of this run is left behind: {error}"));
    }
    let evidence = ending::Evidence {
        trailer: report::trailer(&job.dir),
        oom_kills,
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
            &outcome.status.started,
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
    placed: &Timestamp,
    started: Instant,
    running: Option<Instant>,
    ended: Instant,
) -> Timings {
    let millis = |from: Instant, to: Instant| u64::try_from((to - from).as_millis()).ok();
    let never_ran = matches!(ending, Ending::FailedToStart { .. });
    Timings {
        queued_ms: u64::try_from(placed.duration_since(created).as_millis()).ok(),
        pull_ms: None,
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

fn prepare(job: &Job) -> Result<(ceiling::Ceilings, StatusRecord), SuperviseError> {
    job.dir.reserve_ending()?;
    let (ceilings, notices) = ceiling::Ceilings::set(job.request.run, job.request.size);
    let status = StatusRecord {
        phase: Phase::Starting,
        started: now(),
        running: None,
        notices,
        cgroups: ceilings.cgroups().to_vec(),
        sandbox: None,
    };
    if let Err(error) = job.dir.set_status(&status) {
        // The first error is the one that helps.
        drop(ceilings.remove());
        return Err(error.into());
    }
    Ok((ceilings, status))
}

/// A phase that cannot be written down is told too late, but never wrongly: the ending has its own room on the disk.
fn set_phase(job: &Job, status: &mut StatusRecord, phase: Phase) {
    status.phase = phase;
    if let Err(error) = job.dir.set_status(status) {
        note(&error.to_string());
    }
}

/// Tells the launcher, which may be gone.
fn answer(ack: &Ack) {
    if let Ok(mut line) = serde_json::to_vec(ack) {
        line.push(b'\n');
        drop(io::stdout().write_all(&line).and_then(|()| io::stdout().flush()));
    }
    if let Ok(null) = std::fs::OpenOptions::new().write(true).open("/dev/null") {
        rustix::stdio::dup2_stdout(null).ok();
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
