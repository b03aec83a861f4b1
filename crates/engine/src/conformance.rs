//! The suite that every engine passes: what a launch, an observation and a stop must do, whatever runs the job.
//!
//! An engine's tests implement [`Harness`] and call [`conformance_suite!`](crate::conformance_suite), which makes one test of each case. A case
//! panics when the engine breaks its promise. Nothing here is used outside tests.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "this is a test suite: a panic is how a case fails"
)]

mod ending;
mod job;
mod launching;
mod log;
mod seen;
mod stopping;

use gatekeeper::Permit;

use crate::Engine;

pub use ending::*;
pub use job::{JOB_SCRIPT, Job};
pub use launching::*;
pub use log::*;
pub use seen::{Seen, launch, new_call, observe_to_the_end};
pub use stopping::*;

/// An engine under test, and permits for jobs that behave in known ways.
pub trait Harness {
    /// The engine.
    type Engine: Engine;

    /// The engine under test.
    fn engine(&self) -> &Self::Engine;

    /// A permit for such a job. Two permits for the same job come from the same request.
    fn permit(&self, job: Job) -> Permit;
}

/// Makes a test of every case. Takes an expression that gives a fresh [`Harness`]. With `together:` before it there is one test, in
/// which all cases share one harness at the same time: for an engine whose surroundings are dear. With `in turn:` they share it one after another,
/// where it is also busy. With `by hand, "what it needs":` that one test runs only when it is asked for.
#[macro_export]
macro_rules! conformance_suite {
    (together: $harness:expr) => {
        $crate::conformance_suite! { @cases together $harness }
    };
    (in turn: $harness:expr) => {
        $crate::conformance_suite! { @cases in_turn $harness }
    };
    (by hand, $needs:literal: $harness:expr) => {
        $crate::conformance_suite! { @cases by_hand $harness, $needs }
    };
    ($harness:expr) => {
        $crate::conformance_suite! { @cases apart $harness }
    };
    (@cases $how:ident $harness:expr $(, $needs:literal)?) => {
        $crate::conformance_suite! { @$how $harness $(, $needs)?;
            lines_arrive_in_order_and_complete,
            a_job_without_output_has_a_complete_log,
            reading_resumes_from_a_cursor,
            an_empty_cursor_reads_from_the_start_again,
            every_exit_code_passes_through,
            a_signal_is_not_an_exit_code,
            a_passed_deadline_is_a_time_out,
            a_missing_script_fails_to_start,
            phases_only_move_forward,
            the_same_key_and_request_start_one_run,
            a_key_of_another_request_is_a_conflict,
            runs_launched_together_under_one_key_are_one_run,
            several_runs_are_observed_in_one_call,
            an_unknown_run_is_not_found,
            an_observation_waits_for_news_and_no_longer,
            a_stopped_job_has_time_to_clean_up,
            a_job_that_ignores_its_stop_is_killed,
            a_stop_right_after_the_launch_is_not_lost,
            stopping_again_changes_nothing,
        }
    };
    (@apart $harness:expr; $($case:ident,)+) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::conformance::$case(&$harness).await;
            }
        )+
    };
    (@by_hand $harness:expr, $needs:literal; $($case:ident,)+) => {
        $crate::conformance_suite! { @in_turn $harness, #[ignore = $needs]; $($case,)+ }
    };
    (@in_turn $harness:expr $(, #[$unless:meta])?; $($case:ident,)+) => {
        #[tokio::test]
        $(#[$unless])?
        async fn every_case_of_the_suite_holds() {
            let harness = $harness;
            $(
                $crate::conformance::$case(&harness).await;
                println!("holds: {}", stringify!($case));
            )+
        }
    };
    (@together $harness:expr; $($case:ident,)+) => {
        #[tokio::test]
        async fn every_case_of_the_suite_holds() {
            let harness = $harness;
            tokio::join!($(async {
                $crate::conformance::$case(&harness).await;
                println!("holds: {}", stringify!($case));
            }),+);
        }
    };
}
