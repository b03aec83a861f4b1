//! A gate that is gone from some moment on: how long it holds us, in virtual time.

use super::patience::{lost, unreachable};
use super::*;

const MAX_WAIT: Duration = Duration::from_secs(90);
const GRACE: Duration = Duration::from_secs(30);
/// The transport's own longest wait for one answer to a question about a run.
const ONE_ANSWER: Duration = Duration::from_secs(45);

/// How a gate is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// Nobody listens where it was.
    Refused,
    /// Whatever is sent there gets no answer, and after some time the transport says so.
    Silent,
    /// The same, and not even the transport says so.
    Swallowed,
}

/// A gate that is gone between two moments.
struct Gone {
    from: Instant,
    to: Instant,
    how: How,
    gate: ScriptedGate,
}

impl Gone {
    fn new(how: How, from: Duration, to: Duration) -> Self {
        Self {
            from: Instant::now() + from,
            to: Instant::now() + to,
            how,
            gate: cancelled(),
        }
    }

    fn for_ever(how: How, from: Duration) -> Self {
        Self::new(how, from, Duration::from_hours(24))
    }
}

impl Transport for Gone {
    async fn send(&self, message: &Message) -> Result<Reply, TransportError> {
        if Instant::now() < self.from || Instant::now() >= self.to {
            return self.gate.send(message).await;
        }
        match self.how {
            How::Refused => Err(Box::new(unreachable()).into()),
            How::Silent => {
                sleep(ONE_ANSWER).await;
                Err(Box::new(lost()).into())
            }
            How::Swallowed => std::future::pending().await,
        }
    }

    fn patience(&self) -> Patience {
        self.gate.patience()
    }

    fn unknown_run(&self, run: RunId) -> String {
        self.gate.unknown_run(run)
    }
}

#[track_caller]
fn assert_lost(end: &Conclusion, expected: StopOrder, case: &str) {
    assert_eq!(
        end.exit_code(MissingLines::Warn),
        ExitCode::OutcomeUnknown,
        "{case}: {end:?}"
    );
    let told = matches!(end, Conclusion::Lost { run: RUN, why, order } if !why.is_empty() && *order == expected);
    assert!(told, "{case}: {end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_is_gone_holds_us_for_five_minutes_at_most() {
    for how in [How::Refused, How::Silent] {
        let gone = Duration::from_mins(1);
        let begun = Instant::now();
        let end = follow(&Gone::for_ever(how, gone), OnSignal::StopRun, None, no_signal).await;
        assert_lost(&end, StopOrder::NotGiven, &format!("{how:?}"));
        let (ended, due) = (begun.elapsed(), gone + Duration::from_mins(5));
        assert!(
            ended >= due && ended <= due + Duration::from_secs(2),
            "{how:?}: {ended:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_longest_wait_has_passed_a_gate_that_is_gone_holds_us_for_half_a_minute_at_most() {
    for how in [How::Refused, How::Silent, How::Swallowed] {
        for gone in [5, 60, 89, 91, 100].map(Duration::from_secs) {
            let case = format!("{how:?} after {gone:?}");
            let begun = Instant::now();
            let gate = Gone::for_ever(how, gone);
            let never_ends = ScriptedGate::default();
            let gate = Gone {
                gate: never_ends,
                ..gate
            };
            let end = follow(&gate, OnSignal::StopRun, Some(MAX_WAIT), no_signal).await;
            let order = if gone < MAX_WAIT {
                StopOrder::NotTaken
            } else {
                StopOrder::Taken
            };
            assert_lost(&end, order, &case);
            let (held, latest) = (begun.elapsed(), gone.max(MAX_WAIT) + GRACE);
            assert!(held >= MAX_WAIT, "{case}: {held:?}");
            assert!(held <= latest + Duration::from_secs(1), "{case}: {held:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_comes_back_in_time_gets_the_order_to_stop() {
    for how in [How::Refused, How::Silent] {
        let gate = Gone::new(how, Duration::from_secs(50), Duration::from_secs(95));
        let end = follow(&gate, OnSignal::StopRun, Some(MAX_WAIT), no_signal).await;
        assert_eq!(
            end.exit_code(MissingLines::Warn),
            ExitCode::TimedOut,
            "{how:?}: {end:?}"
        );
        assert_eq!(gate.gate.stops.borrow().as_slice(), ["max-wait-time at the deployer"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_never_answered_holds_us_no_longer_than_the_longest_wait_and_half_a_minute() {
    for how in [How::Silent, How::Swallowed] {
        let begun = Instant::now();
        let gate = Gone::for_ever(how, Duration::ZERO);
        let end = follow(&gate, OnSignal::StopRun, Some(MAX_WAIT), no_signal).await;
        assert!(begun.elapsed() <= MAX_WAIT + GRACE, "{how:?}: {:?}", begun.elapsed());
        assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::OutcomeUnknown, "{end:?}");
        assert!(
            matches!(&end, Conclusion::Unanswered { key: told, why, .. } if *told == key() && !why.is_empty()),
            "{how:?}: {end:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_who_leaves_is_told_that_a_run_stops_when_the_order_did_not_arrive() {
    for how in [How::Refused, How::Swallowed] {
        let gate = Gone::for_ever(how, Duration::from_secs(5));
        let end = follow(&gate, OnSignal::StopRun, None, async |signals| {
            sleep(Duration::from_secs(10)).await;
            signals.send(Signal::Interrupt).unwrap();
            sleep(Duration::from_secs(1)).await;
            signals.send(Signal::Interrupt).unwrap();
        })
        .await;
        assert_eq!(end.exit_code(MissingLines::Warn), ExitCode::Interrupted, "{how:?}");
        assert!(
            matches!(&end, Conclusion::Left(left) if left.order == StopOrder::NotTaken),
            "{how:?}: {end:?}"
        );
    }
}
