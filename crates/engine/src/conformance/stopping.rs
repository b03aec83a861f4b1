//! Stopping: a signal first, time to clean up, then the end.

use std::time::{Duration, Instant};

use protocol::{Ending, StopOutcome};

use super::seen::{launch, observe_to_the_end, observe_until_line};
use super::{Harness, Job};
use crate::Engine;

/// A job that is asked to stop ends by itself, and what it wrote and answered on the way arrives.
pub async fn a_stopped_job_has_time_to_clean_up(harness: &impl Harness) {
    let run = launch(harness, Job::CleanUpOnStop).await;
    observe_until_line(harness, run, "ready").await;
    let stopped = harness
        .engine()
        .stop(run, "somebody pressed Ctrl-C")
        .await
        .expect("stopped");
    assert_eq!(stopped, StopOutcome::Stopping);
    let seen = observe_to_the_end(harness, run).await;
    assert_eq!(seen.ending, Ending::Cancelled { code: Some(7) });
    assert_eq!(seen.output().0, "ready\ncleaned up\n");
}

/// A job that does not listen is killed when its time is over.
pub async fn a_job_that_ignores_its_stop_is_killed(harness: &impl Harness) {
    let run = launch(harness, Job::IgnoreStop).await;
    observe_until_line(harness, run, "ready").await;
    let asked = Instant::now();
    harness.engine().stop(run, "a test").await.expect("stopped");
    let seen = observe_to_the_end(harness, run).await;
    assert_eq!(seen.ending, Ending::Cancelled { code: None });
    assert!(
        asked.elapsed() >= Duration::from_millis(900),
        "no time to clean up: {:?}",
        asked.elapsed()
    );
    assert!(
        asked.elapsed() < Duration::from_secs(20),
        "killed late: {:?}",
        asked.elapsed()
    );
}

/// Whatever the run has got to by then.
pub async fn a_stop_right_after_the_launch_is_not_lost(harness: &impl Harness) {
    let run = launch(harness, Job::CleanUpOnStop).await;
    harness.engine().stop(run, "a test").await.expect("stopped");
    let seen = observe_to_the_end(harness, run).await;
    assert!(matches!(seen.ending, Ending::Cancelled { .. }), "{:?}", seen.ending);
}

/// The second Ctrl-C, the retry after a lost answer, the stop that comes too late: all harmless.
pub async fn stopping_again_changes_nothing(harness: &impl Harness) {
    let run = launch(harness, Job::CleanUpOnStop).await;
    observe_until_line(harness, run, "ready").await;
    for _ in 0..3 {
        let stopped = harness.engine().stop(run, "a test").await.expect("stopped");
        assert!(
            matches!(stopped, StopOutcome::Stopping | StopOutcome::AlreadyEnded),
            "{stopped:?}"
        );
    }
    let seen = observe_to_the_end(harness, run).await;
    assert_eq!(seen.ending, Ending::Cancelled { code: Some(7) });
    assert_eq!(seen.output().0, "ready\ncleaned up\n");
    assert_eq!(
        harness.engine().stop(run, "a test").await.expect("stopped"),
        StopOutcome::AlreadyEnded
    );
    assert_eq!(observe_to_the_end(harness, run).await.ending, seen.ending);
}
