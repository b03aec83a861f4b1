mod gone;
mod patience;

use std::cell::RefCell;
use std::collections::VecDeque;

use protocol::frame::{Cause, Channel, Encoder};
use protocol::{
    Cursor, Denial, Ending, ErrorKind, ExitCode, IdempotencyKey, Message, Observation, Observed, OutputForm, Phase,
    Reply, RunRequest, StopOutcome, Timings,
};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

use super::*;
use crate::conclusion::MissingLines;
use crate::console::{Console, JobOutput, Settings, Stream};
use crate::transport::lambda::failure::LambdaError;
use crate::transport::{Patience, TransportError};

const RUN: RunId = RunId::from_random([7; 16]);

/// A gate that answers from a script: a run that is observed until somebody stops it or its script is over.
#[derive(Default)]
struct ScriptedGate {
    starts: RefCell<VecDeque<Reply>>,
    news: RefCell<VecDeque<Reply>>,
    stops: RefCell<Vec<String>>,
    after_stop: Option<Ending>,
    started: RefCell<u32>,
    /// What comes instead of answers to the first messages.
    failures: RefCell<VecDeque<LambdaError>>,
    /// What orders to stop come to; then they are obeyed.
    stop_outcomes: RefCell<VecDeque<Reply>>,
}

impl Transport for ScriptedGate {
    async fn send(&self, message: &Message) -> Result<Reply, TransportError> {
        tokio::task::yield_now().await;
        let failure = self.failures.borrow_mut().pop_front();
        if let Some(failure) = failure {
            return Err(Box::new(failure).into());
        }
        Ok(match message {
            Message::Run(_) => {
                *self.started.borrow_mut() += 1;
                let scripted = self.starts.borrow_mut().pop_front();
                scripted.unwrap_or_else(|| Reply::Started(started()))
            }
            Message::Stop(stop) => {
                let outcome = self.stop_outcomes.borrow_mut().pop_front();
                let outcome = outcome.unwrap_or(Reply::Stopped(StopOutcome::Stopping));
                if outcome == Reply::Stopped(StopOutcome::Stopping) {
                    self.stops.borrow_mut().push(stop.reason.clone());
                }
                outcome
            }
            Message::Observe(_) => self.observe().await,
            Message::Explain(_) | Message::Describe(_) => panic!("not asked for here"),
        })
    }

    fn patience(&self) -> Patience {
        Patience {
            late_lines: Duration::from_secs(5),
            unreachable: Duration::from_mins(5),
            after_max_wait: Duration::from_secs(30),
            lost_answers: Duration::from_mins(2),
            no_way: Duration::from_secs(10),
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(10),
            wait_ms: 0,
        }
    }

    fn unknown_run(&self, run: RunId) -> String {
        format!("nobody knows `{run}`")
    }
}

impl ScriptedGate {
    async fn observe(&self) -> Reply {
        if let Some(ending) = &self.after_stop
            && !self.stops.borrow().is_empty()
        {
            return news(Some(ending.clone()), log(0, Cause::Stopped));
        }
        let scripted = self.news.borrow_mut().pop_front();
        if let Some(reply) = scripted {
            return reply;
        }
        sleep(Duration::from_secs(1)).await;
        news(None, Vec::new())
    }

    async fn follow(
        &self,
        on_signal: OnSignal,
        max_wait: Option<Duration>,
        act: impl AsyncFnOnce(UnboundedSender<Signal>),
    ) -> Conclusion {
        follow(self, on_signal, max_wait, act).await
    }
}

/// Follows with the signals that `act` sends, and answers how it ended.
async fn follow<T: Transport>(
    gate: &T,
    on_signal: OnSignal,
    max_wait: Option<Duration>,
    act: impl AsyncFnOnce(UnboundedSender<Signal>),
) -> Conclusion {
    with_follow(gate, on_signal, max_wait, act, async |follow| match on_signal {
        OnSignal::StopRun => follow.run(message()).await,
        OnSignal::Leave => follow.attach(RUN).await,
    })
    .await
}

/// Does `work` with the signals that `act` sends.
async fn with_follow<T: Transport>(
    gate: &T,
    on_signal: OnSignal,
    max_wait: Option<Duration>,
    act: impl AsyncFnOnce(UnboundedSender<Signal>),
    work: impl AsyncFnOnce(Follow<'_, T>) -> Conclusion,
) -> Conclusion {
    let look = Settings::detect(|_| None, Stream::Other, Stream::Other, JobOutput::Safe);
    let display = Display::start(Console::new(look, "test", std::io::sink(), std::io::sink())).unwrap();
    let (sender, mut signals) = Signals::scripted();
    let follow = Follow {
        transport: gate,
        display: &display,
        signals: &mut signals,
        origin: Origin::default(),
        key_use: KeyUse::New,
        begun: Instant::now(),
        max_wait,
        on_signal,
    };
    tokio::join!(work(follow), act(sender)).0
}

/// As with `--no-wait`.
async fn start_only(gate: &ScriptedGate, act: impl AsyncFnOnce(UnboundedSender<Signal>)) -> Conclusion {
    with_follow(gate, OnSignal::StopRun, None, act, async |follow| {
        follow.start_only(message()).await
    })
    .await
}

fn key() -> IdempotencyKey {
    IdempotencyKey::from_random([1; 16])
}

fn message() -> RunMessage {
    RunMessage {
        request: RunRequest::default(),
        idempotency_key: key(),
        origin: Origin::default(),
    }
}

fn started() -> Started {
    Started {
        run: RUN,
        repeated: false,
        deadline_seconds: 60,
        request_digest: String::new(),
        allow_list_digest: String::new(),
        notices: Vec::new(),
    }
}

fn news(ending: Option<Ending>, frames: Vec<String>) -> Reply {
    Reply::Observed(vec![Observed::Run(Observation {
        run: RUN,
        phase: if ending.is_some() { Phase::Ended } else { Phase::Running },
        frames,
        cursor: Cursor::default(),
        more: false,
        ending,
        timings: Timings::default(),
        ask_again_ms: 1000,
        output: OutputForm::Framed,
        remark: None,
    })])
}

fn log(exit: u8, cause: Cause) -> Vec<String> {
    let mut encoder = Encoder::new();
    let mut text = Vec::new();
    encoder.encode(Channel::Stdout, b"one\ntwo\n", &mut text);
    encoder.finish(exit, cause, &mut text).unwrap();
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

fn gate(news: impl IntoIterator<Item = Reply>) -> ScriptedGate {
    ScriptedGate {
        news: RefCell::new(news.into_iter().collect()),
        ..ScriptedGate::default()
    }
}

async fn no_signal(_: UnboundedSender<Signal>) {}

fn unavailable() -> Reply {
    Reply::Error {
        kind: ErrorKind::EngineUnavailable,
        message: "gone".into(),
    }
}

fn cancelled() -> ScriptedGate {
    ScriptedGate {
        after_stop: Some(Ending::Cancelled { code: Some(0) }),
        ..ScriptedGate::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_is_followed_to_its_end_and_its_code_is_ours() {
    let gate = gate([
        news(None, Vec::new()),
        news(Some(Ending::Exited { code: 7 }), log(7, Cause::Exited)),
    ]);
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Job(7));
    assert!(matches!(end, Conclusion::Finished(finished) if finished.logs_complete()));
}

#[tokio::test(start_paused = true)]
async fn late_lines_are_waited_for_after_the_end_but_not_for_ever() {
    let exited = || Some(Ending::Exited { code: 0 });
    let late = gate([news(exited(), Vec::new()), news(exited(), log(0, Cause::Exited))]);
    let end = late.follow(OnSignal::StopRun, None, no_signal).await;
    assert!(matches!(end, Conclusion::Finished(finished) if finished.logs_complete()));

    let never = gate((0..20).map(|_| news(exited(), Vec::new())));
    let begun = Instant::now();
    let end = never.follow(OnSignal::StopRun, None, no_signal).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Job(0));
    assert_eq!(end.exit_code(MissingLines::Fail), ExitCode::LogsIncomplete);
}

#[tokio::test(start_paused = true)]
async fn the_first_signal_stops_the_run_and_we_stay_until_it_ends() {
    for (signal, code) in [
        (Signal::Interrupt, ExitCode::Interrupted),
        (Signal::Terminate, ExitCode::Terminated),
    ] {
        let gate = cancelled();
        let end = gate
            .follow(OnSignal::StopRun, None, async |signals| signals.send(signal).unwrap())
            .await;
        assert_eq!(gate.stops.borrow().len(), 1);
        assert!(matches!(end, Conclusion::Finished(_)));
        assert_eq!(end.exit_code(MissingLines::Warn), code);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_nobody_waits_for_is_stopped_by_a_signal_that_came_before_it_was_known() {
    let gate = cancelled();
    let end = start_only(&gate, async |signals| signals.send(Signal::Interrupt).unwrap()).await;
    assert_eq!(gate.stops.borrow().as_slice(), ["SIGINT at the deployer"]);
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Interrupted);

    let gate = ScriptedGate::default();
    assert!(matches!(start_only(&gate, no_signal).await, Conclusion::Started(_)));
    assert_eq!(gate.stops.borrow().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_second_signal_leaves_at_once_though_the_run_goes_on() {
    let gate = ScriptedGate::default();
    let begun = Instant::now();
    let end = gate
        .follow(OnSignal::StopRun, None, async |signals| {
            sleep(Duration::from_secs(3)).await;
            signals.send(Signal::Interrupt).unwrap();
            sleep(Duration::from_secs(3)).await;
            signals.send(Signal::Terminate).unwrap();
        })
        .await;
    assert_eq!(begun.elapsed(), Duration::from_secs(6));
    assert_eq!(gate.stops.borrow().as_slice(), ["SIGINT at the deployer"]);
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Interrupted);
    let left = Left {
        about: About::Run(RUN),
        signal: Signal::Terminate,
        stopped_for: Some(StopCause::Interrupt),
        order: StopOrder::Taken,
    };
    assert!(matches!(end, Conclusion::Left(end) if end == left));
}

#[tokio::test(start_paused = true)]
async fn two_signals_at_once_still_deliver_the_order_to_stop_before_we_leave() {
    let gate = ScriptedGate::default();
    let end = gate
        .follow(OnSignal::StopRun, None, async |signals| {
            sleep(Duration::from_secs(1)).await;
            signals.send(Signal::Interrupt).unwrap();
            signals.send(Signal::Interrupt).unwrap();
        })
        .await;
    assert!(matches!(end, Conclusion::Left(left) if left.order == StopOrder::Taken));
    assert_eq!(gate.stops.borrow().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_before_the_gate_has_answered_leaves_without_knowing_the_run() {
    let gate = ScriptedGate::default();
    let end = gate
        .follow(OnSignal::StopRun, None, async |signals| {
            signals.send(Signal::Interrupt).unwrap();
            signals.send(Signal::Terminate).unwrap();
        })
        .await;
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Interrupted);
    assert!(matches!(end, Conclusion::Left(left) if left.about == About::Perhaps(key())));
}

#[tokio::test(start_paused = true)]
async fn a_lost_terminal_leaves_the_run_alone_and_its_outcome_unknown() {
    let gate = ScriptedGate::default();
    let end = gate
        .follow(OnSignal::StopRun, None, async |signals| {
            signals.send(Signal::Hangup).unwrap();
        })
        .await;
    assert_eq!(gate.stops.borrow().len(), 0);
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::OutcomeUnknown);
}

#[tokio::test(start_paused = true)]
async fn whoever_only_looks_in_leaves_without_stopping_the_run() {
    let gate = ScriptedGate::default();
    let end = gate
        .follow(OnSignal::Leave, None, async |signals| {
            signals.send(Signal::Interrupt).unwrap();
        })
        .await;
    assert_eq!(gate.stops.borrow().len(), 0);
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn after_the_longest_wait_the_run_is_stopped_and_counts_as_timed_out() {
    let gate = cancelled();
    let begun = Instant::now();
    let end = gate
        .follow(OnSignal::StopRun, Some(Duration::from_secs(90)), no_signal)
        .await;
    assert!(begun.elapsed() >= Duration::from_secs(90), "{:?}", begun.elapsed());
    assert_eq!(gate.stops.borrow().as_slice(), ["max-wait-time at the deployer"]);
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_ended_by_itself_keeps_its_code_though_somebody_wanted_to_stop_it() {
    let gate = ScriptedGate {
        after_stop: Some(Ending::Exited { code: 0 }),
        ..ScriptedGate::default()
    };
    let end = gate
        .follow(OnSignal::StopRun, None, async |signals| {
            signals.send(Signal::Interrupt).unwrap();
        })
        .await;
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Job(0));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_away_for_a_while_is_asked_again() {
    let ended = news(Some(Ending::Exited { code: 0 }), log(0, Cause::Exited));
    let gate = gate((0..25).map(|_| unavailable()).chain([ended]));
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    assert_eq!(end.exit_code(MissingLines::Fail), ExitCode::Job(0));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_stays_away_makes_the_outcome_unknown_never_a_success() {
    let gate = gate((0..100).map(|_| unavailable()));
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::OutcomeUnknown);
    assert!(matches!(end, Conclusion::Lost { why, .. } if why == "gone"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_the_start_is_asked_for_again_with_the_same_message() {
    let gate = gate([news(Some(Ending::Exited { code: 0 }), log(0, Cause::Exited))]);
    gate.starts.borrow_mut().extend([unavailable(), unavailable()]);
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    assert_eq!(
        (*gate.started.borrow(), end.exit_code(MissingLines::Warn)),
        (3, ExitCode::Job(0))
    );
}

#[tokio::test(start_paused = true)]
async fn a_denial_is_not_asked_again() {
    let gate = ScriptedGate::default();
    gate.starts
        .borrow_mut()
        .push_back(Reply::Denied(Denial { problems: Vec::new() }));
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    assert_eq!(
        (*gate.started.borrow(), end.exit_code(MissingLines::Warn)),
        (1, ExitCode::Denied)
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_run_is_our_failure_when_attaching_and_an_unknown_outcome_after_a_start() {
    let unknown = || Reply::Observed(vec![Observed::NotFound { run: RUN }]);
    let end = gate([unknown()]).follow(OnSignal::Leave, None, no_signal).await;
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::DeployerFailed);
    let end = gate((0..1000).map(|_| unknown()))
        .follow(OnSignal::StopRun, None, no_signal)
        .await;
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::OutcomeUnknown);
}
