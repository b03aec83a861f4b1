//! Starts the sandbox and brings it to the point where the runner takes over.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::FdFlags;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::Deserialize;

use super::arguments;
use crate::config::bubblewrap_missing;
use crate::enter::{Order, Report};
use crate::state::{Sandbox, SandboxRecord, StateError, StatusRecord, private_dir, write_whole};
use crate::supervisor::ceiling::Ceilings;
use crate::supervisor::{Job, report, start_ticks};

/// A sandbox is up within this time; it needs a few dozen milliseconds.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// What bubblewrap says about its child is far shorter.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// A sandbox in which the runner is.
#[derive(Debug)]
pub(super) struct Running {
    /// bubblewrap.
    pub(super) bwrap: Child,
    /// Tells when bubblewrap is over.
    pub(super) bwrap_fd: OwnedFd,
    /// The runner, process 1 of the sandbox. A descriptor cannot come to mean another process.
    pub(super) runner: OwnedFd,
    /// bubblewrap tells its child's exit there; with nobody listening, it would be ended by a signal.
    _told: BufReader<File>,
    /// Where [`Report::Failed`] would come from.
    reports: BufReader<UnixStream>,
}

impl Running {
    /// The runner could not be started after all. To be asked when the sandbox is over.
    pub(super) fn late_failure(&mut self) -> Option<String> {
        match next_report(&mut self.reports) {
            Ok(Report::Failed { reason }) => Some(reason),
            Ok(Report::Ready { .. }) | Err(_) => None,
        }
    }
}

/// Starts the sandbox. The error is the reason why nothing runs.
pub(super) fn start(
    job: &Job,
    record: &SandboxRecord,
    secrets: BTreeMap<String, String>,
    ceilings: &Ceilings,
    status: &mut StatusRecord,
) -> Result<Running, String> {
    prepare_folders(job).map_err(|error| error.to_string())?;
    let mut pipes = Pipes::new().map_err(|error| format!("the sandbox's pipes cannot be made: {error}"))?;
    let mut bwrap = spawn(job, record, &mut pipes)?;
    let begun = begin(job, secrets, ceilings, status, &mut bwrap, pipes);
    match begun {
        Ok(begun) => Ok(Running {
            bwrap,
            bwrap_fd: begun.bwrap_fd,
            runner: begun.runner,
            _told: begun.told,
            reports: begun.reports,
        }),
        Err(reason) => {
            // It dies with its child, and may be dead already.
            drop(bwrap.kill());
            drop(bwrap.wait());
            Err(report::why_no_sandbox(&job.dir, &reason))
        }
    }
}

struct Begun {
    bwrap_fd: OwnedFd,
    runner: OwnedFd,
    told: BufReader<File>,
    reports: BufReader<UnixStream>,
}

fn begin(
    job: &Job,
    secrets: BTreeMap<String, String>,
    ceilings: &Ceilings,
    status: &mut StatusRecord,
    bwrap: &mut Child,
    pipes: Pipes,
) -> Result<Begun, String> {
    let system = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    let bwrap_pid = Pid::from_child(bwrap);
    let bwrap_fd = pidfd_open(bwrap_pid, PidfdFlags::empty()).map_err(system("bubblewrap cannot be watched"))?;
    let Open { told, release, socket } = pipes.keep_ours();
    let mut told = BufReader::new(File::from(told));
    let child = child_pid(&mut told)?;
    let pid = Pid::from_raw(child).ok_or("bubblewrap names no process")?;
    let runner = pidfd_open(pid, PidfdFlags::empty()).map_err(system("the sandbox cannot be watched"))?;
    status.sandbox = start_ticks(child).map(|start_ticks| Sandbox {
        pid: child,
        start_ticks,
    });
    ceilings.take_in(&[bwrap_pid.as_raw_nonzero().get(), child])?;
    job.dir.set_status(status).map_err(|error| error.to_string())?;
    drop(release);

    let order = Order {
        environment: job.decision.environment.clone().into_iter().chain(secrets).collect(),
        writable: arguments::writable(job),
        data_bytes: ceilings.data_bytes(),
        command: arguments::runner_command(job),
    };
    let mut reports = BufReader::new(socket);
    send(reports.get_mut(), &order).map_err(|error| format!("the sandbox cannot be reached: {error}"))?;
    match next_report(&mut reports)? {
        Report::Ready { notices } => {
            status.notices.extend(notices);
            Ok(Begun {
                bwrap_fd,
                runner,
                told,
                reports,
            })
        }
        Report::Failed { reason } => {
            // Dead already, or it dies with bubblewrap.
            pidfd_send_signal(&runner, Signal::KILL).ok();
            Err(reason)
        }
    }
}

/// The folders that the sandbox shows, and names for the user that it runs as.
fn prepare_folders(job: &Job) -> Result<(), StateError> {
    for name in job.decision.volumes.keys() {
        private_dir(&job.launch.volumes_dir.join(name))?;
    }
    let own = job.dir.path();
    write_whole(
        &own.join("passwd"),
        b"job:x:1000:1000:job:/home/job:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    )?;
    write_whole(&own.join("group"), b"job:x:1000:\nnogroup:x:65534:\n")
}

/// The ends of three channels: what bubblewrap tells, what it waits for, and the order to the last step inside.
struct Pipes {
    told: (OwnedFd, OwnedFd),
    wait: (OwnedFd, OwnedFd),
    ours: UnixStream,
    theirs: Option<UnixStream>,
}

/// Our ends; with theirs closed, the end of the sandbox is the end of each.
struct Open {
    told: OwnedFd,
    release: OwnedFd,
    socket: UnixStream,
}

impl Pipes {
    fn new() -> io::Result<Self> {
        let told = rustix::pipe::pipe()?;
        let wait = rustix::pipe::pipe()?;
        for ours in [&told.0, &wait.1] {
            rustix::io::fcntl_setfd(ours, FdFlags::CLOEXEC)?;
        }
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(START_TIMEOUT))?;
        ours.set_write_timeout(Some(START_TIMEOUT))?;
        Ok(Self {
            told,
            wait,
            ours,
            theirs: Some(theirs),
        })
    }

    fn keep_ours(self) -> Open {
        Open {
            told: self.told.0,
            release: self.wait.1,
            socket: self.ours,
        }
    }
}

fn spawn(job: &Job, record: &SandboxRecord, pipes: &mut Pipes) -> Result<Child, String> {
    let stdin = pipes
        .theirs
        .take()
        .map_or_else(Stdio::null, |end| Stdio::from(OwnedFd::from(end)));
    let mut args = vec![
        OsString::from("--json-status-fd"),
        pipes.told.1.as_raw_fd().to_string().into(),
        "--block-fd".into(),
        pipes.wait.0.as_raw_fd().to_string().into(),
    ];
    args.extend(arguments::arguments(job, record));
    args.push("--".into());
    args.extend(arguments::entry().map(OsString::from));
    Command::new(&record.bwrap)
        .args(args)
        .env_clear()
        .current_dir("/")
        .stdin(stdin)
        .stdout(append(&job.dir.frames())?)
        .stderr(append(&job.dir.diagnostics())?)
        .spawn()
        .map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                bubblewrap_missing(&record.bwrap)
            } else {
                format!("bubblewrap (`{}`) cannot be started: {error}", record.bwrap.display())
            }
        })
}

fn append(path: &Path) -> Result<File, String> {
    OpenOptions::new()
        .append(true)
        .open(path)
        .map_err(StateError::io("open", path))
        .map_err(|error| error.to_string())
}

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "child-pid")]
    child_pid: i32,
}

fn child_pid(told: &mut BufReader<File>) -> Result<i32, String> {
    let timeout = Timespec::try_from(START_TIMEOUT).map_err(|error| error.to_string())?;
    match poll(
        &mut [PollFd::from_borrowed_fd(told.get_ref().as_fd(), PollFlags::IN)],
        Some(&timeout),
    ) {
        Ok(0) => return Err("bubblewrap did not start its child in time".to_owned()),
        Ok(_) => {}
        Err(error) => return Err(format!("bubblewrap cannot be heard: {error}")),
    }
    let mut line = String::new();
    told.by_ref()
        .take(MAX_LINE_BYTES)
        .read_line(&mut line)
        .map_err(|error| format!("bubblewrap cannot be heard: {error}"))?;
    serde_json::from_str::<Told>(&line)
        .map(|told| told.child_pid)
        .map_err(|_nothing_said| "bubblewrap ended before the sandbox was up".to_owned())
}

fn send(socket: &mut UnixStream, order: &Order) -> io::Result<()> {
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    socket.write_all(&line)
}

fn next_report(reports: &mut BufReader<UnixStream>) -> Result<Report, String> {
    let mut line = String::new();
    reports
        .by_ref()
        .take(MAX_LINE_BYTES)
        .read_line(&mut line)
        .map_err(|error| format!("the sandbox did not answer: {error}"))?;
    serde_json::from_str(&line).map_err(|_nothing_said| "the sandbox ended before the runner was in it".to_owned())
}
