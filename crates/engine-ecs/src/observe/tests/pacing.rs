//! How many requests watching costs, and how soon news arrive.

use std::time::Duration;

use protocol::frame::{Cause, Channel, Encoder};
use protocol::{OutputForm, RunId};
use tokio::time::sleep;

use super::drive::{Caller, Seen, World, follow, observe_once};
use super::model::{Event, Model, Run};
use super::random::Random;

/// Long enough that a job does not end within a test, in milliseconds.
const NEVER: i64 = 100_000_000;

pub(super) fn id(number: u8) -> RunId {
    RunId::from_random([number; 16])
}

/// A job that has been running for ten seconds and writes a line at each of these moments (readable 300 ms later), then ends.
pub(super) fn job(number: u8, start: i64, writes: impl IntoIterator<Item = i64>, ends: i64) -> Run {
    let mut encoder = Encoder::new();
    let frame_of = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim_end().to_owned();
    let mut events = Vec::new();
    let mut event = |at: i64, text: String| {
        let order = i64::try_from(events.len()).unwrap();
        events.push(Event {
            key: (at, order),
            readable: at + 300,
            text,
        });
    };
    for (line, after) in writes.into_iter().enumerate() {
        let mut frame = Vec::new();
        encoder.encode(Channel::Stdout, format!("line {line}\n").as_bytes(), &mut frame);
        event(start + after, frame_of(frame));
    }
    let mut trailer = Vec::new();
    encoder.finish(0, Cause::Exited, &mut trailer).unwrap();
    event(start + ends, frame_of(trailer));
    Run {
        id: id(number),
        output: OutputForm::Framed,
        created: start - 20_000,
        pulling: start - 15_000,
        started: Some(start - 10_000),
        stopped: start + ends + 10_000,
        forgotten: i64::MAX,
        exit: 0,
        stream_exists: start - 10_000,
        events,
    }
}

async fn watch_for(world: &World, runs: &[RunId], millis: i64) -> Vec<Seen> {
    let observer = world.observer();
    let mut seen: Vec<Seen> = runs.iter().map(|run| Seen::new(*run)).collect();
    let until = world.now() + millis;
    while world.now() < until {
        sleep(observe_once(world, &observer, &mut seen, 0).await).await;
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn a_quiet_job_costs_at_most_a_request_every_five_seconds() {
    let world = World::new();
    let start = world.now();
    world.with(|model| *model = Model::new(1, vec![job(1, start, [0, 10], NEVER)]));
    let observer = world.observer();
    let mut seen = vec![Seen::new(id(1))];
    while world.now() < start + 40_000 {
        sleep(observe_once(&world, &observer, &mut seen, 0).await).await;
    }
    world.with(|model| model.requests.clear());
    let began = world.now();
    while world.now() < began + 600_000 {
        sleep(observe_once(&world, &observer, &mut seen, 0).await).await;
    }
    let (requests, seconds) = (world.with(|model| model.requests.len()), (world.now() - began) / 1_000);
    assert!(
        i64::try_from(requests).unwrap() * 5 <= seconds,
        "{requests} requests in {seconds} s"
    );
    assert!(
        world.with(|model| model.count("DescribeTasks")) >= 30,
        "the task is looked at all the same"
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_writes_is_read_once_a_second_and_its_lines_come_within_one() {
    let world = World::new();
    let start = world.now();
    let writes: Vec<i64> = (0..600).map(|number| number * 97).collect();
    world.with(|model| *model = Model::new(1, vec![job(1, start, writes.clone(), NEVER)]));
    let seen = watch_for(&world, &[id(1)], 60_000).await;
    let mut delays = Vec::new();
    let mut arrived = seen[0]
        .arrivals
        .iter()
        .flat_map(|(at, count)| std::iter::repeat_n(*at, *count));
    for after in &writes {
        delays.push(arrived.next().unwrap() - (start + after + 300));
    }
    delays.sort_unstable();
    assert!(delays[593] <= 1_000, "p99 is {} ms", delays[593]);
    let reads = world.with(|model| model.count("GetLogEvents"));
    assert!((60..=75).contains(&reads), "{reads} reads in a minute");
    let looks = world.with(|model| model.count("DescribeTasks"));
    assert!((5..=9).contains(&looks), "{looks} looks at the task in a minute");
    assert_eq!(world.with(|model| model.count("ListTasks")), 1);
}

#[tokio::test(start_paused = true)]
async fn the_end_is_known_within_two_seconds_of_stopped() {
    let world = World::new();
    for number in 1..40 {
        let start = world.now();
        let ends = 4_000 + i64::from(number) * 137;
        let run = job(number, start, [0, 1_000, 2_000, 3_000], ends);
        let stopped = run.stopped;
        world.with(|model| *model = Model::new(1, vec![run]));
        let caller = Caller {
            patience: 60_000,
            ..Caller::default()
        };
        let seen = follow(&world, &[id(number)], caller, &mut Random::new(1)).await;
        let delay = seen[0].ended_at - stopped;
        assert!((0..=2_000).contains(&delay), "{delay} ms");
        assert_eq!(seen[0].timings.drain_ms, Some(0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_runs_are_observed_with_one_request_to_each_service() {
    let world = World::new();
    let start = world.now();
    let runs: Vec<Run> = (0..100).map(|number| job(number, start, [0, 10, 20], NEVER)).collect();
    world.with(|model| *model = Model::new(1, runs));
    sleep(Duration::from_secs(1)).await;
    let ids: Vec<RunId> = (0..100).map(id).collect();
    let observer = world.observer();
    let mut seen: Vec<Seen> = ids.iter().map(|run| Seen::new(*run)).collect();
    observe_once(&world, &observer, &mut seen, 0).await;
    assert!(seen.iter().all(|run| run.entries.len() == 3), "{:?}", seen[0]);
    let count = |action| world.with(|model| model.count(action));
    assert_eq!(count("DescribeTasks"), 1);
    assert_eq!(count("FilterLogEvents"), 1);
    assert_eq!(count("GetLogEvents"), 0);
    assert!(count("ListTasks") <= 1);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_runs_that_write_cost_less_than_two_and_a_half_requests_a_second() {
    let world = World::new();
    let start = world.now();
    let runs: Vec<Run> = (0..100)
        .map(|number| job(number, start, (0..60).map(|line| line * 500), NEVER))
        .collect();
    world.with(|model| *model = Model::new(1, runs));
    let ids: Vec<RunId> = (0..100).map(id).collect();
    let seen = watch_for(&world, &ids, 33_000).await;
    assert!(
        seen.iter().all(|run| run.entries.len() == 60),
        "{}",
        seen[0].entries.len()
    );
    let requests = world.with(|model| model.requests.len());
    assert!(requests <= 82, "{requests} requests in 33 s");
}

/// Sends what it has every five seconds, as the awslogs driver does; each run at its own moments.
fn flush_every_five_seconds(run: &mut Run, phase: i64) {
    for event in &mut run.events {
        let since = event.key.0 + phase;
        event.readable = event.key.0 + (5_000 - since % 5_000) % 5_000 + 300;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_runs_with_fifty_lines_a_second_each_are_read_in_time_and_within_half_the_quota() {
    let world = World::new();
    let start = world.now();
    let runs: Vec<Run> = (0..100)
        .map(|number| {
            let mut run = job(number, start, (0..1_500).map(|line| line * 20), NEVER);
            flush_every_five_seconds(&mut run, i64::from(number) * 50);
            run
        })
        .collect();
    world.with(|model| {
        *model = Model::new(1, runs.clone());
        // Another reader has as many.
        model.live = 200;
        model.page_bytes = 1_000_000;
    });
    let ids: Vec<RunId> = (0..100).map(id).collect();
    let seen = watch_for(&world, &ids, 40_000).await;
    let mut delays = Vec::new();
    for (run, seen) in runs.iter().zip(&seen) {
        assert_eq!(seen.entries.len(), 1_500, "{}", seen.run);
        let arrived = seen
            .arrivals
            .iter()
            .flat_map(|(at, count)| std::iter::repeat_n(*at, *count));
        delays.extend(run.events.iter().zip(arrived).map(|(event, at)| at - event.readable));
    }
    delays.sort_unstable();
    let p99 = delays[delays.len() * 99 / 100];
    let count = |action| world.with(|model| model.count(action));
    let (filtered, got, all) = (
        count("FilterLogEvents"),
        count("GetLogEvents"),
        world.with(|model| model.requests.len()),
    );
    assert!(p99 <= 2_500, "p99 is {p99} ms with {filtered} pages and {got} repairs");
    assert!(all <= 100, "{all} requests in 40 s: {filtered} pages and {got} repairs");
    assert!(got <= 10, "{got} repairs");
}

#[tokio::test(start_paused = true)]
async fn separate_readers_of_many_runs_stay_inside_the_quota_and_are_told() {
    let world = World::new();
    let start = world.now();
    let writes: Vec<i64> = (0..1_200).map(|number| number * 100).collect();
    world.with(|model| {
        *model = Model::new(1, vec![job(1, start, writes, NEVER)]);
        model.live = 120;
    });
    let seen = watch_for(&world, &[id(1)], 120_000).await;
    let reads = world.with(|model| model.count("GetLogEvents"));
    assert!(
        (6..=12).contains(&reads),
        "120 such readers have 8 of these reads a second: {reads} in two minutes"
    );
    assert!(
        seen[0].remarks[0].contains("output is read every 11 s: 120 readers share"),
        "{:?}",
        seen[0].remarks
    );
}
