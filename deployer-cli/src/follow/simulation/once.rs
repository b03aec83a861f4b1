//! Exactly once, under faults: no task twice, none forgotten, no false ending, no line lost without a word.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use aws_sim::{Draw, Faults, TaskTruth};
use protocol::IdempotencyKey;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::caller::{Screen, Wish, follow, key, message, no_signal};
use super::ground::{Ground, in_virtual_time};
use super::judge::{Tally, check};
use crate::conclusion::Conclusion;
use crate::signals::Signal;

/// Runs at the same time in one account.
const RUNS_OF_A_WORLD: u64 = 20;
/// How many runs are simulated in all; the variable asks for more.
const RUNS: u64 = 10_000;
const VARIABLE: &str = "DEPLOY_RUNNER_SIMULATED_RUNS";
/// Stories that the runs on demand found: 554, a caller that found no room while the call of its killed predecessor was still starting the task.
const TOLD_FALSELY_ONCE: [u64; 1] = [554];
/// The tests that share them.
const PARTS: u64 = 8;
/// What the runner needs after its deadline, besides the time to clean up.
const DYING: u64 = 2_000;
/// No job of a story takes longer than a minute: whoever has no answer after this time never gets one.
const LONGEST_STORY: Duration = Duration::from_mins(30);
/// The allow-list's time to clean up.
const STOP_TIMEOUT: u64 = 10_000;

#[test]
fn every_run_is_started_once_and_told_truly_first_part() {
    part(0);
}

#[test]
fn every_run_is_started_once_and_told_truly_second_part() {
    part(1);
}

#[test]
fn every_run_is_started_once_and_told_truly_third_part() {
    part(2);
}

#[test]
fn every_run_is_started_once_and_told_truly_fourth_part() {
    part(3);
}

#[test]
fn every_run_is_started_once_and_told_truly_fifth_part() {
    part(4);
}

#[test]
fn every_run_is_started_once_and_told_truly_sixth_part() {
    part(5);
}

#[test]
fn every_run_is_started_once_and_told_truly_seventh_part() {
    part(6);
}

#[test]
fn every_run_is_started_once_and_told_truly_eighth_part() {
    part(7);
}

#[test]
fn nothing_false_is_told_where_it_once_was() {
    for seed in TOLD_FALSELY_ONCE {
        let (_, wrong) = world(seed);
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_story() {
    assert_eq!(world(77), world(77));
    assert_ne!(world(77).0.requests, world(78).0.requests);
}

fn part(part: u64) {
    let runs: u64 = std::env::var(VARIABLE)
        .ok()
        .map_or(RUNS, |text| text.parse().expect("a number of runs"));
    let worlds = runs.div_ceil(RUNS_OF_A_WORLD * PARTS);
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for number in 0..worlds {
        let (of_this, errors) = world(part * 1_000_000 + number);
        tally.add(&of_this);
        wrong.extend(errors);
    }
    eprintln!("{tally:?}");
    assert!(
        wrong.is_empty(),
        "{} of {} runs: {:#?}",
        wrong.len(),
        tally.runs,
        wrong.get(..10.min(wrong.len()))
    );
    assert_eq!(tally.runs, worlds * RUNS_OF_A_WORLD);
    // Honest ignorance is allowed, and must stay rare.
    assert!(tally.unknown * 20 <= tally.runs, "{tally:?}");
    assert!(tally.told * 100 >= tally.runs * 75, "{tally:?}");
    assert!(tally.needlessly_incomplete * 50 <= tally.runs, "{tally:?}");
    for ending in [
        "Exited",
        "Signalled",
        "TimedOut",
        "Cancelled",
        "OutOfMemory",
        "FailedToStart",
        "HostLost",
    ] {
        assert!(
            tally.endings.contains_key(ending),
            "no run ended as {ending}: {tally:?}"
        );
    }
}

/// One account with many callers in a storm.
fn world(seed: u64) -> (Tally, Vec<String>) {
    in_virtual_time(seed, async {
        let ground = Rc::new(Ground::new(seed, Faults::storm()));
        let told = (0..RUNS_OF_A_WORLD).map(|number| spawn_local(Story::new(seed, number).tell(Rc::clone(&ground))));
        let mut stories = Vec::new();
        for story in told.collect::<Vec<_>>() {
            stories.push(story.await.expect("a story does not panic"));
        }
        // What calls are still under way come to their end.
        sleep(Duration::from_secs(90)).await;
        let tasks = ground.sim.tasks();
        let mut tally = Tally::default();
        let mut wrong: Vec<String> = stories
            .iter()
            .filter_map(|story| story.judge(&tasks, &mut tally).err())
            .map(|error| format!("seed {seed}, {error}"))
            .collect();
        let keys: HashSet<&str> = stories.iter().map(|story| story.key.as_str()).collect();
        let strange = tasks
            .iter()
            .filter(|task| !task.token.as_deref().is_some_and(|token| keys.contains(token)));
        wrong.extend(strange.map(|task| format!("seed {seed}: task {} has the key of nobody", task.id)));
        tally.requests = ground.sim.record().len() as u64;
        (tally, wrong)
    })
}

/// What somebody wants to run, and what happens to the processes that he starts for it.
#[derive(Debug)]
struct Story {
    number: u64,
    script: String,
    deadline_seconds: u32,
    key: IdempotencyKey,
    draw: Draw,
    /// What each process showed; all but the last were killed.
    screens: Vec<Screen>,
    conclusion: Option<Conclusion>,
    /// The last process never came to an end.
    is_endless: bool,
}

impl Story {
    fn new(seed: u64, number: u64) -> Self {
        let mut draw = Draw::of(seed, &[0x0005_704e, number]);
        Self {
            number,
            script: script(&mut draw),
            deadline_seconds: u32::try_from(draw.within(&(4..30))).expect("seconds"),
            key: key(seed * RUNS_OF_A_WORLD + number),
            draw,
            screens: Vec::new(),
            conclusion: None,
            is_endless: false,
        }
    }

    async fn tell(mut self, ground: Rc<Ground>) -> Self {
        self.pause(0..5_000).await;
        let whole = message(&self.key, &self.script, Some(self.deadline_seconds));
        let mut wish = whole.clone();
        for _ in 0..self.draw.within(&(0..4)) {
            // Many die before the gate has answered, or just then.
            let life = if self.draw.chance(0.4) { 0..400 } else { 0..15_000 };
            let life = Duration::from_millis(self.draw.within(&life));
            let screen = Screen::default();
            let followed = timeout(life, follow(&ground, wish.clone(), &screen, no_signal)).await;
            let run = screen.run();
            self.screens.push(screen);
            if let Ok(conclusion) = followed {
                self.conclusion = Some(conclusion);
                return self;
            }
            wish = match run {
                Some(run) if self.draw.chance(0.5) => {
                    self.pause(3_000..6_000).await;
                    Wish::Attach(run)
                }
                Some(_) | None => {
                    self.pause(0..3_000).await;
                    whole.clone().again()
                }
            };
        }
        if self.draw.chance(0.08) {
            return self;
        }
        let screen = Screen::default();
        let interrupt = self
            .draw
            .chance(0.2)
            .then(|| Duration::from_millis(self.draw.within(&(0..10_000))));
        let conclusion = follow(&ground, wish, &screen, async |signals| {
            if let Some(after) = interrupt {
                sleep(after).await;
                // The process may be over by then.
                let _over = signals.send(Signal::Interrupt);
            }
        });
        self.conclusion = timeout(LONGEST_STORY, conclusion).await.ok();
        self.is_endless = self.conclusion.is_none();
        self.screens.push(screen);
        self
    }

    async fn pause(&mut self, range: std::ops::Range<u64>) {
        sleep(Duration::from_millis(self.draw.within(&range))).await;
    }

    /// Holds everything against the truth. The error says what is false.
    fn judge(&self, tasks: &[TaskTruth], tally: &mut Tally) -> Result<(), String> {
        tally.runs += 1;
        let own: Vec<&TaskTruth> = tasks
            .iter()
            .filter(|task| task.token.as_deref() == Some(self.key.as_str()))
            .collect();
        check(!self.is_endless, || {
            format!(
                "run {} `{}`: {:?} is never told of",
                self.number,
                self.script,
                own.first().map(|task| &task.fate)
            )
        })?;
        let judged = self.once(&own).and_then(|()| {
            if let (Some(conclusion), Some(screen)) = (&self.conclusion, self.screens.last()) {
                return tally.judge(conclusion, own.first().copied(), screen);
            }
            tally.abandoned += 1;
            Ok(())
        });
        judged.map_err(|error| format!("run {} `{}`: {error}", self.number, self.script))
    }

    fn once(&self, tasks: &[&TaskTruth]) -> Result<(), String> {
        let [task] = tasks else {
            return check(tasks.is_empty(), || format!("{} tasks under one key", tasks.len()));
        };
        let longest = u64::from(self.deadline_seconds) * 1_000 + STOP_TIMEOUT + DYING;
        let ends = match (task.started, task.ended) {
            (Some(started), Some(ended)) => ended - started <= longest,
            (Some(_), None) => false,
            (None, _) => task.stopped.is_some(),
        };
        check(ends, || format!("task {} runs on after its deadline", task.id))
    }
}

/// Something to run.
fn script(draw: &mut Draw) -> String {
    let seconds = draw.within(&(1..8));
    let lines = draw.within(&(0..40));
    let rate = [0, 5, 20][usize::try_from(draw.within(&(0..3))).expect("a place")];
    match draw.within(&(0..20)) {
        0..6 => format!("print --lines={lines} --rate={rate}"),
        6..8 => format!("print --lines={lines} --rate={rate} --code={}", draw.within(&(1..256))),
        8 => format!("exit --code={}", draw.within(&(0..256))),
        9 => format!(
            "signal --signal={} --lines={lines}",
            [6, 9, 11, 15][usize::try_from(draw.within(&(0..4))).expect("a place")]
        ),
        10..12 => format!("wait --lines={lines} --rate={rate}"),
        12..14 => "clean-up".to_owned(),
        14 => "ignore-stop".to_owned(),
        15 => format!("oom --lines={lines} --seconds={seconds}"),
        16 => format!("lose-host --lines={lines} --rate={rate} --seconds={seconds}"),
        17 => format!("spot --seconds={seconds}"),
        18 => {
            let causes = ["pull", "secret", "log-group", "network"];
            format!(
                "never-start --cause={}",
                causes[usize::try_from(draw.within(&(0..4))).expect("a place")]
            )
        }
        _ => "missing".to_owned(),
    }
}
