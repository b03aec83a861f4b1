//! The order to stop a run: given once, and delivered until the gate has taken it.

use std::time::Duration;

use protocol::{Message, Origin, Reply, RunId, StopMessage, StopOutcome};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::OnSignal;
use crate::conclusion::{StopCause, StopOrder};
use crate::display::{Display, Show};
use crate::signals::Signal;
use crate::transport::{Hope, Transport};

/// Whether we go on after a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Stay,
    Leave,
}

/// The order to stop, which is given once.
#[derive(Debug)]
pub(super) struct Stop {
    order: Option<oneshot::Sender<StopCause>>,
    on_signal: OnSignal,
    pub(super) cause: Option<StopCause>,
    signalled: bool,
    /// What the delivery came to, when it is over.
    pub(super) delivered: Option<Delivered>,
}

/// Whether the gate has taken the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivered {
    Yes,
    No,
}

impl Stop {
    pub(super) const fn new(order: oneshot::Sender<StopCause>, on_signal: OnSignal) -> Self {
        Self {
            order: Some(order),
            on_signal,
            cause: None,
            signalled: false,
            delivered: None,
        }
    }

    /// The first signal stops the run, if it may; every other one makes us leave. Without a terminal nobody waits.
    pub(super) fn hear(&mut self, signal: Signal) -> Then {
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

    pub(super) fn give(&mut self, cause: StopCause) {
        if let Some(order) = self.order.take() {
            self.cause = Some(cause);
            // The receiver lives as long as this value.
            let _delivered = order.send(cause);
        }
    }

    pub(super) const fn is_under_way(&self) -> bool {
        self.cause.is_some() && self.delivered.is_none()
    }

    /// What became of the order, as far as is known.
    pub(super) const fn order(&self) -> StopOrder {
        match (self.cause, self.delivered) {
            (None, _) => StopOrder::NotGiven,
            (Some(_), Some(Delivered::Yes)) => StopOrder::Taken,
            (Some(_), Some(Delivered::No) | None) => StopOrder::NotTaken,
        }
    }
}

/// Waits for the order to stop, and delivers it. A run that the gate does not know yet, right after its start, is asked for again.
pub(super) async fn deliver_stop<T: Transport>(
    transport: &T,
    run: RunId,
    origin: &Origin,
    display: &Display,
    ordered: oneshot::Receiver<StopCause>,
) -> Delivered {
    let Ok(cause) = ordered.await else {
        return Delivered::No;
    };
    display.show_now(Show::Note(stop_note(cause)));
    let message = Message::Stop(StopMessage {
        run,
        reason: format!("{} at the deployer", cause.as_str()),
        origin: origin.clone(),
    });
    let patience = transport.patience();
    let mut pauses = patience.pauses();
    let begun = Instant::now();
    let failure = loop {
        let (failure, longest) = match transport.send(&message).await {
            Ok(Reply::Stopped(StopOutcome::Stopping | StopOutcome::AlreadyEnded)) => return Delivered::Yes,
            Ok(Reply::Stopped(StopOutcome::NotFound)) => (transport.unknown_run(run), patience.lost_answers),
            Ok(Reply::Error { message, .. }) => (message, patience.unreachable),
            Ok(_) => ("the gate gave an answer that does not fit".to_owned(), Duration::ZERO),
            Err(error) if error.hope() == Hope::None => (error.to_string(), Duration::ZERO),
            Err(error) => (error.to_string(), patience.unreachable),
        };
        let pause = pauses.next();
        if begun.elapsed() + pause > longest {
            break failure;
        }
        sleep(pause).await;
    };
    let text = format!("cannot ask the run to stop: {failure}; it still ends at its own deadline");
    display.show(Show::Error(text)).await;
    Delivered::No
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
