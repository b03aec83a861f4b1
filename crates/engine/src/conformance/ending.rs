//! Endings and phases: what happened, never a guess.

use protocol::{Ending, Phase};

use super::seen::{launch, new_call, observe_to_the_end};
use super::{Harness, Job};
use crate::{Engine, LaunchError};

/// Also the codes that deploy-runner's own programs use are the job's when the job chose them.
pub async fn every_exit_code_passes_through(harness: &impl Harness) {
    for code in [1, 5, 124, 125, 137, 255] {
        let run = launch(harness, Job::Exit { code }).await;
        assert_eq!(observe_to_the_end(harness, run).await.ending, Ending::Exited { code });
    }
}

/// A job that a signal ended did not exit.
pub async fn a_signal_is_not_an_exit_code(harness: &impl Harness) {
    for signal in [6, 9, 15] {
        let run = launch(harness, Job::Signal { signal }).await;
        assert_eq!(
            observe_to_the_end(harness, run).await.ending,
            Ending::Signalled { signal }
        );
    }
}

/// The deadline is kept without anybody watching.
pub async fn a_passed_deadline_is_a_time_out(harness: &impl Harness) {
    let run = launch(harness, Job::PassDeadline).await;
    let seen = observe_to_the_end(harness, run).await;
    assert_eq!(seen.ending, Ending::TimedOut { after_seconds: 1 });
    assert_eq!(seen.output().0, "ready\n");
}

/// An engine may know at once or only later; either way it says so, and no job ran.
pub async fn a_missing_script_fails_to_start(harness: &impl Harness) {
    let reason = match harness.engine().launch(harness.permit(Job::Missing), new_call()).await {
        Err(LaunchError::FailedToStart { reason }) => reason,
        Err(other) => panic!("nothing ran, and the engine said: {other}"),
        Ok(launched) => {
            let ending = observe_to_the_end(harness, launched.run).await.ending;
            let Ending::FailedToStart { reason } = ending else {
                panic!("nothing ran, and the engine said: {ending:?}");
            };
            reason
        }
    };
    assert!(!reason.trim().is_empty(), "a failure has a reason");
}

/// Nobody sees a run go back.
pub async fn phases_only_move_forward(harness: &impl Harness) {
    for job in [Job::Print { lines: 500 }, Job::PassDeadline] {
        let run = launch(harness, job).await;
        let phases = observe_to_the_end(harness, run).await.phases;
        assert!(phases.is_sorted(), "{phases:?}");
        assert_eq!(phases.last(), Some(&Phase::Ended));
    }
}
