//! The commands that follow a run: a run itself and `attach`.
//!
//! Responsible for: their order of steps, from the command line to the result file. Never: decides what an ending means.

use std::io::{stderr, stdout};
use std::time::Duration;

use protocol::{ExitCode, RunId, RunMessage};
use tokio::time::{Instant, timeout};

use super::{block_on, origin};
use crate::args::{Cli, LogLevel, WaitTime};
use crate::check;
use crate::conclusion::{Conclusion, MissingLines};
use crate::console::{Console, JobOutput, Notes, Settings, Stream};
use crate::display::{Display, Show};
use crate::follow::{Follow, KeyUse, OnSignal};
use crate::gate::{Gate, GateError};
use crate::layout::Look;
use crate::report::{self, Again};
use crate::request::{key, max_wait, request};
use crate::result::{ResultDocument, ResultFile};
use crate::say::{answer, failed, variable};
use crate::signals::Signals;

/// When we leave early, the last words have this long to be shown.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A run.
pub(crate) fn run(cli: &Cli) -> ExitCode {
    let label: Vec<&str> = cli.words.iter().take(2).map(String::as_str).collect();
    command(cli, &label.join(" / "), async |shell| shell.run().await)
}

/// `attach`.
pub(crate) fn attach(cli: &Cli, run: RunId) -> ExitCode {
    command(cli, &run.to_string(), async |shell| shell.attach(run).await)
}

/// What both commands have around them: result file, console, signals, last words.
fn command(cli: &Cli, label: &str, work: impl AsyncFnOnce(&mut Shell<'_>) -> Conclusion) -> ExitCode {
    let result = match cli.view.result_file.as_deref().map(ResultFile::begin).transpose() {
        Ok(result) => result,
        Err(error) => return failed(&error),
    };
    let settings = settings(cli);
    let look = Look::of(&settings);
    let work = async {
        let display = Display::start(Console::new(settings, label, stdout(), stderr()))?;
        let mut shell = Shell {
            cli,
            display,
            signals: Signals::listen()?,
            begun: Instant::now(),
            look,
        };
        let conclusion = work(&mut shell).await;
        Ok(shell.close(conclusion, result.as_ref()).await)
    };
    match block_on(work).and_then(|done: std::io::Result<ExitCode>| done) {
        Ok(exit) => exit,
        Err(error) => failed(&format!("cannot set up this process: {error}")),
    }
}

/// A command that follows a run, and what it has to work with.
struct Shell<'a> {
    cli: &'a Cli,
    display: Display,
    signals: Signals,
    begun: Instant,
    look: Look,
}

impl Shell<'_> {
    async fn run(&mut self) -> Conclusion {
        match self.prepared().await {
            Ok((gate, message)) => {
                let max_wait = max_wait(&self.cli.run);
                let no_wait = self.cli.run.no_wait;
                let follow = self.follow(&gate, max_wait, OnSignal::StopRun);
                if no_wait {
                    follow.start_only(message).await
                } else {
                    follow.run(message).await
                }
            }
            Err(conclusion) => conclusion,
        }
    }

    /// Somebody who only looks in must be able to leave without stopping a run, so here a signal means that.
    async fn attach(&mut self, run: RunId) -> Conclusion {
        match Gate::watching(&self.cli.common).await {
            Ok(gate) => self.follow(&gate, None, OnSignal::Leave).attach(run).await,
            Err(error) => self.no_gate(&error),
        }
    }

    fn follow<'b>(&'b mut self, gate: &'b Gate, max_wait: Option<WaitTime>, on_signal: OnSignal) -> Follow<'b, Gate> {
        Follow {
            transport: gate,
            display: &self.display,
            signals: &mut self.signals,
            origin: origin(),
            key_use: match self.cli.run.idempotency_key {
                Some(_) => KeyUse::PerhapsBefore,
                None => KeyUse::New,
            },
            begun: self.begun,
            max_wait: max_wait.map(WaitTime::duration),
            on_signal,
        }
    }

    async fn prepared(&self) -> Result<(Gate, RunMessage), Conclusion> {
        let cli = self.cli;
        let asked = request(&cli.words, &cli.run).and_then(|request| Ok((request, key(&cli.run)?)));
        let (request, idempotency_key) = asked.map_err(|error| Conclusion::failed(&error))?;
        let gate = Gate::deciding(&cli.common, &cli.run.local).await;
        let gate = gate.map_err(|error| self.no_gate(&error))?;
        let origin = origin();
        let message = RunMessage {
            request,
            idempotency_key,
            origin,
        };
        Ok((gate, message))
    }

    fn no_gate(&self, error: &GateError) -> Conclusion {
        Conclusion::Failed {
            message: error.to_string(),
            details: error.broken().map(|checked| check::render(checked, self.look)),
        }
    }

    /// Waits until the output is shown, then writes the result and the last words. Leaving early waits for nothing.
    async fn close(self, mut conclusion: Conclusion, result: Option<&ResultFile>) -> ExitCode {
        let Self {
            cli,
            display,
            mut signals,
            look,
            ..
        } = self;
        if let Conclusion::Finished(finished) = &mut conclusion {
            finished.unwritten = tokio::select! {
                shown = display.settle() => shown.failure,
                _ = signals.next() => Some("left before everything was shown".to_owned()),
            };
        }
        let exit = conclusion.exit_code(missing_lines(cli));
        let document = ResultDocument::of(&conclusion, exit);
        let written = result.map_or(Ok(()), |file| file.write(&document));
        let last_words = async {
            if let Err(error) = written {
                display.show(Show::Error(error.to_string())).await;
            }
            report::tell(&display, &conclusion, &Again::of(&cli.common), look).await;
            if cli.common.json && !cli.run.no_wait {
                display.show(Show::Block(document.line())).await;
            }
            display.finish().await;
        };
        if matches!(conclusion, Conclusion::Left(_)) {
            drop(timeout(LAST_WORDS, last_words).await);
        } else {
            tokio::select! {
                () = last_words => {}
                _ = signals.next() => {}
            }
        }
        if cli.run.no_wait {
            hand_over(&conclusion, &document, cli.common.json, exit)
        } else {
            exit
        }
    }
}

/// With `--no-wait` there is no job output, so standard output carries the run's id or, with `--json`, the result.
fn hand_over(conclusion: &Conclusion, document: &ResultDocument, json: bool, exit: ExitCode) -> ExitCode {
    if json {
        answer(&(document.line() + "\n"), exit)
    } else if let Conclusion::Started(started) = conclusion {
        answer(&format!("{}\n", started.run), exit)
    } else {
        exit
    }
}

const fn missing_lines(cli: &Cli) -> MissingLines {
    if cli.view.require_complete_logs {
        MissingLines::Fail
    } else {
        MissingLines::Warn
    }
}

fn settings(cli: &Cli) -> Settings {
    let job_output = if cli.view.raw_output {
        JobOutput::Raw
    } else {
        JobOutput::Safe
    };
    let mut settings = Settings::detect(variable, Stream::of(&stdout()), Stream::of(&stderr()), job_output);
    if matches!(cli.common.log_level, LogLevel::Off | LogLevel::Error) {
        settings.notes = Notes::Hidden;
    }
    settings
}
