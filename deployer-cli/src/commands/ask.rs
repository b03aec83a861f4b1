//! The commands that get one answer: explain, describe, cancel and the list of runs.

use std::io::{stderr, stdout};

use protocol::{DescribeMessage, ExitCode, ExplainMessage, Message, Reply, RunId, StopMessage, StopOutcome};

use super::{block_on, origin};
use crate::args::{CancelArgs, Cli};
use crate::commands::run::LAMBDA_IS_NOT_HERE;
use crate::local::{self, Gate, LocalError};
use crate::request::request;
use crate::say::{answer, failed, look, remark};
use crate::transport::Transport as _;
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
    ask(cli, local::gate(&cli.common, &cli.run.sandbox), &message)
}

/// `--describe-containers`.
pub(crate) fn describe(cli: &Cli) -> ExitCode {
    let message = Message::Describe(DescribeMessage {});
    ask(cli, local::gate(&cli.common, &cli.run.sandbox), &message)
}

/// `cancel`.
pub(crate) fn cancel(cli: &Cli, args: &CancelArgs) -> ExitCode {
    let message = Message::Stop(StopMessage {
        run: args.run,
        reason: args.reason.clone(),
        origin: origin(),
    });
    ask(cli, local::watching(&cli.common), &message)
}

/// `runs`: this machine's, whatever the gate is.
pub(crate) fn runs(cli: &Cli) -> ExitCode {
    let runs = match local::list(&cli.common) {
        Ok(runs) => runs,
        Err(error) => return failed(&error),
    };
    if !cli.common.json {
        return answer(&runs::render(&runs), ExitCode::Job(0));
    }
    match runs::json(&runs) {
        Ok(text) => answer(&text, ExitCode::Job(0)),
        Err(error) => failed(&error),
    }
}

fn ask(cli: &Cli, gate: Result<Gate, LocalError>, message: &Message) -> ExitCode {
    if !cli.common.local {
        return failed(&LAMBDA_IS_NOT_HERE);
    }
    let gate = match gate {
        Ok(gate) => gate,
        Err(error) => return no_gate(&error),
    };
    match block_on(gate.send(message)) {
        Ok(Ok(reply)) => tell(cli, &reply, message),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

fn no_gate(error: &LocalError) -> ExitCode {
    if let Some(checked) = error.broken() {
        remark(&check::render(checked, look(&stderr())));
    }
    failed(error)
}

fn tell(cli: &Cli, reply: &Reply, message: &Message) -> ExitCode {
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
            Message::Stop(stop) => return stopped(stop.run, *outcome),
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

fn stopped(run: RunId, outcome: StopOutcome) -> ExitCode {
    match outcome {
        StopOutcome::Stopping => {
            remark(&format!("run {run} has been asked to stop and has time to clean up\n"));
            ExitCode::Job(0)
        }
        StopOutcome::AlreadyEnded => {
            remark(&format!("run {run} had ended already\n"));
            ExitCode::Job(0)
        }
        StopOutcome::NotFound => failed(&format!(
            "no run `{run}` is known here: `runs` lists the runs of this machine"
        )),
    }
}

fn misfit() -> ExitCode {
    failed(&"the gate gave an answer that does not fit the question")
}
