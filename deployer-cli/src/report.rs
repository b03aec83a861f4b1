//! Tells a person how a command ended and what to do next. Never: decides anything.

use protocol::{ErrorKind, IdempotencyKey, RunId};

use crate::args::{CommonArgs, DEFAULT_FUNCTION};
use crate::conclusion::{About, Conclusion, Finished, Left, StopOrder};
use crate::console::{Closing, Logs, Report};
use crate::denial_view;
use crate::display::{Display, Show};
use crate::layout::Look;
use crate::log::Verdict;

/// How this command line calls itself for another command about the same run.
#[derive(Debug, Clone)]
pub(crate) struct Again {
    words: String,
    local: bool,
}

impl Again {
    /// The program with the options that say where its runs are.
    pub(crate) fn of(common: &CommonArgs) -> Self {
        let mut words = vec!["infrastructure-deployer".to_owned()];
        if common.local {
            words.push("--local".to_owned());
            words.extend(
                common
                    .state_dir
                    .as_ref()
                    .map(|folder| format!("--state-dir {}", folder.display())),
            );
        } else {
            words.extend(
                common
                    .aws_region
                    .as_ref()
                    .map(|region| format!("--aws-region {region}")),
            );
            let function = &common.invoker_function_id;
            if function != DEFAULT_FUNCTION {
                words.push(format!("--invoker-function-id {function}"));
            }
        }
        Self {
            words: words.join(" "),
            local: common.local,
        }
    }

    fn attach(&self, run: RunId) -> String {
        format!("{} attach {run}", self.words)
    }

    fn cancel(&self, run: RunId) -> String {
        format!("{} cancel {run}", self.words)
    }

    /// How to find out whether a run was started whose answer was lost.
    fn find_out(&self, key: &IdempotencyKey) -> String {
        let key = key.as_str();
        let repeat = format!(
            "repeat this call with `--idempotency-key={key}`: it joins the run, or starts it if it was never started"
        );
        if self.local {
            format!("{repeat}; `{} runs` shows whether it exists", self.words)
        } else {
            repeat
        }
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
        Conclusion::Lost { run, why, order } => {
            let text = format!("the run cannot be seen any longer: {why}");
            display.show(Show::Error(text)).await;
            let text = match order {
                StopOrder::NotGiven | StopOrder::NotTaken => "it may go on",
                StopOrder::Taken => "it has been asked to stop",
            };
            let text = format!("{text}; see it again with `{}`", again.attach(*run));
            display.show(Show::Advice(text)).await;
            if *order == StopOrder::NotTaken {
                display.show(Show::Advice(not_stopped(*run, again))).await;
            }
        }
        Conclusion::Unanswered { key, why, .. } => {
            let text = format!("whether the run was started is not known: {why}");
            display.show(Show::Error(text)).await;
            display.show(Show::Advice(again.find_out(key))).await;
        }
        Conclusion::Refused { kind, message } => {
            display.show(Show::Error(message.clone())).await;
            if let Some(advice) = refusal_advice(*kind) {
                display.show(Show::Advice(advice.to_owned())).await;
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
    match &finished.ended.log {
        Verdict::Complete => {}
        Verdict::Incomplete { why } => display.warn(format!("the output is not complete: {why}")).await,
        Verdict::NotProven => {
            let text = "whether all of the output came cannot be proven: the container's image has no deploy-runner";
            display.note(text).await;
        }
    }
    let closing = Closing::of(&Report {
        run: finished.run,
        ending: &finished.ended.ending,
        timings: &finished.ended.timings,
        drain: Some(finished.ended.drain),
        total: finished.total,
        logs: match finished.ended.log {
            _ if finished.unwritten.is_some() => Logs::Incomplete,
            Verdict::Complete => Logs::Complete,
            Verdict::Incomplete { .. } => Logs::Incomplete,
            Verdict::NotProven => Logs::NotProven,
        },
        attach: &again.attach(finished.run),
    });
    display.show(Show::Closing(closing)).await;
}

async fn tell_left(display: &Display, left: &Left, again: &Again) {
    let run = match &left.about {
        About::Run(run) => *run,
        About::Perhaps(key) => {
            let text = "left before the gate had answered; whether the run exists is not known";
            display.warn(text).await;
            display.show(Show::Advice(again.find_out(key))).await;
            return;
        }
        About::Nothing => {
            display.warn("left while waiting for room; nothing was started").await;
            return;
        }
    };
    let text = match left.order {
        StopOrder::Taken => format!("left; run {run} has been asked to stop and is cleaning up"),
        StopOrder::NotGiven | StopOrder::NotTaken => format!("left; run {run} goes on"),
    };
    display.warn(text).await;
    display
        .show(Show::Advice(format!("see it with `{}`", again.attach(run))))
        .await;
    match left.order {
        StopOrder::Taken => {}
        StopOrder::NotGiven => {
            let text = format!("stop it with `{}`", again.cancel(run));
            display.show(Show::Advice(text)).await;
        }
        StopOrder::NotTaken => display.show(Show::Advice(not_stopped(run, again))).await,
    }
}

fn not_stopped(run: RunId, again: &Again) -> String {
    format!(
        "the gate has not taken the order to stop it: it ends at its own deadline, or sooner with `{}`",
        again.cancel(run)
    )
}

fn refusal_advice(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::FailedToStart | ErrorKind::NoCapacity => Some("nothing ran: it is safe to try again"),
        ErrorKind::EngineUnavailable | ErrorKind::BadMessage | ErrorKind::KeyConflict | ErrorKind::AuditUnavailable => {
            None
        }
    }
}
