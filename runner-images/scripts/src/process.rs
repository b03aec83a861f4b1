//! One child process at a time: started, waited for, stopped.
//!
//! Responsible for what happens to a child when the script is asked to stop, and that every child is reaped. A child is the
//! leader of its own process group, so that a Ctrl-C on a terminal reaches it once, through us, and never twice; but for one that
//! we run on behalf of another child.

mod lines;

use std::io::{self, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::exit_code::{INTERNAL, NOT_STARTED, TRY_AGAIN, UNAVAILABLE};
use crate::interruption::{Interruptions, Stopped, Wake};

pub use lines::run_with_lines;

/// How long a child that must stop gets before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How long the last words of a child that has ended are waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// So much of them is kept.
const TAIL_BYTES: usize = 16 * 1024;
/// More than git prints for anything we ask it.
const CAPTURE_LIMIT: u64 = 1024 * 1024;

/// Why a child's result is not known.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("cannot start `{program}`: {source}; put a program that this machine can run into the image")]
    Start {
        /// The program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// There is no room for another process or thread.
    #[error(
        "no room to run `{program}`: {source}; let less run at the same time, or give the task more, and try again"
    )]
    NoRoom {
        /// The program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// It could not be waited for.
    #[error("cannot wait for `{program}`: {source}")]
    Wait {
        /// The program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The script was asked to stop, and stopped the child.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// It took too long and was stopped.
    #[error(
        "`{program}` was stopped because it took too long: look at the network and at the size of what it works on"
    )]
    TooSlow {
        /// The program.
        program: String,
    },
}

impl ProcessError {
    /// What it is called that a program could not be started.
    pub(crate) fn not_started(program: String, source: io::Error) -> Self {
        let reason = source.raw_os_error().map(Errno::from_raw);
        match reason {
            Some(Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE) => Self::NoRoom { program, source },
            _ => Self::Start { program, source },
        }
    }

    /// What a script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Start { .. } => NOT_STARTED,
            Self::NoRoom { .. } => TRY_AGAIN,
            Self::Wait { .. } => INTERNAL,
            Self::Stopped(stopped) => stopped.exit_code(),
            Self::TooSlow { .. } => UNAVAILABLE,
        }
    }
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Exited(u8),
    /// By this signal.
    Signalled(u8),
}

impl Ended {
    /// The code that says the same in one byte, as shells have it.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Signalled(signal) => 128_u8.saturating_add(signal),
        }
    }

    /// Whether it exited with 0.
    pub fn is_success(self) -> bool {
        self == Self::Exited(0)
    }

    fn of(status: ExitStatus) -> Self {
        let byte = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(byte(code)),
            (None, signal) => Self::Signalled(byte(signal.unwrap_or_default())),
        }
    }
}

/// What a child printed and how it ended.
#[derive(Debug)]
pub struct Captured {
    /// How it ended.
    pub ended: Ended,
    /// Its standard output, up to a limit of 1 MiB.
    pub stdout: Vec<u8>,
    /// Its standard error, up to a limit.
    pub stderr: String,
}

impl Captured {
    /// Its standard output as text; bytes that are none are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// Runs a child and keeps what it prints. A stop or the end of the time stops it.
pub fn capture(
    command: &mut Command,
    input: Stdio,
    limit: Instant,
    interruptions: &mut Interruptions,
) -> Result<Captured, ProcessError> {
    let mut child = Running::start(command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let stdout = child.process.stdout.take().map(collect).transpose();
    let stdout = child.if_there_is_room(stdout)?;
    let stderr = child.process.stderr.take().map(collect).transpose();
    let stderr = child.if_there_is_room(stderr)?;
    let ended = child.wait_or_stop(Some(limit), interruptions)?;
    Ok(Captured {
        ended,
        stdout: bytes_of(stdout),
        stderr: String::from_utf8_lossy(&bytes_of(stderr)).into_owned(),
    })
}

/// Runs a child to its end. A stop stops it, soon and for certain.
pub fn run_briefly(command: &mut Command, interruptions: &mut Interruptions) -> Result<Ended, ProcessError> {
    Running::start(command.stdin(Stdio::null()))?.wait_or_stop(None, interruptions)
}

/// The same, with its standard error passed through our hands: its last part is answered too.
pub fn run_briefly_hearing(
    command: &mut Command,
    interruptions: &mut Interruptions,
) -> Result<(Ended, String), ProcessError> {
    let mut child = Running::start(command.stdin(Stdio::null()).stderr(Stdio::piped()))?;
    let heard = child.hear()?;
    let ended = child.wait_or_stop(None, interruptions)?;
    Ok((ended, last_words(&heard)))
}

/// Runs a child to its own end, however long that takes. The first stop is forwarded to it, once: a second signal makes
/// Terraform give up its state.
pub fn run_to_the_end(
    command: &mut Command,
    interruptions: &mut Interruptions,
    on_stop: impl Fn(Stopped),
) -> Result<Ended, ProcessError> {
    interruptions.check()?;
    Running::start(command.stdin(Stdio::null()))?.forward_until_the_end(interruptions, on_stop)
}

/// The same, with its standard error passed through our hands: its last part is answered too.
pub fn run_to_the_end_hearing(
    command: &mut Command,
    interruptions: &mut Interruptions,
    on_stop: impl Fn(Stopped),
) -> Result<(Ended, String), ProcessError> {
    interruptions.check()?;
    let mut child = Running::start(command.stdin(Stdio::null()).stderr(Stdio::piped()))?;
    let heard = child.hear()?;
    let ended = child.forward_until_the_end(interruptions, on_stop)?;
    Ok((ended, last_words(&heard)))
}

/// Runs a child that stays in our process group, since somebody above us may kill that, and forwards the first stop to it.
pub fn run_to_the_end_beside(command: &mut Command, interruptions: &mut Interruptions) -> Result<Ended, ProcessError> {
    Running::spawn(command.stdin(Stdio::null()))?.forward_until_the_end(interruptions, |_| {})
}

fn last_words(heard: &Receiver<Vec<u8>>) -> String {
    let tail = heard.recv_timeout(LAST_WORDS).unwrap_or_default();
    String::from_utf8_lossy(&tail).into_owned()
}

struct Running {
    process: Child,
    program: String,
}

impl Running {
    fn start(command: &mut Command) -> Result<Self, ProcessError> {
        Self::spawn(command.process_group(0))
    }

    fn spawn(command: &mut Command) -> Result<Self, ProcessError> {
        let program = command.get_program().to_string_lossy().into_owned();
        match command.spawn() {
            Ok(process) => Ok(Self { process, program }),
            Err(source) => Err(ProcessError::not_started(program, source)),
        }
    }

    /// A child whose output nobody could read is ended before it did anything much.
    fn if_there_is_room<T>(&mut self, thread: io::Result<T>) -> Result<T, ProcessError> {
        thread.map_err(|source| {
            self.signal_group(Signal::SIGKILL);
            self.process.wait().ok();
            ProcessError::NoRoom {
                program: self.program.clone(),
                source,
            }
        })
    }

    /// Passes its standard error on; the last part of it comes when the stream ends.
    fn hear(&mut self) -> Result<Receiver<Vec<u8>>, ProcessError> {
        let (sender, heard) = channel();
        // Joined by the channel: it ends with the stream, which something in the background may hold open.
        let listening = self
            .process
            .stderr
            .take()
            .map(|stderr| thread::Builder::new().spawn(move || sender.send(pass_on(stderr))));
        self.if_there_is_room(listening.transpose())?;
        Ok(heard)
    }

    fn forward_until_the_end(
        mut self,
        interruptions: &mut Interruptions,
        on_stop: impl Fn(Stopped),
    ) -> Result<Ended, ProcessError> {
        loop {
            if let Some(ended) = self.poll()? {
                return Ok(ended);
            }
            if let Wake::Stop(stopped) = interruptions.wait_until(None) {
                on_stop(stopped);
                self.signal(stopped.to_forward());
            }
        }
    }

    fn poll(&mut self) -> Result<Option<Ended>, ProcessError> {
        match self.process.try_wait() {
            Ok(status) => Ok(status.map(Ended::of)),
            Err(source) => Err(ProcessError::Wait {
                program: self.program.clone(),
                source,
            }),
        }
    }

    fn wait_or_stop(
        &mut self,
        limit: Option<Instant>,
        interruptions: &mut Interruptions,
    ) -> Result<Ended, ProcessError> {
        loop {
            if let Some(ended) = self.poll()? {
                return Ok(ended);
            }
            match interruptions.wait_until(limit) {
                Wake::Stop(stopped) => {
                    self.end(interruptions)?;
                    return Err(stopped.into());
                }
                Wake::TimeOver if limit.is_some_and(|at| Instant::now() >= at) => {
                    self.end(interruptions)?;
                    return Err(ProcessError::TooSlow {
                        program: self.program.clone(),
                    });
                }
                Wake::Child | Wake::TimeOver => {}
            }
        }
    }

    /// Asks the whole group to stop, and kills what is left after the grace.
    fn end(&mut self, interruptions: &mut Interruptions) -> Result<(), ProcessError> {
        self.signal_group(Signal::SIGTERM);
        let limit = Instant::now() + GRACE;
        while self.poll()?.is_none() && Instant::now() < limit {
            interruptions.wait_until(Some(limit));
        }
        self.signal_group(Signal::SIGKILL);
        self.process.wait().map_err(|source| ProcessError::Wait {
            program: self.program.clone(),
            source,
        })?;
        Ok(())
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.process.id()).ok().map(Pid::from_raw)
    }

    // A child that is gone already needs no signal: that is the only way these can fail.
    fn signal(&self, signal: Signal) {
        self.pid().and_then(|pid| kill(pid, signal).ok());
    }

    fn signal_group(&self, signal: Signal) {
        self.pid().and_then(|pid| killpg(pid, signal).ok());
    }
}

/// Writes a stream to our standard error as it comes, and keeps the last part of it.
fn pass_on(mut stream: impl Read) -> Vec<u8> {
    let mut tail = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let bytes = buffer.get(..count).unwrap_or_default();
        // Nobody may be reading any more; that must not change how a deployment ends.
        drop(io::stderr().lock().write_all(bytes));
        tail.extend_from_slice(bytes);
        tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
    }
    tail
}

/// Reads a stream to its end so that the child never blocks, and keeps the first part of it.
fn collect(mut stream: impl Read + Send + 'static) -> io::Result<JoinHandle<Vec<u8>>> {
    thread::Builder::new().spawn(move || {
        let mut kept = Vec::new();
        // A stream that breaks has ended: what was read until then is what there is.
        let _read = stream.by_ref().take(CAPTURE_LIMIT).read_to_end(&mut kept);
        let _rest = io::copy(&mut stream, &mut io::sink());
        kept
    })
}

fn bytes_of(reader: Option<JoinHandle<Vec<u8>>>) -> Vec<u8> {
    reader.and_then(|thread| thread.join().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_before_the_tool_starts_keeps_it_from_starting() {
        let place = tempfile::tempdir().unwrap();
        let mark = place.path().join("mark");
        let (sender, signals) = channel();
        sender.send(signal_hook::consts::SIGTERM).unwrap();
        let mut interruptions = Interruptions::from_channel(signals);
        let result = run_to_the_end(Command::new("touch").arg(&mark), &mut interruptions, |_| {});
        assert!(
            matches!(result, Err(ProcessError::Stopped(Stopped::Terminated))),
            "{result:?}"
        );
        assert!(!mark.exists());
    }

    #[test]
    fn a_child_that_takes_too_long_is_stopped_with_its_group() {
        let (_sender, signals) = channel();
        let mut interruptions = Interruptions::from_channel(signals);
        let started = Instant::now();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & wait"]);
        let result = capture(
            &mut command,
            Stdio::null(),
            started + Duration::from_millis(100),
            &mut interruptions,
        );
        assert!(
            matches!(&result, Err(ProcessError::TooSlow { program }) if program == "sh"),
            "{result:?}"
        );
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_child_that_nobody_could_listen_to_is_ended() {
        let mut child = Running::start(Command::new("sleep").arg("60")).unwrap();
        let pid = child.pid().unwrap();
        let error = child.if_there_is_room::<()>(Err(Errno::EAGAIN.into())).unwrap_err();
        assert_eq!(error.exit_code(), TRY_AGAIN);
        assert_eq!(kill(pid, None), Err(Errno::ESRCH));
    }

    #[test]
    fn a_lack_of_room_is_told_apart_from_a_program_that_cannot_run() {
        let code = |reason: Errno| ProcessError::not_started("git".to_owned(), reason.into()).exit_code();
        for reason in [Errno::EAGAIN, Errno::ENOMEM, Errno::EMFILE, Errno::ENFILE] {
            assert_eq!(code(reason), TRY_AGAIN, "{reason}");
        }
        for reason in [Errno::EACCES, Errno::ENOEXEC, Errno::ENOENT] {
            assert_eq!(code(reason), NOT_STARTED, "{reason}");
        }
    }

    #[test]
    fn more_output_than_is_kept_does_not_block_the_child() {
        let mut interruptions = Interruptions::catch().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "head -c 3000000 /dev/zero; echo end >&2"]);
        let captured = capture(
            &mut command,
            Stdio::null(),
            Instant::now() + Duration::from_mins(1),
            &mut interruptions,
        )
        .unwrap();
        assert_eq!((captured.ended, captured.stderr.as_str()), (Ended::Exited(0), "end\n"));
        assert_eq!(captured.stdout.len(), 1024 * 1024);
    }
}
