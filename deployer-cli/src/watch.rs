//! Follows one run from its first line to its end. Never: stops it, or decides what its ending means.

use std::time::Duration;

use protocol::frame::{Channel, Report};
use protocol::{
    Cursor, Ending, ErrorKind, Message, Observation, ObserveMessage, ObserveRun, Observed, Phase, Reply, RunId, Timings,
};
use tokio::time::{Instant, sleep};

use crate::console::elapsed;
use crate::display::{Display, Show};
use crate::log::{Finish, Log, Piece, Verdict};
use crate::plan_view;
use crate::transport::{Hope, Patience, Pauses, Transport, in_time};

/// Whatever a gate says, it is not asked more often than this, unless each answer brings us on.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// A failure that passes this soon is not worth a word.
const QUIETLY: Duration = Duration::from_secs(15);

/// How the watching ended.
#[derive(Debug)]
pub(crate) enum Watched {
    /// With the run.
    Ended(Ended),
    /// There is no such run, and never was as far as we know.
    NotFound,
    /// The run could not be seen any longer.
    Lost {
        /// Why, in one line.
        why: String,
    },
}

/// Who started the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origination {
    /// We did, just now: that it is not to be seen yet says nothing.
    Ours,
    /// Somebody, some time.
    Others,
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
    /// What the job handed over for machines.
    pub(crate) reports: Vec<Report>,
}

/// Watches the run and shows what it writes. `until`: when the caller has waited long enough.
pub(crate) async fn watch<T: Transport>(
    transport: &T,
    run: RunId,
    origination: Origination,
    until: Option<Instant>,
    display: &Display,
) -> Watched {
    let mut watch = Watch::new(run, display, transport.patience(), until);
    loop {
        let question = watch.ask();
        let Some(answer) = in_time(watch.answer_by(), transport.send(&question)).await else {
            return watch.lost();
        };
        let pause = match answer {
            Ok(Reply::Observed(news)) => match news.into_iter().next() {
                Some(Observed::Run(observation)) if observation.run == run => match watch.hear(observation).await {
                    Heard::Over(ended) => return Watched::Ended(watch.conclude(*ended).await),
                    Heard::GoOn(pause) => pause,
                },
                Some(Observed::NotFound { .. }) if origination == Origination::Others && watch.phase.is_none() => {
                    return Watched::NotFound;
                }
                Some(Observed::NotFound { .. }) => watch.misfortune("the engine does not know the run"),
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
            Err(error) if error.hope() == Hope::None => return Watched::Lost { why: error.to_string() },
            Err(error) => watch.misfortune(&error.to_string()),
        };
        match pause {
            Some(pause) => sleep(pause).await,
            None => return watch.lost(),
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
    until: Option<Instant>,
    cursor: Cursor,
    log: Log,
    phase: Option<Phase>,
    ended: Option<Instant>,
    asked: Instant,
    unseen_since: Option<Instant>,
    pauses: Pauses,
    last_misfortune: String,
    remark: Option<String>,
    told_unseen: bool,
}

impl<'a> Watch<'a> {
    fn new(run: RunId, display: &'a Display, patience: Patience, until: Option<Instant>) -> Self {
        Self {
            run,
            display,
            patience,
            until,
            cursor: Cursor::default(),
            log: Log::default(),
            phase: None,
            ended: None,
            asked: Instant::now(),
            unseen_since: None,
            pauses: patience.pauses(),
            last_misfortune: String::new(),
            remark: None,
            told_unseen: false,
        }
    }

    fn ask(&mut self) -> Message {
        self.asked = Instant::now();
        Message::Observe(ObserveMessage {
            runs: vec![ObserveRun {
                run: self.run,
                cursor: self.cursor.clone(),
            }],
            wait_ms: self.patience.wait_ms,
        })
    }

    async fn hear(&mut self, news: Observation) -> Heard {
        self.seen_again().await;
        self.hear_remark(news.remark).await;
        if self.phase.replace(news.phase) != Some(news.phase) {
            self.display.show(Show::Phase(news.phase)).await;
        }
        let pieces = self.log.take(news.output, &news.frames, Instant::now().into_std());
        self.show(pieces).await;
        let moved = std::mem::replace(&mut self.cursor, news.cursor) != self.cursor;
        if news.more {
            return Heard::GoOn(Some(if moved { Duration::ZERO } else { self.shortest_pause() }));
        }
        let pause = Duration::from_millis(news.ask_again_ms.into()).max(self.shortest_pause());
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
        let Finish {
            pieces,
            verdict: log,
            remark,
            reports,
        } = std::mem::take(&mut self.log).finish(&ending);
        self.show(pieces).await;
        for text in reports.iter().filter_map(plan_view::of) {
            // It is the job's word, so it is shown as what the job wrote is: neutralised.
            let piece = Piece {
                channel: Channel::Stderr,
                bytes: text.into_bytes(),
            };
            self.display.show(Show::Output(piece)).await;
        }
        if let Some(remark) = remark {
            self.display.warn(remark).await;
        }
        // The engine knows when the job ended; we know only when we heard of it.
        let told = timings.drain_ms.map(Duration::from_millis);
        let drain = told
            .or_else(|| self.ended.map(|ended| ended.elapsed()))
            .unwrap_or_default();
        Ended {
            ending,
            timings,
            drain,
            log,
            reports,
        }
    }

    async fn show(&self, pieces: Vec<Piece>) {
        for piece in pieces {
            self.display.show(Show::Output(piece)).await;
        }
    }

    /// A gate that may hold the call until there is news paces us by that.
    const fn shortest_pause(&self) -> Duration {
        if self.patience.wait_ms > 0 {
            Duration::ZERO
        } else {
            SHORTEST_PAUSE
        }
    }

    /// Tells once that the run is out of sight, and once that it is back.
    async fn seen_again(&mut self) {
        let Some(since) = self.unseen_since.take() else { return };
        self.pauses = self.patience.pauses();
        if std::mem::take(&mut self.told_unseen) {
            let time = elapsed::whole(since.elapsed());
            self.display
                .note(format!("the run is in sight again after {time}"))
                .await;
        }
    }

    /// Shows what the engine says about the reading itself when it says something else than before.
    async fn hear_remark(&mut self, remark: Option<String>) {
        if remark != self.remark
            && let Some(text) = &remark
        {
            self.display.note(text.as_str()).await;
        }
        self.remark = remark;
    }

    /// Notes a failure. Answers the pause before the next question; none when patience has run out.
    fn misfortune(&mut self, why: &str) -> Option<Duration> {
        tracing::info!(run = %self.run, why, "the run cannot be observed");
        why.clone_into(&mut self.last_misfortune);
        let since = *self.unseen_since.get_or_insert(self.asked);
        let left = self.looked_for_until(since).saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        if since.elapsed() >= QUIETLY && !self.told_unseen {
            let left = elapsed::whole(left);
            let text = format!("the run is out of sight and goes on: {why}; looking for it for {left} more");
            self.told_unseen = self.display.shown_now(Show::Warning(text));
        }
        Some(self.pauses.next().min(left))
    }

    /// A run that is out of sight since then is looked for until this moment.
    fn looked_for_until(&self, since: Instant) -> Instant {
        let longest = since + self.patience.unreachable;
        let after_waiting = self.until.map(|until| until.max(since) + self.patience.after_max_wait);
        after_waiting.map_or(longest, |soon| longest.min(soon))
    }

    /// A question that has no answer by then gets none. While the run is in sight, the transport's own limits are enough until the
    /// caller has waited long enough.
    fn answer_by(&self) -> Option<Instant> {
        match self.unseen_since {
            Some(since) => Some(self.looked_for_until(since)),
            None => self
                .until
                .map(|until| until.max(self.asked) + self.patience.after_max_wait),
        }
    }

    fn lost(self) -> Watched {
        let why = if self.last_misfortune.is_empty() {
            "the gate does not answer".to_owned()
        } else {
            self.last_misfortune
        };
        Watched::Lost { why }
    }
}
