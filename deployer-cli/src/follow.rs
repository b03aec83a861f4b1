//! Starts a run and follows it, with an ear for signals and the clock.
//!
//! Responsible for: who wins when news, signals and time-outs come together. A signal is heard whatever else is going on.
//! Never: decides what an ending means, or draws anything.

mod ask;
mod stop;

use std::pin::pin;
use std::time::Duration;

use protocol::{Origin, RunId, RunMessage, Started};
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::conclusion::{About, Conclusion, Finished, Left, StopCause, StopOrder};
use crate::console::elapsed;
use crate::display::{Display, Show};
use crate::signals::{Signal, Signals};
use crate::transport::Transport;
use crate::watch::{Origination, Watched, watch};
pub(crate) use ask::KeyUse;
use ask::{Asked, Asking, Known};
use stop::{Stop, Then, deliver_stop};

/// How often the console hears the time.
const TICK: Duration = Duration::from_millis(500);
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
    pub(crate) key_use: KeyUse,
    pub(crate) begun: Instant,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) on_signal: OnSignal,
}

impl<T: Transport> Follow<'_, T> {
    /// Starts the run and follows it to its end.
    pub(crate) async fn run(mut self, message: RunMessage) -> Conclusion {
        match self.start(message).await {
            Ok((started, heard)) => {
                let run = started.run;
                self.follow(run, Some(started), heard).await
            }
            Err(conclusion) => conclusion,
        }
    }

    /// Starts the run and leaves. A signal that came before the run was known stops it, and then its end is waited for.
    pub(crate) async fn start_only(mut self, message: RunMessage) -> Conclusion {
        match self.start(message).await {
            Ok((started, None)) => Conclusion::Started(started),
            Ok((started, heard)) => {
                let run = started.run;
                self.follow(run, Some(started), heard).await
            }
            Err(conclusion) => conclusion,
        }
    }

    /// Follows a run that exists.
    pub(crate) async fn attach(mut self, run: RunId) -> Conclusion {
        self.follow(run, None, None).await
    }

    /// Asks for the run. A signal in the meantime is kept until the run's id is known, unless nothing runs for certain; a second
    /// one leaves at once.
    async fn start(&mut self, message: RunMessage) -> Result<(Started, Option<Signal>), Conclusion> {
        let known = Known::default();
        let key = message.idempotency_key.clone();
        let asking = Asking::new(
            self.transport,
            self.display,
            &known,
            message,
            self.key_use,
            self.begun,
            self.max_wait,
        );
        let mut asking = pin!(asking.ask());
        loop {
            tokio::select! {
                biased;
                signal = self.signals.next() => {
                    let first = known.heard.get();
                    let nothing_runs = known.nothing_runs.get();
                    if nothing_runs || first.is_some() || signal == Signal::Hangup {
                        let about = if nothing_runs { About::Nothing } else { About::Perhaps(key) };
                        return Err(Conclusion::Left(Left { about, signal: first.unwrap_or(signal), stopped_for: None, order: StopOrder::NotGiven }));
                    }
                    known.heard.set(Some(signal));
                    let text = "the run is cancelled as soon as it is known; once more to leave at once";
                    self.display.show_now(Show::Note(text.to_owned()));
                }
                asked = &mut asking => return match asked {
                    Asked::Started(started) => Ok((started, known.heard.get())),
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
        let origination = if started.is_some() {
            Origination::Ours
        } else {
            Origination::Others
        };
        let until = self.max_wait.map(|max_wait| self.begun + max_wait);
        let mut watching = pin!(watch(self.transport, run, origination, until, self.display));
        let mut stopping = pin!(deliver_stop(self.transport, run, &self.origin, self.display, ordered));
        let mut limit = pin!(limit(until));
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                signal = self.signals.next() => if stop.hear(signal) == Then::Leave {
                    if stop.is_under_way() {
                        stop.delivered = timeout(LAST_ORDER, &mut stopping).await.ok();
                    }
                    let (stopped_for, order) = (stop.cause, stop.order());
                    return Conclusion::Left(Left { about: About::Run(run), signal, stopped_for, order });
                },
                delivered = &mut stopping, if stop.delivered.is_none() => stop.delivered = Some(delivered),
                watched = &mut watching => return self.conclude(run, started, watched, &stop),
                () = &mut limit, if stop.cause.is_none() => stop.give(StopCause::MaxWaitTime),
                _ = ticks.tick() => self.display.show_now(Show::Time(self.begun.elapsed())),
            }
        }
    }

    fn conclude(&self, run: RunId, started: Option<Started>, watched: Watched, stop: &Stop) -> Conclusion {
        match watched {
            Watched::Ended(ended) => Conclusion::Finished(Box::new(Finished {
                run,
                started,
                ended,
                stopped_for: stop.cause,
                total: self.begun.elapsed(),
                unwritten: None,
            })),
            Watched::NotFound => Conclusion::failed(&self.transport.unknown_run(run)),
            Watched::Lost { why } => Conclusion::Lost {
                run,
                why,
                order: stop.order(),
            },
        }
    }
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
async fn limit(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
