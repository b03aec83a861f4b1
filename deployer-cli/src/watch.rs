//! Follows one run from its first line to its end. Never: stops it, or decides what its ending means.

use std::time::Duration;

use protocol::{
    Cursor, Ending, ErrorKind, Message, Observation, ObserveMessage, ObserveRun, Observed, Phase, Reply, RunId, Timings,
};
use tokio::time::{Instant, sleep};

use crate::display::{Display, Show};
use crate::log::{Log, Piece, Verdict};
use crate::transport::{Patience, Transport};

/// How the watching ended.
#[derive(Debug)]
pub(crate) enum Watched {
    /// With the run.
    Ended(Ended),
    /// There is no such run.
    NotFound,
    /// The run could not be seen any longer.
    Lost {
        /// Why, in one line.
        why: String,
    },
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Ended {
    /// How it ended.
    pub(crate) ending: Ending,
    /// How long each part took.
    pub(crate) timings: Timings,
    /// From the ending to the last line.
    pub(crate) drain: Duration,
    /// Whether all of its output came.
    pub(crate) log: Verdict,
}

/// Watches the run and shows what it writes.
pub(crate) async fn watch<T: Transport>(transport: &T, run: RunId, display: &Display) -> Watched {
    let mut watch = Watch::new(run, display, transport.patience());
    loop {
        let pause = match transport.send(&watch.question()).await {
            Ok(Reply::Observed(news)) => match news.into_iter().next() {
                Some(Observed::Run(observation)) if observation.run == run => match watch.hear(observation).await {
                    Heard::Over(ended) => return Watched::Ended(watch.conclude(*ended).await),
                    Heard::GoOn(pause) => pause,
                },
                Some(Observed::NotFound { .. }) => return Watched::NotFound,
                Some(Observed::Run(_)) | None => watch.misfortune("the gate answered about another run"),
            },
            Ok(Reply::Error {
                kind: ErrorKind::BadMessage,
                message,
            }) => return Watched::Lost { why: message },
            Ok(Reply::Error { message, .. }) => watch.misfortune(&message),
            Ok(
                Reply::Started(_) | Reply::Denied(_) | Reply::Explained(_) | Reply::Described(_) | Reply::Stopped(_),
            ) => watch.misfortune("the gate gave an answer that does not fit"),
            Err(error) => watch.misfortune(&error.to_string()),
        };
        match pause {
            Some(pause) => sleep(pause).await,
            None => {
                return Watched::Lost {
                    why: watch.last_misfortune,
                };
            }
        }
    }
}

/// What a run's news mean for the watching.
enum Heard {
    /// The end, and everything that came is shown.
    Over(Box<(Ending, Timings)>),
    /// Ask again after this time.
    GoOn(Option<Duration>),
}

struct Watch<'a> {
    run: RunId,
    display: &'a Display,
    patience: Patience,
    cursor: Cursor,
    log: Log,
    phase: Option<Phase>,
    ended: Option<Instant>,
    unseen_since: Option<Instant>,
    last_misfortune: String,
}

impl<'a> Watch<'a> {
    fn new(run: RunId, display: &'a Display, patience: Patience) -> Self {
        Self {
            run,
            display,
            patience,
            cursor: Cursor::default(),
            log: Log::default(),
            phase: None,
            ended: None,
            unseen_since: None,
            last_misfortune: String::new(),
        }
    }

    fn question(&self) -> Message {
        Message::Observe(ObserveMessage {
            runs: vec![ObserveRun {
                run: self.run,
                cursor: self.cursor.clone(),
            }],
            wait_ms: ObserveMessage::MAX_WAIT_MS,
        })
    }

    async fn hear(&mut self, news: Observation) -> Heard {
        self.unseen_since = None;
        if self.phase.replace(news.phase) != Some(news.phase) {
            self.display.show(Show::Phase(news.phase)).await;
        }
        let pieces = self.log.take(&news.frames, Instant::now().into_std());
        self.show(pieces).await;
        self.cursor = news.cursor;
        if news.more {
            return Heard::GoOn(Some(Duration::ZERO));
        }
        let pause = Duration::from_millis(news.ask_again_ms.into());
        let Some(ending) = news.ending else {
            return Heard::GoOn(Some(pause));
        };
        let ended = *self.ended.get_or_insert_with(Instant::now);
        if self.log.is_complete() || ended.elapsed() >= self.patience.late_lines {
            Heard::Over(Box::new((ending, news.timings)))
        } else {
            Heard::GoOn(Some(pause))
        }
    }

    async fn conclude(&mut self, (ending, timings): (Ending, Timings)) -> Ended {
        let (pieces, log, remark) = std::mem::take(&mut self.log).finish(&ending);
        self.show(pieces).await;
        if let Some(remark) = remark {
            self.display.warn(remark).await;
        }
        Ended {
            ending,
            timings,
            drain: self.ended.map(|ended| ended.elapsed()).unwrap_or_default(),
            log,
        }
    }

    async fn show(&self, pieces: Vec<Piece>) {
        for piece in pieces {
            self.display.show(Show::Output(piece)).await;
        }
    }

    /// Notes a failure. Answers the pause before the next question; none when patience has run out.
    fn misfortune(&mut self, why: &str) -> Option<Duration> {
        tracing::warn!(run = %self.run, why, "the run cannot be observed");
        why.clone_into(&mut self.last_misfortune);
        let since = *self.unseen_since.get_or_insert_with(Instant::now);
        (since.elapsed() < self.patience.unreachable).then_some(self.patience.pause)
    }
}
