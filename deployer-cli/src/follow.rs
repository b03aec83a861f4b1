//! Starts a run and follows it, with an ear for signals and the clock.
//!
//! Responsible for: who wins when news, signals and time-outs come together. A signal is heard whatever else is going on.
//! Never: decides what an ending means, or draws anything.

use std::pin::pin;
use std::time::Duration;

use protocol::{ErrorKind, Message, Origin, Reply, RunId, RunMessage, Started, StopMessage, StopOutcome};
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::conclusion::{Conclusion, Finished, Left, StopCause};
use crate::console::elapsed;
use crate::display::{Display, Show};
use crate::signals::{Signal, Signals};
use crate::transport::Transport;
use crate::watch::{Watched, watch};

/// How often the console hears the time.
const TICK: Duration = Duration::from_millis(500);
/// How often a message is sent before we give up.
const ATTEMPTS: u32 = 3;
/// When we leave, an order to stop that is under way has this long to arrive.
const LAST_ORDER: Duration = Duration::from_secs(2);

/// What the first Ctrl-C or SIGTERM means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnSignal {
    /// Stop the run and watch it end.
    StopRun,
    /// Leave; the run goes on.
    Leave,
}

/// One command that follows a run.
#[derive(Debug)]
pub(crate) struct Follow<'a, T> {
    pub(crate) transport: &'a T,
    pub(crate) display: &'a Display,
    pub(crate) signals: &'a mut Signals,
    pub(crate) origin: Origin,
    pub(crate) begun: Instant,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) on_signal: OnSignal,
}

/// What came of asking for a run.
enum Asked {
    Started(Started),
    Over(Conclusion),
}

impl<T: Transport> Follow<'_, T> {
    /// Starts the run and follows it to its end.
    pub(crate) async fn run(mut self, message: RunMessage) -> Conclusion {
        let mut heard = None;
        match self.start(message, &mut heard).await {
            Ok(started) => {
                let run = started.run;
                self.follow(run, Some(started), heard).await
            }
            Err(conclusion) => conclusion,
        }
    }

    /// Starts the run and leaves.
    pub(crate) async fn start_only(mut self, message: RunMessage) -> Conclusion {
        let mut heard = None;
        match self.start(message, &mut heard).await {
            Ok(started) => Conclusion::Started(started),
            Err(conclusion) => conclusion,
        }
    }

    /// Follows a run that exists.
    pub(crate) async fn attach(mut self, run: RunId) -> Conclusion {
        self.follow(run, None, None).await
    }

    /// Asks for the run. A signal in the meantime is kept until the run's id is known; a second one leaves at once.
    async fn start(&mut self, message: RunMessage, heard: &mut Option<Signal>) -> Result<Started, Conclusion> {
        let (transport, display) = (self.transport, self.display);
        let mut asking = pin!(ask(transport, Message::Run(message)));
        loop {
            tokio::select! {
                biased;
                signal = self.signals.next() => match (*heard, signal) {
                    (None, Signal::Interrupt | Signal::Terminate) => {
                        *heard = Some(signal);
                        display.show_now(Show::Note("the run is cancelled as soon as it is known; once more to leave at once".to_owned()));
                    }
                    (None, Signal::Hangup) | (Some(_), _) => {
                        return Err(Conclusion::Left(Left { run: None, signal: heard.unwrap_or(signal), stopped_for: None }));
                    }
                },
                asked = &mut asking => return match asked {
                    Asked::Started(started) => Ok(started),
                    Asked::Over(conclusion) => Err(conclusion),
                },
            }
        }
    }

    async fn follow(&mut self, run: RunId, started: Option<Started>, heard: Option<Signal>) -> Conclusion {
        if let Some(started) = &started {
            announce(self.display, started).await;
        }
        let (order, ordered) = oneshot::channel();
        let mut stop = Stop::new(order, self.on_signal);
        if let Some(signal) = heard {
            stop.hear(signal);
        }
        let mut watching = pin!(watch(self.transport, run, self.display));
        let mut stopping = pin!(deliver_stop(self.transport, run, &self.origin, self.display, ordered));
        let mut limit = pin!(limit(self.begun, self.max_wait));
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                signal = self.signals.next() => if stop.hear(signal) == Then::Leave {
                    if stop.is_under_way() {
                        drop(timeout(LAST_ORDER, &mut stopping).await);
                    }
                    return Conclusion::Left(Left { run: Some(run), signal, stopped_for: stop.cause });
                },
                () = &mut stopping, if !stop.delivered => stop.delivered = true,
                watched = &mut watching => return self.conclude(run, started, watched, stop.cause),
                () = &mut limit, if stop.cause.is_none() => stop.give(StopCause::MaxWaitTime),
                _ = ticks.tick() => self.display.show_now(Show::Time(self.begun.elapsed())),
            }
        }
    }

    fn conclude(
        &self,
        run: RunId,
        started: Option<Started>,
        watched: Watched,
        stopped_for: Option<StopCause>,
    ) -> Conclusion {
        match watched {
            Watched::Ended(ended) => Conclusion::Finished(Box::new(Finished {
                run,
                started,
                ended,
                stopped_for,
                total: self.begun.elapsed(),
                unwritten: None,
            })),
            Watched::NotFound if started.is_none() => Conclusion::failed(&format!(
                "no run `{run}` is known here: `runs` lists the runs of this machine"
            )),
            Watched::NotFound => Conclusion::Lost {
                run,
                why: "the engine does not know the run any longer".to_owned(),
            },
            Watched::Lost { why } => Conclusion::Lost { run, why },
        }
    }
}

/// Whether we go on after a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Stay,
    Leave,
}

/// The order to stop, which is given once.
#[derive(Debug)]
struct Stop {
    order: Option<oneshot::Sender<StopCause>>,
    on_signal: OnSignal,
    cause: Option<StopCause>,
    signalled: bool,
    delivered: bool,
}

impl Stop {
    const fn new(order: oneshot::Sender<StopCause>, on_signal: OnSignal) -> Self {
        Self {
            order: Some(order),
            on_signal,
            cause: None,
            signalled: false,
            delivered: false,
        }
    }

    /// The first signal stops the run, if it may; every other one makes us leave. Without a terminal nobody waits.
    fn hear(&mut self, signal: Signal) -> Then {
        let cause = match signal {
            Signal::Interrupt => StopCause::Interrupt,
            Signal::Terminate => StopCause::Terminate,
            Signal::Hangup => return Then::Leave,
        };
        if self.on_signal == OnSignal::Leave || std::mem::replace(&mut self.signalled, true) {
            return Then::Leave;
        }
        self.give(cause);
        Then::Stay
    }

    fn give(&mut self, cause: StopCause) {
        if let Some(order) = self.order.take() {
            self.cause = Some(cause);
            // The receiver lives as long as this value.
            let _delivered = order.send(cause);
        }
    }

    const fn is_under_way(&self) -> bool {
        self.cause.is_some() && !self.delivered
    }
}

/// Asks for the run, again with the same key when the answer was lost.
async fn ask<T: Transport>(transport: &T, message: Message) -> Asked {
    let pause = transport.patience().pause;
    let mut attempt = 1;
    loop {
        let refusal = match transport.send(&message).await {
            Ok(Reply::Started(started)) => return Asked::Started(started),
            Ok(Reply::Denied(denial)) => return Asked::Over(Conclusion::Denied(denial)),
            Ok(Reply::Error { kind, message }) => Conclusion::Refused { kind, message },
            Ok(Reply::Explained(_) | Reply::Described(_) | Reply::Observed(_) | Reply::Stopped(_)) => {
                Conclusion::Refused {
                    kind: ErrorKind::EngineUnavailable,
                    message: "the gate gave an answer that does not fit; whether the run exists is not known"
                        .to_owned(),
                }
            }
            Err(error) => Conclusion::failed(&error),
        };
        let again = matches!(
            &refusal,
            Conclusion::Refused {
                kind: ErrorKind::EngineUnavailable,
                ..
            }
        );
        if !again || attempt >= ATTEMPTS {
            return Asked::Over(refusal);
        }
        attempt += 1;
        sleep(pause).await;
    }
}

/// Waits for the order to stop, and delivers it.
async fn deliver_stop<T: Transport>(
    transport: &T,
    run: RunId,
    origin: &Origin,
    display: &Display,
    ordered: oneshot::Receiver<StopCause>,
) {
    let Ok(cause) = ordered.await else { return };
    display.show_now(Show::Note(stop_note(cause)));
    let message = Message::Stop(StopMessage {
        run,
        reason: format!("{} at the deployer", cause.as_str()),
        origin: origin.clone(),
    });
    let mut failure = String::new();
    for _ in 0..ATTEMPTS {
        failure = match transport.send(&message).await {
            Ok(Reply::Stopped(StopOutcome::Stopping | StopOutcome::AlreadyEnded | StopOutcome::NotFound)) => return,
            Ok(Reply::Error { message, .. }) => message,
            Ok(_) => "the gate gave an answer that does not fit".to_owned(),
            Err(error) => error.to_string(),
        };
        sleep(transport.patience().pause).await;
    }
    let text = format!("cannot ask the run to stop: {failure}; it still ends at its own deadline");
    display.show(Show::Error(text)).await;
}

fn stop_note(cause: StopCause) -> String {
    let why = match cause {
        StopCause::Interrupt => "Ctrl-C",
        StopCause::Terminate => "SIGTERM",
        StopCause::MaxWaitTime => "--max-wait-time has passed",
    };
    format!(
        "{why}: the run is stopped and has time to clean up; its output goes on until it ends (once more to leave at once)"
    )
}

async fn announce(display: &Display, started: &Started) {
    let run = started.run;
    let how = if started.repeated {
        "joined: the same key started it before"
    } else {
        "started"
    };
    let deadline = elapsed::whole(Duration::from_secs(started.deadline_seconds.into()));
    display
        .note(format!("run {run} {how}; it is stopped after {deadline}"))
        .await;
    for notice in &started.notices {
        display.note(notice.as_str()).await;
    }
}

/// Comes when the caller has waited long enough; never without a limit.
async fn limit(begun: Instant, max_wait: Option<Duration>) {
    match max_wait {
        Some(max_wait) => tokio::time::sleep_until(begun + max_wait).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
