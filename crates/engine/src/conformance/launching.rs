//! Launching and finding runs: keys, several runs, unknown runs.

use std::time::{Duration, Instant};

use protocol::{Cursor, Ending, ObserveRun, Observed, RunId, StopOutcome};

use super::seen::{launch, new_call, observe_one, observe_to_the_end, observe_until_line};
use super::{Harness, Job};
use crate::{Engine, LaunchError};

const UNKNOWN: RunId = RunId::from_random([0xd0; 16]);

/// A retry after a lost answer never starts a second run.
pub async fn the_same_key_and_request_start_one_run(harness: &impl Harness) {
    let job = Job::Print { lines: 3 };
    let call = new_call();
    let first = harness
        .engine()
        .launch(harness.permit(job), call.clone())
        .await
        .expect("launched");
    let while_it_lives = harness
        .engine()
        .launch(harness.permit(job), call.clone())
        .await
        .expect("repeated");
    let seen = observe_to_the_end(harness, first.run).await;
    let after_its_end = harness
        .engine()
        .launch(harness.permit(job), call)
        .await
        .expect("repeated");
    assert_eq!(
        (first.repeated, while_it_lives.repeated, after_its_end.repeated),
        (false, true, true)
    );
    assert_eq!((while_it_lives.run, after_its_end.run), (first.run, first.run));
    assert_eq!(observe_to_the_end(harness, first.run).await.frames, seen.frames);
}

/// A key that is used for something else is a mistake that must show.
pub async fn a_key_of_another_request_is_a_conflict(harness: &impl Harness) {
    let call = new_call();
    let first = harness
        .engine()
        .launch(harness.permit(Job::Exit { code: 0 }), call.clone())
        .await
        .expect("launched");
    match harness
        .engine()
        .launch(harness.permit(Job::Exit { code: 1 }), call)
        .await
    {
        Err(LaunchError::KeyConflict { run }) => assert_eq!(run, first.run),
        other => panic!("the key is taken, and the engine said: {other:?}"),
    }
    observe_to_the_end(harness, first.run).await;
}

/// Two callers at the same moment get one run. Which of them started it, an engine may not know; that somebody did, it must.
pub async fn runs_launched_together_under_one_key_are_one_run(harness: &impl Harness) {
    let job = Job::Print { lines: 3 };
    let call = new_call();
    let (first, second) = tokio::join!(
        harness.engine().launch(harness.permit(job), call.clone()),
        harness.engine().launch(harness.permit(job), call.clone()),
    );
    let (first, second) = (first.expect("launched"), second.expect("launched"));
    assert_eq!(first.run, second.run);
    assert!(!(first.repeated && second.repeated), "{first:?} {second:?}");
    assert_eq!(
        observe_to_the_end(harness, first.run).await.output().0,
        "out 1\nout 2\nout 3\n"
    );
}

/// Answers come in the order of the questions, each with its own run's log.
pub async fn several_runs_are_observed_in_one_call(harness: &impl Harness) {
    let one = launch(harness, Job::Print { lines: 1 }).await;
    let two = launch(harness, Job::Exit { code: 2 }).await;
    observe_to_the_end(harness, one).await;
    observe_to_the_end(harness, two).await;
    let asked = [two, UNKNOWN, one].map(|run| ObserveRun {
        run,
        cursor: Cursor::default(),
    });
    let observed = harness
        .engine()
        .observe(&asked, Duration::ZERO)
        .await
        .expect("observed");
    match observed.as_slice() {
        [
            Observed::Run(first),
            Observed::NotFound { run: UNKNOWN },
            Observed::Run(last),
        ] => {
            assert_eq!((first.run, last.run), (two, one));
            assert_eq!(first.ending, Some(Ending::Exited { code: 2 }));
            assert_eq!(last.ending, Some(Ending::Exited { code: 0 }));
            assert!(
                last.frames.iter().any(|frame| frame.ends_with(" o out 1")),
                "{:?}",
                last.frames
            );
            assert!(
                !first.frames.iter().any(|frame| frame.ends_with(" o out 1")),
                "{:?}",
                first.frames
            );
        }
        other => panic!("{other:?}"),
    }
}

/// A run that nobody has heard of is an answer, not an error.
pub async fn an_unknown_run_is_not_found(harness: &impl Harness) {
    let asked = ObserveRun {
        run: UNKNOWN,
        cursor: Cursor::default(),
    };
    let observed = harness
        .engine()
        .observe(&[asked], Duration::ZERO)
        .await
        .expect("observed");
    assert_eq!(observed, [Observed::NotFound { run: UNKNOWN }]);
    let stopped = harness.engine().stop(UNKNOWN, "a test").await.expect("answered");
    assert_eq!(stopped, StopOutcome::NotFound);
}

/// Quiet costs the wait, news end it, and no call holds on for much longer than it was asked to.
pub async fn an_observation_waits_for_news_and_no_longer(harness: &impl Harness) {
    let run = launch(harness, Job::CleanUpOnStop).await;
    let cursor = observe_until_line(harness, run, "ready").await;
    // The phase may still be news; after this call nothing is.
    let cursor = observe_one(harness, run, &cursor, Duration::from_millis(500))
        .await
        .cursor;

    let quiet = Instant::now();
    let news = observe_one(harness, run, &cursor, Duration::from_millis(300)).await;
    assert_eq!(news.frames, Vec::<String>::new());
    assert!(
        quiet.elapsed() >= Duration::from_millis(250),
        "did not wait: {:?}",
        quiet.elapsed()
    );
    assert!(
        quiet.elapsed() < Duration::from_secs(5),
        "held on: {:?}",
        quiet.elapsed()
    );

    harness.engine().stop(run, "a test").await.expect("stopped");
    observe_to_the_end(harness, run).await;
}
