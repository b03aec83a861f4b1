//! A container that runs: its output, its signals, and how it ended.

use std::fs;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bollard::container::LogOutput;
use bollard::errors::Error;
use futures_util::stream::{Stream, StreamExt};
use rustix::process::Signal;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::log::Log;
use crate::containers::{Client, EngineError, State, one_line};
use crate::observe::end_process;
use crate::state::Sandbox;
use crate::supervisor::ending::Exit;
use crate::supervisor::note;
use crate::supervisor::room::Inside;
use crate::supervisor::watch::catches_term;

/// An engine knows how a container ended within this time after the end of its output, and a daemon that is being restarted is back.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(5);
const SETTLE_LOOK: Duration = Duration::from_millis(20);
/// How often the engine is asked about a container that says nothing.
const SILENT_LOOK: Duration = Duration::from_secs(5);

/// What a container writes.
pub(super) type Output = Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>;

/// A container that has been started.
pub(in crate::supervisor) struct InContainer {
    pub(super) runtime: Rc<Runtime>,
    pub(super) client: Rc<Client>,
    pub(super) name: String,
    pub(super) output: Output,
    pub(super) log: Log,
    /// Process 1, where this machine sees it.
    pub(super) process: Option<Sandbox>,
    pub(super) memory: Rc<Memory>,
    pub(super) stage: Stage,
    /// When something was last heard of it.
    pub(super) heard: Instant,
}

/// How far a container is.
#[derive(Debug)]
pub(super) enum Stage {
    Writes,
    /// Its output is over.
    Silent,
    Over(Exit),
}

/// The kernel's count of processes that it ended for lack of memory. It is gone with the container, so it is read as long as there is one.
#[derive(Debug, Default)]
pub(super) struct Memory {
    file: std::cell::RefCell<Option<PathBuf>>,
    kills: std::cell::Cell<u64>,
}

impl Memory {
    pub(super) fn watch(&self, file: Option<PathBuf>) {
        *self.file.borrow_mut() = file;
    }

    fn look(&self) {
        let file = self.file.borrow();
        let text = file
            .as_ref()
            .and_then(|path| fs::read_to_string(path).ok())
            .unwrap_or_default();
        let count = text
            .lines()
            .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok());
        self.kills.set(self.kills.get().max(count.unwrap_or(0)));
    }

    pub(super) fn kills(&self) -> u64 {
        self.kills.get()
    }
}

impl Inside for InContainer {
    fn wait(&mut self, _: Option<BorrowedFd<'_>>, tick: Duration) {
        let runtime = Rc::clone(&self.runtime);
        let until = Instant::now() + tick;
        runtime.block_on(async {
            while matches!(self.stage, Stage::Writes) {
                match timeout(until.saturating_duration_since(Instant::now()), self.output.next()).await {
                    Ok(Some(Ok(output))) => self.take(&output),
                    Ok(Some(Err(error))) => {
                        note(&format!(
                            "the container's output broke off: {}",
                            one_line(&error.to_string())
                        ));
                        self.stage = Stage::Silent;
                    }
                    Ok(None) => self.stage = Stage::Silent,
                    Err(_nothing_new) => break,
                }
                self.memory.look();
            }
        });
        self.memory.look();
    }

    fn over(&mut self) -> Option<Exit> {
        let exit = match &self.stage {
            Stage::Over(exit) => return Some(exit.clone()),
            Stage::Silent => self.settle(),
            Stage::Writes if self.heard.elapsed() < SILENT_LOOK => return None,
            Stage::Writes => {
                self.heard = Instant::now();
                match self.runtime.block_on(self.client.state(&self.name)) {
                    // Its output is still to come.
                    Ok(State::Running { .. } | State::Exited { .. })
                    | Err(EngineError::Refused(_) | EngineError::Unreadable(_)) => return None,
                    Err(error) => self.lost(&error),
                }
            }
        };
        if let Err(error) = self.log.finish() {
            note(&format!("the last line of the log cannot be written: {error}"));
        }
        self.stage = Stage::Over(exit.clone());
        Some(exit)
    }

    fn listens(&self) -> bool {
        self.process.is_none_or(|process| catches_term(process.pid))
    }

    fn signal(&mut self, signal: Signal) {
        let name = if signal == Signal::KILL { "SIGKILL" } else { "SIGTERM" };
        match self.runtime.block_on(self.client.kill(&self.name, name)) {
            // One that is over cannot be signalled.
            Ok(()) | Err(EngineError::Missing(_) | EngineError::Refused(_)) => {}
            Err(error) => {
                note(&format!("the container cannot be signalled: {error}"));
                if signal == Signal::KILL {
                    self.end_without_engine();
                    self.stage = Stage::Over(self.lost(&error));
                }
            }
        }
    }

    /// Nothing is left in a container whose process 1 is over.
    fn clear(&mut self) -> Option<String> {
        None
    }
}

impl InContainer {
    fn take(&mut self, output: &LogOutput) {
        self.heard = Instant::now();
        if let Err(error) = self.log.write(output) {
            let reason = format!("the run's log could not be written ({error}), so its container was ended");
            self.signal(Signal::KILL);
            self.stage = Stage::Over(Exit::Unwitnessed(reason));
        }
    }

    /// The output is over. How did the container end?
    fn settle(&mut self) -> Exit {
        let until = Instant::now() + SETTLE_TIMEOUT;
        loop {
            let state = self.runtime.block_on(self.client.state(&self.name));
            let out_of_time = Instant::now() >= until;
            match state {
                Ok(State::Exited { code, out_of_memory }) => return self.exited(code, out_of_memory),
                Ok(State::Running { .. }) if out_of_time => {
                    self.signal(Signal::KILL);
                    return Exit::Unwitnessed(format!(
                        "{} stopped passing on the output of the run's container, which was ended: look at what the run did before it is run again",
                        self.client.engine
                    ));
                }
                Err(error @ EngineError::Missing(_)) => return self.lost(&error),
                Err(error) if out_of_time => {
                    self.end_without_engine();
                    return self.lost(&error);
                }
                // What an engine says of a container that is just ending may be cut off.
                Ok(State::Running { .. }) | Err(_) => std::thread::sleep(SETTLE_LOOK),
            }
        }
    }

    fn exited(&self, code: i64, out_of_memory: bool) -> Exit {
        if out_of_memory {
            self.memory.kills.set(self.memory.kills.get().max(1));
        }
        u8::try_from(code).map_or_else(
            |_no_status| {
                Exit::Unwitnessed(format!(
                    "{} says that the container ended with {code}, which is no exit status",
                    self.client.engine
                ))
            },
            Exit::Status,
        )
    }

    fn lost(&self, error: &EngineError) -> Exit {
        let engine = self.client.engine;
        Exit::Unwitnessed(match error {
            EngineError::Missing(_) => format!(
                "somebody removed the run's container from {engine} while it ran, and the script with it: look at what the run did before it is run again"
            ),
            EngineError::Unreachable { .. } => format!(
                "{engine} went away while the run's container ran ({error}): look at what the run did, start {engine} again, and then run it again"
            ),
            EngineError::Refused(_) | EngineError::Unreadable(_) => {
                format!("{engine} does not tell how the run's container ended: {error}")
            }
        })
    }

    /// Ends process 1 by itself, where the machine lets us: the container must not go on without anybody in charge of it.
    fn end_without_engine(&self) {
        if let Some(process) = self.process {
            end_process(process);
        }
    }
}
