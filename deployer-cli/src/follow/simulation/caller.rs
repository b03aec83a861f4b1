//! One process of the CLI: it follows a run, and everything that it shows is kept with its time.

use std::cell::RefCell;

use protocol::frame::Channel;
use protocol::{IdempotencyKey, Origin, RunId, RunMessage, RunRequest, TaskRequest};
use tokio::sync::mpsc::{Receiver, UnboundedSender};
use tokio::time::Instant;

use super::ground::Ground;
use crate::conclusion::Conclusion;
use crate::display::{Display, Show};
use crate::follow::{Follow, KeyUse, OnSignal};
use crate::signals::{Signal, Signals};

/// What a caller wants.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    /// Start a run and follow it.
    Run(Box<RunMessage>),
    /// The same, with a key that somebody had before.
    RunAgain(Box<RunMessage>),
    /// Follow a run that exists.
    Attach(RunId),
}

impl Wish {
    /// The same, from somebody who wishes it not for the first time.
    pub(super) fn again(self) -> Self {
        match self {
            Self::Run(message) => Self::RunAgain(message),
            Self::RunAgain(_) | Self::Attach(_) => self,
        }
    }
}

/// What a process has shown. It survives the process.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// Output of the job: when (milliseconds of Unix time), where and what.
    pub(super) output: RefCell<Vec<(u64, Channel, Vec<u8>)>>,
    /// Remarks.
    pub(super) told: RefCell<Vec<String>>,
    /// Warnings and errors.
    pub(super) problems: RefCell<Vec<String>>,
}

impl Screen {
    /// All that was shown of one output.
    pub(super) fn text(&self, channel: Channel) -> String {
        let output = self.output.borrow();
        let bytes: Vec<u8> = output
            .iter()
            .filter(|(_, shown_on, _)| *shown_on == channel)
            .flat_map(|(_, _, bytes)| bytes.iter().copied())
            .collect();
        String::from_utf8(bytes).expect("the simulated jobs write UTF-8")
    }

    /// When each line of one output was shown.
    pub(super) fn line_times(&self, channel: Channel) -> Vec<u64> {
        let output = self.output.borrow();
        let shown = output.iter().filter(|(_, shown_on, _)| *shown_on == channel);
        shown
            .flat_map(|(at, _, bytes)| {
                let ends = bytes.iter().filter(|byte| **byte == b'\n');
                ends.map(|_| *at)
            })
            .collect()
    }

    /// The run's id, as the first remark names it.
    pub(super) fn run(&self) -> Option<RunId> {
        let told = self.told.borrow();
        told.iter()
            .find_map(|text| text.strip_prefix("run ")?.get(..32)?.parse().ok())
    }

    fn keep(&self, ground: &Ground, show: Show) {
        match show {
            Show::Output(piece) => {
                let shown = (ground.sim.now(), piece.channel, piece.bytes);
                self.output.borrow_mut().push(shown);
            }
            Show::Note(text) | Show::Advice(text) => self.told.borrow_mut().push(text),
            Show::Warning(text) | Show::Error(text) => self.problems.borrow_mut().push(text),
            Show::Phase(_) | Show::Time(_) | Show::Block(_) | Show::Closing(_) | Show::Settle(_) => {}
        }
    }
}

/// Follows to the end, with the signals that `act` sends. A future that is dropped is a process that was killed.
pub(super) async fn follow(
    ground: &Ground,
    wish: Wish,
    screen: &Screen,
    act: impl AsyncFnOnce(UnboundedSender<Signal>),
) -> Conclusion {
    let transport = ground.transport();
    let (display, mut shows) = Display::captured();
    let (sender, mut signals) = Signals::scripted();
    let follow = Follow {
        transport: &transport,
        display: &display,
        signals: &mut signals,
        origin: Origin::default(),
        key_use: match wish {
            Wish::RunAgain(_) => KeyUse::PerhapsBefore,
            Wish::Run(_) | Wish::Attach(_) => KeyUse::New,
        },
        begun: Instant::now(),
        max_wait: None,
        on_signal: OnSignal::StopRun,
    };
    let following = async {
        match wish {
            Wish::Run(message) | Wish::RunAgain(message) => follow.run(*message).await,
            Wish::Attach(run) => follow.attach(run).await,
        }
    };
    let conclusion = tokio::select! {
        biased;
        () = keep(ground, screen, &mut shows) => unreachable!("the display is still there"),
        (conclusion, ()) = async { tokio::join!(following, act(sender)) } => conclusion,
    };
    while let Ok(show) = shows.try_recv() {
        screen.keep(ground, show);
    }
    conclusion
}

async fn keep(ground: &Ground, screen: &Screen, shows: &mut Receiver<Show>) {
    while let Some(show) = shows.recv().await {
        screen.keep(ground, show);
    }
}

/// Nobody presses a key.
pub(super) async fn no_signal(_: UnboundedSender<Signal>) {}

/// A request for one of the simulated scripts.
pub(super) fn message(key: &IdempotencyKey, script: &str, deadline_seconds: Option<u32>) -> Wish {
    let mut words = script.split(' ').map(str::to_owned);
    Wish::Run(Box::new(RunMessage {
        request: RunRequest {
            container: Some("job".to_owned()),
            script: words.next().expect("a script"),
            args: words.collect(),
            task: TaskRequest {
                max_wait_seconds: deadline_seconds,
                ..TaskRequest::default()
            },
        },
        idempotency_key: key.clone(),
        origin: Origin::default(),
    }))
}

/// The key of a number.
pub(super) fn key(number: u64) -> IdempotencyKey {
    let mut bits = [0; 16];
    for (place, byte) in bits.iter_mut().zip(number.to_le_bytes()) {
        *place = byte;
    }
    IdempotencyKey::from_random(bits)
}
