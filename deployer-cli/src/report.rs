//! Tells a person how a command ended and what to do next. Never: decides anything.

use protocol::{ErrorKind, RunId};

use crate::conclusion::{Conclusion, Finished, Left};
use crate::console::{Closing, Logs, Report};
use crate::denial_view;
use crate::display::{Display, Show};
use crate::layout::Look;
use crate::log::Verdict;

/// How this command line calls itself for another command about the same run.
#[derive(Debug, Clone)]
pub(crate) struct Again(String);

impl Again {
    /// The program with the options that say where its runs are.
    pub(crate) fn new(words: &[String]) -> Self {
        Self(words.join(" "))
    }

    fn attach(&self, run: RunId) -> String {
        format!("{} attach {run}", self.0)
    }

    fn cancel(&self, run: RunId) -> String {
        format!("{} cancel {run}", self.0)
    }

    fn runs(&self) -> String {
        format!("{} runs", self.0)
    }
}

/// Shows how the command ended.
pub(crate) async fn tell(display: &Display, conclusion: &Conclusion, again: &Again, look: Look) {
    match conclusion {
        Conclusion::Finished(finished) => tell_finished(display, finished, again).await,
        Conclusion::Started(started) => {
            let run = started.run;
            display
                .note(format!(
                    "the run goes on by itself; see it with `{}`",
                    again.attach(run)
                ))
                .await;
        }
        Conclusion::Denied(denial) => display.show(Show::Block(denial_view::render(denial, look))).await,
        Conclusion::Left(left) => tell_left(display, left, again).await,
        Conclusion::Lost { run, why } => {
            display
                .show(Show::Error(format!("the run cannot be seen any longer: {why}")))
                .await;
            display
                .show(Show::Advice(format!(
                    "it may go on; see it again with `{}`",
                    again.attach(*run)
                )))
                .await;
        }
        Conclusion::Refused { kind, message } => {
            display.show(Show::Error(message.clone())).await;
            if let Some(advice) = refusal_advice(*kind, again) {
                display.show(Show::Advice(advice)).await;
            }
        }
        Conclusion::Failed { message, details } => {
            if let Some(details) = details {
                display.show(Show::Block(details.clone())).await;
            }
            display.show(Show::Error(message.clone())).await;
        }
    }
}

async fn tell_finished(display: &Display, finished: &Finished, again: &Again) {
    if let Verdict::Incomplete { why } = &finished.ended.log {
        display.warn(format!("the output is not complete: {why}")).await;
    }
    let closing = Closing::of(&Report {
        run: finished.run,
        ending: &finished.ended.ending,
        timings: &finished.ended.timings,
        drain: Some(finished.ended.drain),
        total: finished.total,
        logs: if finished.logs_complete() {
            Logs::Complete
        } else {
            Logs::Incomplete
        },
        attach: &again.attach(finished.run),
    });
    display.show(Show::Closing(closing)).await;
}

async fn tell_left(display: &Display, left: &Left, again: &Again) {
    let Some(run) = left.run else {
        let text = "left before the gate had answered; whether the run exists is not known";
        display.warn(text).await;
        display.show(Show::Advice(format!("see with `{}`", again.runs()))).await;
        return;
    };
    let text = match left.stopped_for {
        Some(_) => format!("left; run {run} has been asked to stop and is cleaning up"),
        None => format!("left; run {run} goes on"),
    };
    display.warn(text).await;
    display
        .show(Show::Advice(format!("see it with `{}`", again.attach(run))))
        .await;
    if left.stopped_for.is_none() {
        display
            .show(Show::Advice(format!("stop it with `{}`", again.cancel(run))))
            .await;
    }
}

fn refusal_advice(kind: ErrorKind, again: &Again) -> Option<String> {
    match kind {
        ErrorKind::EngineUnavailable => Some(format!("see with `{}` whether the run exists", again.runs())),
        ErrorKind::FailedToStart | ErrorKind::NoCapacity => Some("nothing ran: it is safe to try again".to_owned()),
        ErrorKind::BadMessage | ErrorKind::KeyConflict | ErrorKind::AuditUnavailable => None,
    }
}
