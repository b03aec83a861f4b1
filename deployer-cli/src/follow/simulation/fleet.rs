//! One reader of many runs: `observe` messages that ask for up to a hundred of them at a time, through the real transport and the real gate, and
//! the CLI's own assembly of each run's log.
//!
//! The command line follows one run; whoever releases to many places at once speaks the protocol this way.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use protocol::{Cursor, Ending, Message, Observation, ObserveMessage, ObserveRun, Observed, Reply, RunId, RunMessage};
use tokio::time::{Instant, sleep};

use super::caller::Screen;
use super::ground::Ground;
use crate::log::{Finish, Log, Verdict};
use crate::transport::Transport as _;

/// Between two starts of one group, which has half of the runs.
const BETWEEN_STARTS: Duration = Duration::from_millis(200);
/// Whatever an answer says, the gate is not asked more often.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// One run, as its reader has it.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) run: RunId,
    cursor: Cursor,
    log: Option<Log>,
    pub(super) screen: Screen,
    pub(super) ended: Option<(Ending, Verdict)>,
}

/// As many runs as one message may ask for.
#[derive(Debug, Default)]
pub(super) struct Group {
    runs: RefCell<Vec<Read>>,
    /// Bytes of the longest message.
    pub(super) longest_message: Cell<usize>,
    /// What went wrong, if anything.
    pub(super) problems: RefCell<Vec<String>>,
    all_started: Cell<bool>,
}

impl Group {
    /// Starts these runs, one after the other, and reads all that are there until the last has ended.
    pub(super) async fn tell(self, ground: &Ground, runs: Vec<RunMessage>) -> (Self, Vec<Read>) {
        tokio::join!(self.start(ground, runs), self.read(ground));
        let runs = self.runs.take();
        (self, runs)
    }

    async fn start(&self, ground: &Ground, runs: Vec<RunMessage>) {
        let transport = ground.transport();
        for message in runs {
            match transport.send(&Message::Run(message)).await {
                Ok(Reply::Started(started)) => self.runs.borrow_mut().push(Read {
                    run: started.run,
                    cursor: Cursor::default(),
                    log: Some(Log::default()),
                    screen: Screen::default(),
                    ended: None,
                }),
                other => self.problems.borrow_mut().push(format!("not started: {other:?}")),
            }
            sleep(BETWEEN_STARTS).await;
        }
        self.all_started.set(true);
    }

    async fn read(&self, ground: &Ground) {
        let transport = ground.transport();
        loop {
            let open = self.questions();
            if open.is_empty() && self.all_started.get() {
                return;
            }
            if open.is_empty() {
                sleep(SHORTEST_PAUSE).await;
                continue;
            }
            let message = Message::Observe(ObserveMessage { runs: open, wait_ms: 0 });
            let length = message.encode().expect("a message is JSON").len();
            self.longest_message.set(self.longest_message.get().max(length));
            let pause = match transport.send(&message).await {
                Ok(Reply::Observed(news)) => self.hear(news, ground.sim.now()),
                other => {
                    self.problems.borrow_mut().push(format!("not observed: {other:?}"));
                    Duration::from_secs(1)
                }
            };
            sleep(pause).await;
        }
    }

    fn questions(&self) -> Vec<ObserveRun> {
        let runs = self.runs.borrow();
        let open = runs.iter().filter(|read| read.ended.is_none());
        open.map(|read| ObserveRun {
            run: read.run,
            cursor: read.cursor.clone(),
        })
        .collect()
    }

    /// Takes the news. Answers when to ask again: as soon as any of the runs wants it.
    fn hear(&self, news: Vec<Observed>, now: u64) -> Duration {
        let mut runs = self.runs.borrow_mut();
        let mut pauses = Vec::new();
        for observed in news {
            let Observed::Run(news) = observed else {
                self.problems.borrow_mut().push(format!("{observed:?}"));
                continue;
            };
            let read = runs
                .iter_mut()
                .find(|read| read.run == news.run)
                .expect("one that was asked for");
            pauses.push(Duration::from_millis(if news.more {
                0
            } else {
                news.ask_again_ms.into()
            }));
            read.hear(news, now);
        }
        pauses.into_iter().min().unwrap_or_default().max(SHORTEST_PAUSE)
    }
}

impl Read {
    fn hear(&mut self, news: Observation, now: u64) {
        let log = self.log.as_mut().expect("only open runs are asked for");
        let pieces = log.take(news.output, &news.frames, Instant::now().into_std());
        let mut output = self.screen.output.borrow_mut();
        output.extend(pieces.into_iter().map(|piece| (now, piece.channel, piece.bytes)));
        self.screen.told.borrow_mut().extend(news.remark);
        self.cursor = news.cursor;
        if let Some(ending) = news.ending {
            let Finish { pieces, verdict, .. } = self.log.take().expect("it is open").finish(&ending);
            output.extend(pieces.into_iter().map(|piece| (now, piece.channel, piece.bytes)));
            self.ended = Some((ending, verdict));
        }
    }
}
