//! What is promised in the cases that are no delivery schedule: runs that never ran, are unknown or forgotten, refusals, and long logs.

use std::time::Duration;

use protocol::{Cursor, Ending, Observation, ObserveRun, Observed, Phase};
use tokio::time::sleep;

use super::drive::{Caller, Seen, World, follow, observe_once};
use super::model::{Faults, Model, Run};
use super::pacing::{id, job};
use super::random::Random;

const PATIENT: Caller = Caller {
    wait_ms: 0,
    losses: 0,
    patience: 300_000,
};

fn world_of(runs: impl FnOnce(i64) -> Vec<Run>) -> World {
    let world = World::new();
    let now = world.now();
    world.with(|model| *model = Model::new(1, runs(now)));
    world
}

async fn to_the_end(world: &World) -> Seen {
    let mut seen = follow(world, &[id(1)], PATIENT, &mut Random::new(1)).await;
    seen.pop().unwrap()
}

async fn one_look(world: &World, cursor: &str) -> Result<Observed, engine::ObserveError> {
    let asked = ObserveRun {
        run: id(1),
        cursor: Cursor::new(cursor),
    };
    let mut answers = world.observer().observe(&[asked], Duration::ZERO).await?;
    Ok(answers.remove(0))
}

#[tokio::test(start_paused = true)]
async fn a_task_that_never_ran_ends_without_waiting_for_a_log() {
    let world = world_of(|now| {
        let mut run = job(1, now, [], 0);
        (run.started, run.stream_exists, run.stopped) = (None, i64::MAX, now + 5_000);
        vec![run]
    });
    let stopped = world.now() + 5_000;
    let seen = to_the_end(&world).await;
    assert!(seen.ended_at - stopped < 5_500, "{} ms", seen.ended_at - stopped);
    assert_eq!(seen.entries, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_log_without_its_closing_line_holds_up_the_ending_for_half_a_minute() {
    let world = world_of(|now| {
        let mut run = job(1, now, [0, 100, 200], 1_000);
        run.events.pop();
        vec![run]
    });
    let stopped = world.now() + 11_000;
    let seen = to_the_end(&world).await;
    assert_eq!(seen.entries.len(), 3);
    assert_eq!(seen.ending, Some(Ending::Exited { code: 0 }));
    let held_up = seen.ended_at - stopped;
    assert!((30_000..=33_000).contains(&held_up), "{held_up} ms");
    assert_eq!(seen.timings.drain_ms, None);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_run_is_not_found_after_two_seconds_of_looking() {
    let world = world_of(|_| Vec::new());
    let began = world.now();
    let answer = one_look(&world, "").await.unwrap();
    assert_eq!(answer, Observed::NotFound { run: id(1) });
    assert!((2_000..=2_300).contains(&(world.now() - began)));
    assert!(world.with(|model| model.count("DescribeTasks")) >= 3);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ecs_shows_only_after_a_second_is_found() {
    let world = world_of(|now| {
        let mut run = job(1, now, [0], 60_000);
        run.created = now + 1_000;
        vec![run]
    });
    assert!(matches!(one_look(&world, "").await.unwrap(), Observed::Run(_)));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_vanishes_is_looked_for_a_minute_and_then_unknown() {
    let world = world_of(|now| {
        let mut run = job(1, now, [0, 1_000], 100_000);
        run.forgotten = now + 8_000;
        vec![run]
    });
    let vanished = world.now() + 8_000;
    let seen = to_the_end(&world).await;
    assert!(matches!(seen.ending, Some(Ending::Unknown { .. })), "{:?}", seen.ending);
    let looked = seen.ended_at - vanished;
    assert!((60_000..=75_000).contains(&looked), "{looked} ms");
    assert_eq!(seen.entries.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_run_is_still_read_and_its_closing_line_is_told_but_not_believed() {
    let world = world_of(|now| {
        let mut run = job(1, now - 7_200_000, [0, 1_000, 2_000], 3_000);
        run.forgotten = now - 3_600_000;
        vec![run]
    });
    let seen = to_the_end(&world).await;
    assert_eq!(seen.entries.len(), 4);
    let Some(Ending::Unknown { reason }) = seen.ending else {
        panic!("{:?}", seen.ending);
    };
    assert!(
        reason.contains("closing line says that it exited with 0, and nobody confirms it"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_ended_run_answers_its_ending_again_and_nothing_else() {
    let world = world_of(|now| vec![job(1, now - 60_000, [0, 1_000], 2_000)]);
    let first = to_the_end(&world).await;
    world.with(|model| model.requests.clear());
    let Observed::Run(again) = one_look(&world, first.cursor.as_str()).await.unwrap() else {
        panic!("the run exists");
    };
    assert_eq!((again.ending, again.frames.len()), (first.ending, 0));
    assert_eq!(
        world.with(|model| model.requests.len()),
        1,
        "ECS is asked, and the log is not read"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_an_error_that_names_it() {
    for (action, named) in [
        ("GetLogEvents", "`logs:GetLogEvents` on `log group /deploy-runner`"),
        ("DescribeTasks", "`ecs:DescribeTasks` on `cluster `main``"),
        ("ListTasks", "`ecs:ListTasks` on `cluster `main``"),
    ] {
        let world = world_of(|now| vec![job(1, now, [0], 60_000)]);
        world.with(|model| model.denied = Some(action));
        let observer = world.observer();
        let mut seen = vec![Seen::new(id(1))];
        for _ in 0..3 {
            sleep(observe_once(&world, &observer, &mut seen, 0).await).await;
        }
        assert!(seen[0].errors[0].contains(named), "{:?}", seen[0].errors);
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_log_group_is_named_and_does_not_hide_the_ending() {
    let world = world_of(|now| vec![job(1, now, [0], 1_000)]);
    world.with(|model| model.group_exists = false);
    let seen = to_the_end(&world).await;
    assert!(seen.ending.is_some());
    assert!(
        seen.remarks[0].contains("log group `/deploy-runner` does not exist"),
        "{:?}",
        seen.remarks
    );
}

#[tokio::test(start_paused = true)]
async fn reads_that_are_throttled_are_no_error_and_back_off_with_a_remark() {
    let world = world_of(|now| vec![job(1, now, (0..60).map(|line| line * 1_000), 100_000_000)]);
    let observer = world.observer();
    let mut seen = vec![Seen::new(id(1))];
    observe_once(&world, &observer, &mut seen, 0).await;
    world.with(|model| {
        model.faults = Faults {
            throttle: 1_000,
            ..Faults::default()
        };
    });
    let mut pauses = Vec::new();
    for _ in 0..7 {
        let pause = observe_once(&world, &observer, &mut seen, 0).await;
        pauses.push(pause);
        sleep(pause).await;
    }
    assert_eq!(seen[0].errors, Vec::<String>::new());
    assert!(pauses.is_sorted() && pauses[6] >= Duration::from_secs(20), "{pauses:?}");
    assert!(seen[0].remarks[0].contains("throttled"), "{:?}", seen[0].remarks);
    world.with(|model| model.faults = Faults::default());
    observe_once(&world, &observer, &mut seen, 0).await;
    assert!(seen[0].entries.len() > 20, "nothing was lost meanwhile");
}

#[tokio::test(start_paused = true)]
async fn a_run_without_a_stream_does_not_keep_the_others_from_being_read() {
    let world = world_of(|now| {
        let mut runs: Vec<Run> = (1..6).map(|number| job(number, now, [0, 10], 60_000)).collect();
        runs[0].stream_exists = i64::MAX;
        runs
    });
    sleep(Duration::from_secs(1)).await;
    let observer = world.observer();
    let mut seen: Vec<Seen> = (1..6).map(|number| Seen::new(id(number))).collect();
    for _ in 0..2 {
        observe_once(&world, &observer, &mut seen, 0).await;
        sleep(Duration::from_secs(1)).await;
    }
    let read: Vec<usize> = seen.iter().map(|run| run.entries.len()).collect();
    assert_eq!(read, [0, 2, 2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_stays_small_however_long_the_log_is() {
    let world = world_of(|now| {
        let mut run = job(1, now - 60_000, [], 100_000_000);
        let event = run.events[0].clone();
        let quotes = "\"".repeat(10_000);
        run.events = (1..=400)
            .map(|number| {
                let mut event = event.clone();
                event.key = (now - 50_000, number);
                event.readable = now - 49_000;
                event.text = format!("{number} o {quotes}");
                event
            })
            .collect();
        vec![run]
    });
    let observer = world.observer();
    let mut cursor = Cursor::default();
    let (mut entries, mut calls) = (0, 0);
    loop {
        let asked = ObserveRun { run: id(1), cursor };
        let mut answers = observer.observe(&[asked], Duration::ZERO).await.unwrap();
        let size = serde_json::to_string(&answers).unwrap().len();
        assert!(size < 1_400_000, "{size} bytes");
        let Observed::Run(news) = answers.remove(0) else {
            panic!("the run exists")
        };
        entries += news.frames.len();
        calls += 1;
        cursor = news.cursor;
        if !news.more {
            break;
        }
    }
    assert_eq!(entries, 400);
    assert!((7..=14).contains(&calls), "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_news_and_no_longer() {
    let world = world_of(|now| vec![job(1, now, [0, 4_000], 60_000)]);
    sleep(Duration::from_secs(1)).await;
    let observer = world.observer();
    let look = async |cursor: Cursor, wait: u64| -> Observation {
        let asked = ObserveRun { run: id(1), cursor };
        let mut answers = observer.observe(&[asked], Duration::from_millis(wait)).await.unwrap();
        match answers.remove(0) {
            Observed::Run(news) => news,
            Observed::NotFound { .. } => panic!("the run exists"),
        }
    };
    let first = look(Cursor::default(), 0).await;
    assert_eq!((first.frames.len(), first.phase), (1, Phase::Running));
    let began = world.now();
    let nothing = look(first.cursor, 1_000).await;
    assert!(nothing.frames.is_empty());
    assert!(
        (1_000..=1_200).contains(&(world.now() - began)),
        "{}",
        world.now() - began
    );
    let began = world.now();
    let second = look(nothing.cursor, 5_000).await;
    assert_eq!(second.frames.len(), 1);
    assert!(world.now() - began < 4_500, "{}", world.now() - began);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_not_ours_is_an_error_that_names_it() {
    let world = world_of(|now| vec![job(1, now, [0], 60_000)]);
    let error = one_look(&world, "f/3749").await.expect_err("refused").to_string();
    assert!(error.contains("`f/3749` is not a cursor of this engine"), "{error}");
}
