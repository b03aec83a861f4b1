//! The commands that get one answer: explain, describe, cancel and the list of runs.

use std::future::Future;
use std::io::{stderr, stdout};
use std::time::Duration;

use protocol::{DescribeMessage, ErrorKind, ExitCode, ExplainMessage, Message, Reply, RunId, StopMessage, StopOutcome};

use tokio::time::{Instant, sleep};

use super::{block_on, origin};
use crate::args::{CancelArgs, Cli};
use crate::gate::{Gate, GateError};
use crate::local;
use crate::request::request;
use crate::say::{answer, failed, look, remark};
use crate::transport::{Hope, Transport as _, TransportError};
use crate::{check, denial_view, describe_view, explain_view, runs};

/// `--explain`.
pub(crate) fn explain(cli: &Cli) -> ExitCode {
    let request = match request(&cli.words, &cli.run) {
        Ok(request) => request,
        Err(error) => return failed(&error),
    };
    let message = Message::Explain(ExplainMessage {
        request,
        origin: origin(),
    });
    ask(cli, Gate::deciding(&cli.common, &cli.run.local), &message)
}

/// `--describe-containers`.
pub(crate) fn describe(cli: &Cli) -> ExitCode {
    let message = Message::Describe(DescribeMessage {});
    ask(cli, Gate::deciding(&cli.common, &cli.run.local), &message)
}

/// `cancel`.
pub(crate) fn cancel(cli: &Cli, args: &CancelArgs) -> ExitCode {
    let message = Message::Stop(StopMessage {
        run: args.run,
        reason: args.reason.clone(),
        origin: origin(),
    });
    ask(cli, Gate::watching(&cli.common), &message)
}

/// `runs`: this machine's, whatever the gate is.
pub(crate) fn runs(cli: &Cli) -> ExitCode {
    let runs = match local::list(&cli.common) {
        Ok(runs) => runs,
        Err(error) => return failed(&error),
    };
    if !cli.common.local {
        remark("these are the runs of this machine; a run in AWS is found by its id, with `attach`\n");
    }
    if !cli.common.json {
        return answer(&runs::render(&runs), ExitCode::Job(0));
    }
    match runs::json(&runs) {
        Ok(text) => answer(&text, ExitCode::Job(0)),
        Err(error) => failed(&error),
    }
}

fn ask(cli: &Cli, gate: impl Future<Output = Result<Gate, GateError>>, message: &Message) -> ExitCode {
    let asking = async {
        let gate = gate.await?;
        let reply = ask_patiently(&gate, message).await;
        Ok::<_, GateError>((gate, reply))
    };
    match block_on(asking) {
        Ok(Ok((gate, Ok(reply)))) => tell(cli, &gate, &reply, message),
        Ok(Ok((_, Err(error)))) => failed(&error),
        Ok(Err(error)) => no_gate(&error),
        Err(error) => failed(&error),
    }
}

/// None of these messages starts anything, so what fails in passing is simply asked again.
async fn ask_patiently(gate: &Gate, message: &Message) -> Result<Reply, TransportError> {
    let patience = gate.patience();
    let mut pauses = patience.pauses();
    let begun = Instant::now();
    loop {
        let reply = gate.send(message).await;
        let longest = match &reply {
            Ok(Reply::Error {
                kind: ErrorKind::EngineUnavailable,
                ..
            }) => patience.no_way,
            Ok(_) => return reply,
            Err(error) => match error.hope() {
                Hope::None | Hope::ForARun => Duration::ZERO,
                Hope::Brief | Hope::Good => patience.no_way,
            },
        };
        let pause = pauses.next();
        if begun.elapsed() + pause > longest {
            return reply;
        }
        sleep(pause).await;
    }
}

fn no_gate(error: &GateError) -> ExitCode {
    if let Some(checked) = error.broken() {
        remark(&check::render(checked, look(&stderr())));
    }
    failed(error)
}

fn tell(cli: &Cli, gate: &Gate, reply: &Reply, message: &Message) -> ExitCode {
    let json = cli.common.json;
    let page = look(&stdout());
    let (text, exit) = match reply {
        Reply::Explained(explanation) => {
            let exit = if explanation.allowed {
                ExitCode::Job(0)
            } else {
                ExitCode::Denied
            };
            let text = if json {
                explain_view::json(explanation)
            } else {
                Ok(explain_view::render(explanation, page))
            };
            (text, exit)
        }
        Reply::Described(catalogue) => {
            let text = if json {
                describe_view::json(catalogue)
            } else {
                Ok(describe_view::render(catalogue, page))
            };
            (text, ExitCode::Job(0))
        }
        Reply::Denied(denial) => {
            let text = if json {
                denial_view::json(denial)
            } else {
                Ok(denial_view::render(denial, page))
            };
            (text, ExitCode::Denied)
        }
        Reply::Stopped(outcome) => match message {
            Message::Stop(stop) => return stopped(gate, stop.run, *outcome),
            Message::Run(_) | Message::Explain(_) | Message::Describe(_) | Message::Observe(_) => return misfit(),
        },
        Reply::Error { message, .. } => return failed(message),
        Reply::Started(_) | Reply::Observed(_) => return misfit(),
    };
    match text {
        Ok(text) => answer(&text, exit),
        Err(error) => failed(&error),
    }
}

fn stopped(gate: &Gate, run: RunId, outcome: StopOutcome) -> ExitCode {
    match outcome {
        StopOutcome::Stopping => {
            remark(&format!("run {run} has been asked to stop and has time to clean up\n"));
            ExitCode::Job(0)
        }
        StopOutcome::AlreadyEnded => {
            remark(&format!("run {run} had ended already\n"));
            ExitCode::Job(0)
        }
        StopOutcome::NotFound => failed(&gate.unknown_run(run)),
    }
}

fn misfit() -> ExitCode {
    failed(&"the gate gave an answer that does not fit the question")
}
