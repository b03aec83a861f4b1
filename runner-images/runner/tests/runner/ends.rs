//! How a job ends, and what the runner makes of it.

use std::time::Duration;

use nix::sys::signal::Signal;
use protocol::frame::Cause;

use crate::support::Runner;

#[test]
fn the_jobs_own_exit_code_passes_through() {
    for code in [0, 1, 3, 124, 125, 255] {
        Runner::of(&format!("exit {code}")).run(&[]).ended(code, &Cause::Exited);
    }
}

#[test]
fn a_job_that_a_signal_ended_is_128_and_the_signal() {
    Runner::of("kill -KILL $$")
        .run(&[])
        .ended(137, &Cause::Signalled { signal: 9 });
    Runner::of("kill -SEGV $$")
        .run(&[])
        .ended(139, &Cause::Signalled { signal: 11 });
}

const COUNTS_SIGNALS: &str = r#"
    trap 'echo INT' INT
    trap 'echo TERM; asked=1' TERM
    echo ready
    while [ -z "$asked" ]; do sleep 0.05; done
    sleep 0.5
    exit 7"#;

#[test]
fn many_signals_reach_the_script_as_one_sigterm_and_its_own_code_counts() {
    let running = Runner::of(COUNTS_SIGNALS).start("job", &[]);
    running.wait_for("ready\n");
    running.signal(Signal::SIGINT);
    running.wait_for("TERM\n");
    running.signal(Signal::SIGTERM);
    running.signal(Signal::SIGINT);
    let finished = running.finish();
    finished.ended(7, &Cause::Stopped);
    assert_eq!(finished.stdout(), "ready\nTERM\n");
}

#[test]
fn a_hang_up_is_a_stop_too() {
    let running = Runner::of("trap 'exit 4' TERM; echo ready; sleep 60 & wait").start("job", &[]);
    running.wait_for("ready\n");
    running.signal(Signal::SIGHUP);
    running.finish().ended(4, &Cause::Stopped);
}

#[test]
fn a_stop_reaches_the_script_only_and_not_its_tools() {
    let script = r#"
        sh -c 'trap "echo tool was signalled" TERM; echo ready; for i in 1 2 3 4 5 6 7 8 9; do sleep 0.1; done' &
        trap 'sleep 0.5; exit 0' TERM
        wait"#;
    let running = Runner::of(script).start("job", &[]);
    running.wait_for("ready\n");
    running.signal(Signal::SIGTERM);
    let finished = running.finish();
    finished.ended(0, &Cause::Stopped);
    assert_eq!(finished.stdout(), "ready\n");
}

#[test]
fn a_script_that_does_not_stop_in_time_is_killed_and_what_it_wrote_is_kept() {
    let running = Runner::of("trap '' TERM; echo ready; sleep 60; echo never")
        .stop_timeout(1)
        .start("job", &[]);
    running.wait_for("ready\n");
    running.signal(Signal::SIGTERM);
    let finished = running.finish();
    finished.ended(137, &Cause::Stopped);
    assert_eq!(finished.stdout(), "ready\n");
    let took = finished.took;
    assert!(
        took >= Duration::from_secs(1) && took < Duration::from_secs(10),
        "{took:?}"
    );
}

#[test]
fn the_deadline_asks_the_script_to_stop_and_is_what_ended_it_whatever_it_answers() {
    let finished = Runner::of("trap 'echo cleaned up; exit 0' TERM; sleep 60 & wait")
        .timeout(1)
        .run(&[]);
    finished.ended(124, &Cause::TimedOut);
    assert_eq!(finished.stdout(), "cleaned up\n");
    assert!(finished.took >= Duration::from_secs(1) && finished.took < Duration::from_secs(8));
}

#[test]
fn a_script_that_ignores_the_deadline_is_killed() {
    let finished = Runner::of("trap '' TERM; sleep 60").timeout(1).stop_timeout(1).run(&[]);
    finished.ended(124, &Cause::TimedOut);
    assert!(finished.took >= Duration::from_secs(2) && finished.took < Duration::from_secs(10));
}

#[test]
fn a_stop_without_time_to_clean_up_kills_at_once() {
    let running = Runner::of("trap '' TERM; echo ready; sleep 60")
        .stop_timeout(0)
        .start("job", &[]);
    running.wait_for("ready\n");
    running.signal(Signal::SIGTERM);
    let finished = running.finish();
    finished.ended(137, &Cause::Stopped);
    assert!(finished.took < Duration::from_secs(5));
}
