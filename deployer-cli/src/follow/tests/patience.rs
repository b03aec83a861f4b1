//! How long a run is asked for and looked for, in virtual time.

use proptest::prelude::*;

use super::*;
use crate::transport::lambda::failure::{ConnectionFailure, CredentialsFailure, LambdaError};

fn no_room() -> Reply {
    Reply::Error {
        kind: ErrorKind::NoCapacity,
        message: "no room in the cluster".into(),
    }
}

fn not_found() -> Reply {
    Reply::Observed(vec![Observed::NotFound { run: RUN }])
}

fn ended() -> Reply {
    news(Some(Ending::Exited { code: 0 }), log(0, Cause::Exited))
}

pub(super) fn lost() -> LambdaError {
    let endpoint = "`http://test`".to_owned();
    ConnectionFailure::Silent { endpoint }.into()
}

pub(super) fn unreachable() -> LambdaError {
    let (endpoint, why) = ("`http://test`".to_owned(), "refused".to_owned());
    ConnectionFailure::Unreachable { endpoint, why }.into()
}

fn expired() -> LambdaError {
    let code = "ExpiredTokenException".to_owned();
    CredentialsFailure::Expired { code }.into()
}

/// A gate whose first messages fail.
fn failing(failures: impl IntoIterator<Item = LambdaError>) -> ScriptedGate {
    let gate = gate([ended()]);
    gate.failures.borrow_mut().extend(failures);
    gate
}

#[tokio::test(start_paused = true)]
async fn room_is_waited_for_with_growing_pauses_and_the_same_message() {
    let gate = gate([ended()]);
    gate.starts.borrow_mut().extend((0..5).map(|_| no_room()));
    let begun = Instant::now();
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Job(0));
    assert_eq!(*gate.started.borrow(), 6);
    assert_eq!(begun.elapsed(), Duration::from_secs(5 + 10 + 20 + 30 + 30));
}

#[tokio::test(start_paused = true)]
async fn room_is_waited_for_until_the_longest_wait_and_without_one_for_a_quarter_of_an_hour() {
    for (max_wait, minutes) in [(Some(Duration::from_hours(1)), 60), (None, 15)] {
        let gate = ScriptedGate::default();
        gate.starts.borrow_mut().extend((0..1000).map(|_| no_room()));
        let begun = Instant::now();
        let end = gate.follow(OnSignal::StopRun, max_wait, no_signal).await;
        assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::FailedToStart);
        let waited = begun.elapsed();
        let limit = Duration::from_mins(minutes);
        assert!(
            waited <= limit && waited + Duration::from_secs(31) > limit,
            "{waited:?}"
        );
        assert!(matches!(
            end,
            Conclusion::Refused {
                kind: ErrorKind::NoCapacity,
                ..
            }
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn a_signal_while_room_is_waited_for_leaves_at_once_because_nothing_runs() {
    let gate = ScriptedGate::default();
    gate.starts.borrow_mut().extend((0..1000).map(|_| no_room()));
    let begun = Instant::now();
    let end = gate
        .follow(OnSignal::StopRun, None, async |signals| {
            sleep(Duration::from_secs(20)).await;
            signals.send(Signal::Interrupt).unwrap();
        })
        .await;
    assert_eq!(begun.elapsed(), Duration::from_secs(20));
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Interrupted);
    assert!(matches!(end, Conclusion::Left(left) if left.about == About::Nothing));
}

#[tokio::test(start_paused = true)]
async fn a_signal_that_came_while_the_gate_was_asked_counts_when_there_is_no_room() {
    let gate = ScriptedGate::default();
    gate.starts.borrow_mut().extend([unavailable(), no_room(), no_room()]);
    let end = gate
        .follow(OnSignal::StopRun, None, async |signals| {
            sleep(Duration::from_millis(500)).await;
            signals.send(Signal::Terminate).unwrap();
        })
        .await;
    assert_eq!(*gate.started.borrow(), 2);
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Terminated);
    assert!(matches!(end, Conclusion::Left(left) if left.about == About::Nothing));
}

/// What is told of the run to whoever interrupts the waiting for room after so many seconds.
async fn interrupted(gate: ScriptedGate, key_use: KeyUse, after: u64) -> About {
    gate.starts.borrow_mut().extend((0..1000).map(|_| no_room()));
    let act = async |signals: UnboundedSender<Signal>| {
        sleep(Duration::from_secs(after)).await;
        signals.send(Signal::Interrupt).unwrap();
    };
    let end = with_follow(&gate, OnSignal::StopRun, None, act, async |mut follow| {
        follow.key_use = key_use;
        follow.run(message()).await
    });
    let end = end.await;
    let Conclusion::Left(left) = end else { panic!("{end:?}") };
    left.about
}

#[tokio::test(start_paused = true)]
async fn no_room_proves_nothing_while_an_earlier_call_with_the_key_may_be_under_way() {
    let perhaps = About::Perhaps(key());
    for (after, expected) in [(20, &perhaps), (100, &About::Nothing)] {
        let brought = interrupted(ScriptedGate::default(), KeyUse::PerhapsBefore, after).await;
        assert_eq!(&brought, expected, "a key that was brought along, after {after} s");
        let unanswered = interrupted(failing([lost()]), KeyUse::New, after).await;
        assert_eq!(&unanswered, expected, "a call whose answer was lost, after {after} s");
    }
    let answered = interrupted(failing([unreachable()]), KeyUse::New, 20).await;
    assert_eq!(answered, About::Nothing, "a call that never arrived");
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_for_room_too_briefly_after_a_lost_answer_is_told_that_nobody_knows() {
    let gate = failing([lost()]);
    gate.starts.borrow_mut().extend((0..1000).map(|_| no_room()));
    let end = gate
        .follow(OnSignal::StopRun, Some(Duration::from_secs(30)), no_signal)
        .await;
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::OutcomeUnknown, "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn lost_answers_are_asked_for_again_for_at_least_a_minute() {
    let gate = failing((0..10).map(|_| lost()));
    let begun = Instant::now();
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    assert!(begun.elapsed() >= Duration::from_mins(1), "{:?}", begun.elapsed());
    assert_eq!(end.exit_code(MissingLines::Fail), ExitCode::Job(0));
}

#[tokio::test(start_paused = true)]
async fn a_start_whose_answers_stay_lost_is_an_unknown_outcome_and_tells_its_key() {
    let gate = failing((0..1000).map(|_| lost()));
    let begun = Instant::now();
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    let waited = begun.elapsed();
    assert!(
        waited >= Duration::from_mins(1) && waited <= Duration::from_mins(2),
        "{waited:?}"
    );
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::OutcomeUnknown);
    assert!(matches!(end, Conclusion::Unanswered { key: told, .. } if told == key()));
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_was_never_reached_is_our_failure_and_soon() {
    let gate = failing((0..1000).map(|_| unreachable()));
    let begun = Instant::now();
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    assert!(begun.elapsed() <= Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::DeployerFailed);
}

#[tokio::test(start_paused = true)]
async fn one_lost_answer_makes_every_later_failure_an_unknown_outcome() {
    for last in [unreachable, expired] {
        let gate = failing([lost()].into_iter().chain((0..1000).map(|_| last())));
        let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
        assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::OutcomeUnknown);
    }
    let gate = failing([expired()]);
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::DeployerFailed);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_ours_that_is_not_to_be_seen_yet_is_looked_for() {
    let gate = gate([not_found(), not_found(), ended()]);
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    assert_eq!(end.exit_code(MissingLines::Fail), ExitCode::Job(0));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_seen_is_looked_for_when_it_is_gone_whoever_started_it() {
    let gate = gate([news(None, Vec::new()), not_found(), ended()]);
    let end = gate.follow(OnSignal::Leave, None, no_signal).await;
    assert_eq!(end.exit_code(MissingLines::Fail), ExitCode::Job(0));
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_gone_for_minutes_loses_no_run() {
    let gate = gate([news(None, Vec::new())]);
    gate.news.borrow_mut().extend((0..21).map(|_| unavailable()));
    gate.news.borrow_mut().push_back(ended());
    let begun = Instant::now();
    let end = gate.follow(OnSignal::StopRun, None, no_signal).await;
    assert!(begun.elapsed() >= Duration::from_mins(3), "{:?}", begun.elapsed());
    assert_eq!(end.exit_code(MissingLines::Fail), ExitCode::Job(0));
}

#[tokio::test(start_paused = true)]
async fn an_order_to_stop_is_delivered_though_the_gate_does_not_answer_for_a_while() {
    let gate = ScriptedGate {
        after_stop: Some(Ending::Cancelled { code: Some(0) }),
        ..ScriptedGate::default()
    };
    gate.stop_outcomes.borrow_mut().extend([
        unavailable(),
        Reply::Stopped(StopOutcome::NotFound),
        Reply::Stopped(StopOutcome::Stopping),
    ]);
    let end = gate
        .follow(OnSignal::StopRun, None, async |signals| {
            sleep(Duration::from_secs(3)).await;
            signals.send(Signal::Interrupt).unwrap();
        })
        .await;
    assert_eq!(gate.stops.borrow().len(), 1);
    assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Interrupted);
}

/// One thing that comes of asking for a run.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Lost,
    Unreachable,
    Expired,
    Unavailable,
    NoRoom,
    Denied,
    Started,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        4 => Just(Turn::Lost),
        3 => Just(Turn::Unreachable),
        1 => Just(Turn::Expired),
        4 => Just(Turn::Unavailable),
        4 => Just(Turn::NoRoom),
        1 => Just(Turn::Denied),
        2 => Just(Turn::Started),
    ];
    proptest::collection::vec(turn, 0..40)
}

/// A gate that answers the requests for a run in these ways, and then never any more.
struct Turns {
    left: RefCell<VecDeque<Turn>>,
    /// The gate may have started something that no later answer made certain.
    open: RefCell<bool>,
    /// A call whose answer was lost may be under way until then.
    under_way: RefCell<Option<Instant>>,
    ended: ScriptedGate,
}

impl Transport for Turns {
    async fn send(&self, message: &Message) -> Result<Reply, TransportError> {
        let Message::Run(_) = message else {
            return self.ended.send(message).await;
        };
        let turn = self.left.borrow_mut().pop_front().unwrap_or(Turn::Lost);
        match turn {
            Turn::Lost => {
                *self.open.borrow_mut() = true;
                *self.under_way.borrow_mut() = Some(Instant::now() + Duration::from_mins(1));
            }
            Turn::Unavailable => *self.open.borrow_mut() = true,
            Turn::NoRoom => {
                let under_way = self.under_way.borrow().is_some_and(|until| Instant::now() < until);
                *self.open.borrow_mut() = under_way;
            }
            Turn::Denied | Turn::Started => *self.open.borrow_mut() = false,
            Turn::Unreachable | Turn::Expired => {}
        }
        match turn {
            Turn::Lost => Err(Box::new(lost()).into()),
            Turn::Unreachable => Err(Box::new(unreachable()).into()),
            Turn::Expired => Err(Box::new(expired()).into()),
            Turn::Unavailable => Ok(unavailable()),
            Turn::NoRoom => Ok(no_room()),
            Turn::Denied => Ok(Reply::Denied(Denial { problems: Vec::new() })),
            Turn::Started => Ok(Reply::Started(started())),
        }
    }

    fn patience(&self) -> Patience {
        self.ended.patience()
    }

    fn unknown_run(&self, run: RunId) -> String {
        self.ended.unknown_run(run)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_comes_of_asking_the_exit_code_never_claims_more_than_is_known(turns in turns()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let gate = Turns { left: RefCell::new(turns.into()), open: RefCell::default(), under_way: RefCell::default(), ended: gate([ended()]) };
        let (end, waited) = runtime.block_on(async {
            let begun = Instant::now();
            let end = follow(&gate, OnSignal::StopRun, Some(Duration::from_hours(2)), no_signal).await;
            (end, begun.elapsed())
        });
        prop_assert!(waited <= Duration::from_hours(3), "{waited:?}");
        let open = *gate.open.borrow();
        match end.exit_code(MissingLines::Warn) {
            ExitCode::Job(0) => prop_assert!(matches!(end, Conclusion::Finished(_))),
            ExitCode::OutcomeUnknown => prop_assert!(open, "{end:?}"),
            ExitCode::Denied | ExitCode::FailedToStart | ExitCode::DeployerFailed => prop_assert!(!open, "{end:?}"),
            other @ (ExitCode::Job(_)
            | ExitCode::JobSignalled(_)
            | ExitCode::OutOfMemory
            | ExitCode::LogsIncomplete
            | ExitCode::TimedOut
            | ExitCode::Interrupted
            | ExitCode::Terminated) => prop_assert!(false, "{other:?}: {end:?}"),
        }
    }
}
