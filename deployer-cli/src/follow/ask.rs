//! Asks for a run until there is an answer: again with the same key when an answer was lost, later when there is no room.
//!
//! Responsible for: how long it is worth asking, and what is known when it is not. Never: hears signals itself.

use std::cell::Cell;
use std::time::Duration;

use protocol::{ErrorKind, IdempotencyKey, Message, Reply, RunMessage, Started};
use tokio::time::{Instant, sleep};

use crate::conclusion::{About, Conclusion, Left, StopOrder};
use crate::console::elapsed;
use crate::display::{Display, Show};
use crate::signals::Signal;
use crate::transport::{Arrival, Hope, Patience, Pauses, Transport, in_time};

/// First pause when there is no room.
const NO_ROOM_PAUSE: Duration = Duration::from_secs(5);
/// Longest pause when there is no room.
const LONGEST_NO_ROOM_PAUSE: Duration = Duration::from_secs(30);
/// With nobody waiting and no `--max-wait-time`, room is waited for as long as this.
const UNATTENDED: Duration = Duration::from_mins(15);

/// A call of the gate whose answer nobody heard is over after this time: the time-out that docs/aws.md gives the function.
const LONGEST_CALL: Duration = Duration::from_mins(1);

/// Whether somebody may have asked with the key before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyUse {
    /// It was made for this call.
    New,
    /// The caller brought it along, so a call before this one may still be under way.
    PerhapsBefore,
}

/// What came of asking.
pub(super) enum Asked {
    Started(Started),
    Over(Conclusion),
}

/// What asking and hearing signals know of each other.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The signal that was heard first.
    pub(super) heard: Cell<Option<Signal>>,
    /// It is certain that nothing runs just now.
    pub(super) nothing_runs: Cell<bool>,
}

/// Asking for one run.
pub(super) struct Asking<'a, T> {
    transport: &'a T,
    display: &'a Display,
    known: &'a Known,
    key: IdempotencyKey,
    message: Message,
    patience: Patience,
    /// Room is waited for until then.
    room_until: Instant,
    /// An answer is waited for until then.
    answer_by: Option<Instant>,
    may_have_started: bool,
    /// A call with the key that nobody has heard the answer of may start the run until then, whatever is said to a later one.
    open_until: Option<Instant>,
    failing_since: Option<Instant>,
    pauses: Pauses,
    room_pauses: Pauses,
    told: String,
}

/// What to do after an answer that is no end.
enum Next {
    Pause(Duration),
    Over(Conclusion),
}

impl<'a, T: Transport> Asking<'a, T> {
    pub(super) fn new(
        transport: &'a T,
        display: &'a Display,
        known: &'a Known,
        message: RunMessage,
        key_use: KeyUse,
        begun: Instant,
        max_wait: Option<Duration>,
    ) -> Self {
        let patience = transport.patience();
        Self {
            transport,
            display,
            known,
            key: message.idempotency_key.clone(),
            message: Message::Run(message),
            patience,
            room_until: begun + max_wait.unwrap_or(UNATTENDED),
            answer_by: max_wait.map(|max_wait| begun + max_wait + patience.after_max_wait),
            may_have_started: false,
            open_until: match key_use {
                KeyUse::New => None,
                KeyUse::PerhapsBefore => Some(begun + LONGEST_CALL),
            },
            failing_since: None,
            pauses: patience.pauses(),
            room_pauses: Pauses::new(NO_ROOM_PAUSE, LONGEST_NO_ROOM_PAUSE),
            told: String::new(),
        }
    }

    /// Asks until there is an answer or no hope.
    pub(super) async fn ask(mut self) -> Asked {
        loop {
            self.known.nothing_runs.set(false);
            let asked = Instant::now();
            let Some(answer) = in_time(self.answer_by, self.transport.send(&self.message)).await else {
                self.may_have_started = true;
                let why = "the gate has not answered, and --max-wait-time has passed";
                return Asked::Over(self.hopeless(why.to_owned(), None));
            };
            let next = match answer {
                Ok(Reply::Started(started)) => return Asked::Started(started),
                Ok(Reply::Denied(denial)) => return Asked::Over(Conclusion::Denied(denial)),
                Ok(Reply::Error { kind, message }) => self.refused(kind, message, asked),
                Ok(Reply::Explained(_) | Reply::Described(_) | Reply::Observed(_) | Reply::Stopped(_)) => {
                    let why = "the gate gave an answer that does not fit";
                    self.failed(Hope::None, Arrival::Perhaps, why.to_owned(), None)
                }
                Err(error) => {
                    if error.arrival() == Arrival::Perhaps {
                        self.open_until = Some(Instant::now() + LONGEST_CALL);
                    }
                    self.failed(error.hope(), error.arrival(), error.to_string(), None)
                }
            };
            match next {
                Next::Pause(pause) => sleep(pause).await,
                Next::Over(conclusion) => return Asked::Over(conclusion),
            }
        }
    }

    fn refused(&mut self, kind: ErrorKind, message: String, asked: Instant) -> Next {
        match kind {
            ErrorKind::EngineUnavailable => self.failed(Hope::Good, Arrival::Perhaps, message, Some(kind)),
            ErrorKind::NoCapacity => self.no_room(message, asked),
            ErrorKind::BadMessage | ErrorKind::FailedToStart | ErrorKind::KeyConflict | ErrorKind::AuditUnavailable => {
                Next::Over(Conclusion::Refused { kind, message })
            }
        }
    }

    /// Nothing runs. That is certain also for earlier calls with the key, unless one of them may still be under way.
    fn no_room(&mut self, message: String, asked: Instant) -> Next {
        let certain = self.open_until.is_none_or(|until| asked >= until);
        self.may_have_started = !certain;
        self.failing_since = None;
        self.pauses = self.patience.pauses();
        self.known.nothing_runs.set(certain);
        if let Some(signal) = self.known.heard.get() {
            let about = if certain {
                About::Nothing
            } else {
                About::Perhaps(self.key.clone())
            };
            return Next::Over(Conclusion::Left(Left {
                about,
                signal,
                stopped_for: None,
                order: StopOrder::NotGiven,
            }));
        }
        let pause = self.room_pauses.next();
        if Instant::now() + pause > self.room_until {
            let kind = ErrorKind::NoCapacity;
            return Next::Over(if certain {
                Conclusion::Refused { kind, message }
            } else {
                self.hopeless(message, Some(kind))
            });
        }
        let left = elapsed::whole(self.room_until.duration_since(Instant::now()));
        self.tell(&message, &format!("waiting for room, at most {left} more: {message}"));
        Next::Pause(pause)
    }

    fn failed(&mut self, hope: Hope, arrival: Arrival, why: String, kind: Option<ErrorKind>) -> Next {
        self.may_have_started |= arrival == Arrival::Perhaps;
        let since = *self.failing_since.get_or_insert_with(Instant::now);
        let patience = match hope {
            Hope::Good => self.patience.lost_answers,
            // With a run that may be under way it is worth more to find out.
            Hope::Brief | Hope::ForARun if self.may_have_started => self.patience.lost_answers,
            Hope::Brief => self.patience.no_way,
            Hope::None | Hope::ForARun => Duration::ZERO,
        };
        let pause = self.pauses.next();
        let too_late = self.answer_by.is_some_and(|limit| Instant::now() + pause > limit);
        if since.elapsed() + pause > patience || too_late {
            return Next::Over(self.hopeless(why, kind));
        }
        tracing::info!(why, "the message is sent again");
        self.tell(&why, &format!("{why}; asking again with the same key"));
        Next::Pause(pause)
    }

    fn hopeless(&self, why: String, kind: Option<ErrorKind>) -> Conclusion {
        if self.may_have_started {
            let key = self.key.clone();
            Conclusion::Unanswered { key, why, kind }
        } else {
            Conclusion::failed(&why)
        }
    }

    /// Tells a reason once.
    fn tell(&mut self, reason: &str, text: &str) {
        if self.told != reason && self.display.shown_now(Show::Note(text.to_owned())) {
            reason.clone_into(&mut self.told);
        }
    }
}
