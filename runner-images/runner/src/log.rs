//! The job's output on its way into frames: a thread of its own, so that a slow log never delays a signal or the deadline.
//!
//! Never lets the job wait for a log that has failed: its output is then read and dropped, and the failure is reported.

mod framing;
mod pump;
mod reports;

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use protocol::frame::Cause;

use crate::job::Outputs;
use crate::mask::Masks;
use crate::wait;

use self::framing::Framing;
use self::pump::Pump;

/// How long what is left may take to be written, after the job's end.
const WRITE_PATIENCE: Duration = Duration::from_mins(1);

/// The last word of a log.
pub(crate) struct Verdict {
    pub(crate) exit: u8,
    pub(crate) cause: Cause,
}

/// Why the log is not complete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    #[error("cannot start the log: {0}")]
    Start(#[source] io::Error),
    #[error("cannot write the job's output: {0}: the log is incomplete and the job was stopped")]
    Write(#[source] io::Error),
    #[error("cannot write the trailer: {0}")]
    Trailer(#[source] io::Error),
    #[error("the job's output could not be written within {seconds} seconds after its end: the reader of standard output does not read", seconds = WRITE_PATIENCE.as_secs())]
    Blocked,
    #[error("the log ended before the job did")]
    Lost,
}

/// What the thread tells, a byte each.
mod told {
    pub(super) const CLOSED: u8 = b'c';
    pub(super) const FAILED: u8 = b'f';
}

/// The running log.
pub(crate) struct Log {
    thread: thread::JoinHandle<Result<(), LogError>>,
    news: UnixStream,
    /// Closing it tells the thread that the job is over.
    job_runs: UnixStream,
    verdict: Sender<Verdict>,
    closed: bool,
    failed: bool,
}

impl Log {
    /// Starts to read the job's outputs and to write frames to our standard output.
    pub(crate) fn start(outputs: Outputs, masks: &Masks) -> Result<Self, LogError> {
        let (news, tell) = UnixStream::pair().map_err(LogError::Start)?;
        let (job_runs, job_ended) = UnixStream::pair().map_err(LogError::Start)?;
        news.set_nonblocking(true).map_err(LogError::Start)?;
        let (verdict, verdicts) = channel();
        let sink = io::stdout().as_fd().try_clone_to_owned().map_err(LogError::Start)?;
        let framing = Framing::new(sink.into(), tell);
        let pump = Pump::new(outputs, masks, framing, job_ended);
        let thread = thread::Builder::new()
            .name("log".into())
            .spawn(move || pump.run(&verdicts))
            .map_err(LogError::Start)?;
        Ok(Self {
            thread,
            news,
            job_runs,
            verdict,
            closed: false,
            failed: false,
        })
    }

    /// Readable when there is news.
    pub(crate) fn news(&self) -> BorrowedFd<'_> {
        self.news.as_fd()
    }

    /// Takes the news.
    pub(crate) fn take(&mut self) {
        let mut bytes = [0; 8];
        loop {
            match (&self.news).read(&mut bytes) {
                Ok(0) => {
                    // The thread ended before it was told the verdict.
                    self.closed = true;
                    self.failed = true;
                    return;
                }
                Ok(count) => {
                    let bytes = bytes.get(..count).unwrap_or_default();
                    self.closed |= bytes.contains(&told::CLOSED);
                    self.failed |= bytes.contains(&told::FAILED);
                }
                Err(_nothing_more) => return,
            }
        }
    }

    /// Nobody can write to the job's outputs any more, and all that was written has been read.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Output could not be written.
    pub(crate) const fn has_failed(&self) -> bool {
        self.failed
    }

    /// Writes what is left, and the trailer. Nobody needs to write to the outputs any more, even if somebody still could.
    pub(crate) fn finish(self, verdict: Verdict) -> Result<(), LogError> {
        let give_up = Instant::now() + WRITE_PATIENCE;
        drop(self.job_runs);
        // It fails only when the thread has ended already, and then the thread's own result says why.
        drop(self.verdict.send(verdict));
        while !self.thread.is_finished() {
            if Instant::now() >= give_up {
                return Err(LogError::Blocked);
            }
            drain(&self.news);
            wait::readable(
                [self.news.as_fd()],
                give_up.min(Instant::now() + Duration::from_millis(5)),
            );
        }
        self.thread.join().unwrap_or(Err(LogError::Lost))
    }
}

fn drain(mut news: &UnixStream) {
    let mut bytes = [0; 8];
    while matches!(news.read(&mut bytes), Ok(1..)) {}
}

/// Tells the control loop. It fails only when that is gone, and then nobody needs to know.
fn tell(mut stream: &UnixStream, news: u8) {
    drop(stream.write_all(&[news]));
}
