//! How soon a caller sees what happens, and what waiting costs.

use aws_sim::{Faults, Service, TaskTruth};
use protocol::ExitCode;
use protocol::frame::Channel;

use super::caller::{Screen, follow, key, message, no_signal};
use super::ground::{Ground, in_virtual_time};
use crate::conclusion::MissingLines;

/// One run, on a good day, watched by one caller.
struct Watched {
    task: TaskTruth,
    screen: Screen,
    /// When the caller had its answer.
    over: u64,
    ground: Ground,
}

fn watch(seed: u64, script: &str) -> Watched {
    in_virtual_time(seed, async {
        let ground = Ground::new(seed, Faults::quotas());
        let screen = Screen::default();
        let conclusion = follow(&ground, message(&key(seed), script, None), &screen, no_signal).await;
        assert_eq!(
            conclusion.exit_code(MissingLines::Fail),
            ExitCode::Job(0),
            "{conclusion:?}"
        );
        Watched {
            task: ground.sim.tasks().pop().expect("a task"),
            screen,
            over: ground.sim.now(),
            ground,
        }
    })
}

/// From the moment when a line and all before it could be read to the moment when it was shown, in milliseconds.
pub(super) fn delays(task: &TaskTruth, screen: &Screen) -> Vec<u64> {
    let mut in_turn = 0;
    let readable = task
        .lines
        .iter()
        .filter(|line| line.channel == Channel::Stdout)
        .map(|line| {
            in_turn = in_turn.max(line.readable.expect("no line is lost"));
            in_turn
        });
    let shown = screen.line_times(Channel::Stdout);
    assert_eq!(screen.text(Channel::Stdout), task.written(Channel::Stdout));
    shown
        .into_iter()
        .zip(readable)
        .map(|(shown, readable)| shown - readable)
        .collect()
}

/// The value that 99 of 100 do not exceed.
pub(super) fn p99(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    let place = (values.len() * 99).div_ceil(100).saturating_sub(1);
    values[place]
}

#[test]
fn a_line_is_shown_within_a_second_of_being_readable() {
    for (seed, rate) in [(1, 1), (2, 10), (3, 50)] {
        let watched = watch(seed, &format!("print --lines={} --errors=0 --rate={rate}", 180 * rate));
        let mut delays = delays(&watched.task, &watched.screen);
        let p99 = p99(&mut delays);
        eprintln!("{rate} lines a second: shown {p99} ms after being readable (p99)");
        assert!(p99 <= 1_000, "{rate} lines a second: {p99} ms");
    }
}

#[test]
fn the_exit_comes_within_two_seconds_of_stopped() {
    let mut delays: Vec<u64> = (0..200)
        .map(|seed| {
            let watched = watch(1_000 + seed, "print --lines=30 --errors=0 --rate=10");
            watched.over.saturating_sub(watched.task.stopped.expect("stopped"))
        })
        .collect();
    let p99 = p99(&mut delays);
    eprintln!(
        "exit {p99} ms after STOPPED (p99), {} ms (median)",
        delays[delays.len() / 2]
    );
    assert!(p99 <= 2_000, "{p99} ms");
}

#[test]
fn an_idle_job_costs_a_request_in_five_seconds() {
    let watched = watch(5, "print --lines=1 --errors=0 --seconds=1800");
    let started = watched.task.started.expect("started");
    let ended = watched.task.ended.expect("ended");
    // The first minute is the time in which the caller learns that the job is quiet.
    let quiet = started + 60_000..ended;
    let record = watched.ground.sim.record();
    let requests = record
        .iter()
        .filter(|request| request.service != Service::Lambda && quiet.contains(&request.at))
        .count();
    let per_second = requests as f64 * 1_000.0 / (quiet.end - quiet.start) as f64;
    eprintln!("an idle job: {per_second:.3} requests a second");
    assert!(per_second <= 0.2, "{per_second}");
}
