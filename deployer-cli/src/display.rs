//! The console on a thread of its own, so that a stopped terminal or a slow pipe never stops us from hearing a signal.
//!
//! Responsible for: the queue to the console, and for what happens when a stream closes or fails. Never: decides what is shown.

use std::io::Write;
use std::time::Duration;

use protocol::Phase;
use protocol::frame::Channel;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use crate::console::{Closing, Console, OutputError, width};
use crate::log::Piece;
use crate::say::variable;

/// Pieces that may wait for the console: with their size, what output takes of our memory at most.
const QUEUE: usize = 16;

/// What to show.
#[derive(Debug)]
pub(crate) enum Show {
    /// Output of the job.
    Output(Piece),
    /// Where the run is.
    Phase(Phase),
    /// The time since the start.
    Time(Duration),
    /// A remark.
    Note(String),
    /// Something to look at.
    Warning(String),
    /// Something that failed.
    Error(String),
    /// What to do next.
    Advice(String),
    /// A finished, harmless text.
    Block(String),
    /// The last words about a run.
    Closing(Closing),
    /// Nothing; answers what became of the output so far.
    Settle(oneshot::Sender<Shown>),
}

/// What became of the job's output here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Why some of it could not be written, in one line. A reader that left, as `head` does, is no failure.
    pub(crate) failure: Option<String>,
}

/// The way to the console.
#[derive(Debug)]
pub(crate) struct Display {
    queue: Sender<Show>,
    ended: oneshot::Receiver<()>,
}

impl Display {
    /// Starts the console's thread.
    pub(crate) fn start<Out, Err>(console: Console<Out, Err>) -> std::io::Result<Self>
    where
        Out: Write + Send + 'static,
        Err: Write + Send + 'static,
    {
        let (queue, incoming) = channel(QUEUE);
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new().name("console".to_owned()).spawn(move || {
            Screen::new(console).show_all(incoming);
            // Nobody listens any more when the program leaves at once.
            let _unheard = end.send(());
        })?;
        Ok(Self { queue, ended })
    }

    /// A display without a console: what is shown goes to a test, which decides when it is taken.
    #[cfg(test)]
    pub(crate) fn captured() -> (Self, Receiver<Show>) {
        let (queue, incoming) = channel(QUEUE);
        let (_, ended) = oneshot::channel();
        (Self { queue, ended }, incoming)
    }

    /// Shows something, waiting for its turn.
    pub(crate) async fn show(&self, show: Show) {
        if self.queue.send(show).await.is_err() {
            tracing::debug!("the console is gone");
        }
    }

    /// A remark.
    pub(crate) async fn note(&self, text: impl Into<String>) {
        self.show(Show::Note(text.into())).await;
    }

    /// Something to look at.
    pub(crate) async fn warn(&self, text: impl Into<String>) {
        self.show(Show::Warning(text.into())).await;
    }

    /// Shows something unless the console is busy: good enough for the time.
    pub(crate) fn show_now(&self, show: Show) {
        if !self.shown_now(show) {
            tracing::trace!("the console is busy");
        }
    }

    /// Shows something unless the console is busy, and answers whether it will be shown.
    pub(crate) fn shown_now(&self, show: Show) -> bool {
        self.queue.try_send(show).is_ok()
    }

    /// Waits until all output is shown, and answers what became of it.
    pub(crate) async fn settle(&self) -> Shown {
        let (answer, answered) = oneshot::channel();
        self.show(Show::Settle(answer)).await;
        let gone = |_gone| Shown {
            failure: Some("the console broke off".to_owned()),
        };
        answered.await.unwrap_or_else(gone)
    }

    /// Waits until everything is shown.
    pub(crate) async fn finish(self) {
        drop(self.queue);
        if self.ended.await.is_err() {
            tracing::debug!("the console is gone");
        }
    }
}

/// The console's side of the queue.
struct Screen<Out, Err> {
    console: Console<Out, Err>,
    stdout: Stream,
    stderr: Stream,
    shown: Shown,
}

/// Whether output can still go to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Open,
    Gone,
}

impl<Out: Write, Err: Write> Screen<Out, Err> {
    fn new(console: Console<Out, Err>) -> Self {
        Self {
            console,
            stdout: Stream::Open,
            stderr: Stream::Open,
            shown: Shown::default(),
        }
    }

    fn show_all(mut self, mut incoming: Receiver<Show>) {
        while let Some(show) = incoming.blocking_recv() {
            match show {
                Show::Output(piece) => self.output(&piece),
                Show::Phase(phase) => self.console.phase(phase),
                Show::Time(since_start) => {
                    self.console.resize(width(variable));
                    self.console.tick(since_start);
                }
                Show::Note(text) => self.console.note(&text),
                Show::Warning(text) => self.console.warn(&text),
                Show::Error(text) => self.console.error(&text),
                Show::Advice(text) => self.console.advice(&text),
                Show::Block(text) => self.console.block(&text),
                Show::Closing(closing) => self.close(&closing),
                Show::Settle(answer) => drop(answer.send(self.shown.clone())),
            }
        }
    }

    fn output(&mut self, piece: &Piece) {
        let stream = match piece.channel {
            Channel::Stdout => self.stdout,
            Channel::Stderr => self.stderr,
        };
        if stream == Stream::Open
            && let Err(error) = self.console.job_output(piece.channel, &piece.bytes)
        {
            match piece.channel {
                Channel::Stdout => self.stdout = Stream::Gone,
                Channel::Stderr => self.stderr = Stream::Gone,
            }
            self.lost(&error);
        }
    }

    fn close(&mut self, closing: &Closing) {
        let both_open = self.stdout == Stream::Open && self.stderr == Stream::Open;
        match self.console.finish(closing) {
            Err(error) if both_open => self.lost(&error),
            Ok(()) | Err(_) => {}
        }
    }

    fn lost(&mut self, error: &OutputError) {
        match error {
            OutputError::Closed(_) => self.console.note(&format!("{error}; the run goes on to its end")),
            OutputError::Failed { .. } => {
                self.console.error(&format!("{error}; the run goes on to its end"));
                self.shown.failure = Some(error.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests;
