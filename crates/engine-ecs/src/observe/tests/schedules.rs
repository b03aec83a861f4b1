//! Generated delivery schedules: whatever the store does, no line is lost, none comes twice, the order is kept, and what could not be
//! completed is never called complete.
//!
//! `LOG_SCHEDULES` is the number of deliveries in all (10,000 unless set): each run of each observation is one. A failure names its seed; `LOG_SCHEDULE_SEED` runs that one alone.

use std::collections::BTreeSet;

use protocol::frame::{Assembler, Cause, Channel, Completeness, Encoder, decode};
use protocol::{Ending, OutputForm, RunId};

use super::drive::{Caller, Seen, World, follow};
use super::model::{Event, Faults, Model, Run};
use super::random::Random;

const SCHEDULES: u64 = 10_000;
const PARTS: u64 = 8;
/// An entry later than this after the stop, in milliseconds, need not be waited for.
const SURELY_IN_TIME: i64 = 20_000;

/// What a run truly wrote.
struct Truth {
    stdout: Vec<u8>,
    lines: Vec<String>,
    /// Every entry becomes readable in time.
    in_time: bool,
    exit: u8,
}

fn run_id(seed: u64, number: u8) -> RunId {
    let mut bits = [number; 16];
    bits[..8].copy_from_slice(&seed.to_be_bytes());
    RunId::from_random(bits)
}

fn text_of(frame: Vec<u8>) -> String {
    String::from_utf8(frame).unwrap().trim_end().to_owned()
}

fn exit_code(random: &mut Random) -> u8 {
    // Higher ones have other endings in a raw run.
    let code = if random.chance(500) { 0 } else { random.between(1, 123) };
    u8::try_from(code).unwrap()
}

/// A job that writes now and then, and a store that delivers it as it likes.
fn generate(random: &mut Random, id: RunId, start: i64, output: OutputForm) -> (Run, Truth) {
    let created = start + random.between(0, 500);
    let pulling = created + random.between(50, 800);
    let started = pulling + random.between(50, 2_000);
    let mut at = started + random.between(0, 500);
    let exit = exit_code(random);
    let mut truth = Truth {
        stdout: Vec::new(),
        lines: Vec::new(),
        in_time: true,
        exit,
    };
    let mut encoder = Encoder::new();
    let mut written = Vec::new();
    let pace = [0, 5, 300, 2_500][usize::try_from(random.between(0, 3)).unwrap()];
    for number in 0..random.between(0, 14) {
        at += random.between(0, pace);
        if random.chance(20) {
            at += random.between(5_000, 40_000);
        }
        let line = format!("line {number} of {id}");
        truth.stdout.extend_from_slice(format!("{line}\n").as_bytes());
        truth.lines.push(line.clone());
        let text = match output {
            OutputForm::Raw => line,
            OutputForm::Framed => {
                let mut frame = Vec::new();
                encoder.encode(Channel::Stdout, format!("{line}\n").as_bytes(), &mut frame);
                text_of(frame)
            }
        };
        written.push((at, text));
    }
    if output == OutputForm::Framed {
        let mut frame = Vec::new();
        encoder.finish(exit, Cause::Exited, &mut frame).unwrap();
        written.push((at, text_of(frame)));
    }
    let stopped = at + random.between(200, 6_000);
    let mut events = match output {
        OutputForm::Framed => deliver(random, &written, stopped, &mut truth),
        OutputForm::Raw => deliver_in_order(random, &written),
    };
    events.sort_by_key(|event| event.key);
    let first = events.iter().map(|event| event.readable).min().unwrap_or(i64::MAX);
    let run = Run {
        id,
        output,
        created,
        pulling,
        started: Some(started),
        stopped,
        forgotten: i64::MAX,
        exit,
        stream_exists: if random.chance(500) { started } else { first },
        events,
    };
    (run, truth)
}

/// Late, twice, in any order of a millisecond, with a clock that steps, or never.
fn deliver(random: &mut Random, written: &[(i64, String)], stopped: i64, truth: &mut Truth) -> Vec<Event> {
    let bad_day = random.chance(300);
    let loses = random.chance(60);
    let mut events = Vec::new();
    for (at, text) in written {
        let mut readable = at + random.between(20, 400);
        if bad_day && random.chance(250) {
            readable += random.between(500, 15_000);
        }
        if loses && random.chance(150) {
            truth.in_time = false;
            if random.chance(500) {
                continue;
            }
            readable += random.between(30_000, 90_000);
        }
        let mut timestamp = *at;
        if bad_day && random.chance(100) {
            timestamp -= random.between(0, 60);
        }
        if bad_day && random.chance(10) {
            timestamp -= random.between(5_000, 40_000);
        }
        truth.in_time &= readable <= stopped + SURELY_IN_TIME;
        for _ in 0..if random.chance(100) { 2 } else { 1 } {
            events.push(Event {
                key: (timestamp, random.between(0, 1_000_000_000)),
                readable,
                text: text.clone(),
            });
            readable += random.between(0, 2_000);
        }
    }
    events
}

/// What is promised of raw lines holds for a store that delivers them in order.
fn deliver_in_order(random: &mut Random, written: &[(i64, String)]) -> Vec<Event> {
    let mut readable = 0;
    written
        .iter()
        .zip(0..)
        .map(|((at, text), order)| {
            readable = (at + random.between(20, 400)).max(readable);
            Event {
                key: (*at, order),
                readable,
                text: text.clone(),
            }
        })
        .collect()
}

fn faults(random: &mut Random) -> Faults {
    if random.chance(500) {
        return Faults::default();
    }
    Faults {
        throttle: random.between(0, 120),
        server_error: random.between(0, 60),
        reset: random.between(0, 60),
        silence: random.between(0, 15),
        expired_token: random.between(0, 100),
        empty_page: random.between(0, 150),
    }
}

async fn run_schedule(world: &World, seed: u64) -> Counts {
    let mut random = Random::new(seed);
    let start = world.now();
    let several = random.chance(350);
    let count = if several { random.between(2, 8) } else { 1 };
    let (mut runs, mut truths) = (Vec::new(), Vec::new());
    for number in 0..count {
        let output = if random.chance(150) {
            OutputForm::Raw
        } else {
            OutputForm::Framed
        };
        let (run, truth) = generate(&mut random, run_id(seed, u8::try_from(number).unwrap()), start, output);
        runs.push(run);
        truths.push(truth);
    }
    let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
    let outputs: Vec<OutputForm> = runs.iter().map(|run| run.output).collect();
    world.with(|model| {
        *model = Model::new(seed, runs);
        model.faults = faults(&mut random);
        model.page = [2, 5, 10_000, 10_000][usize::try_from(random.between(0, 3)).unwrap()];
    });
    let caller = Caller {
        wait_ms: if random.chance(200) { 1_000 } else { 0 },
        losses: if random.chance(200) { 50 } else { 0 },
        patience: 900_000,
    };
    let followed = follow(world, &ids, caller, &mut random).await;
    let mut counts = Counts::default();
    for ((run, truth), output) in followed.iter().zip(&truths).zip(outputs) {
        match output {
            OutputForm::Framed if check_framed(run, truth, seed) => counts.complete += 1,
            OutputForm::Framed => counts.incomplete += 1,
            OutputForm::Raw => {
                check_raw(run, truth, seed);
                counts.raw += 1;
            }
        }
    }
    counts
}

/// How many deliveries there were.
#[derive(Debug, Default)]
struct Counts {
    complete: u64,
    /// Framed, and reported as what they are.
    incomplete: u64,
    raw: u64,
}

impl Counts {
    fn all(&self) -> u64 {
        self.complete + self.incomplete + self.raw
    }

    fn add(&mut self, more: &Self) {
        self.complete += more.complete;
        self.incomplete += more.incomplete;
        self.raw += more.raw;
    }
}

fn check_framed(run: &Seen, truth: &Truth, seed: u64) -> bool {
    let ending = run.ending.as_ref();
    let ending = ending.unwrap_or_else(|| panic!("seed {seed}: the run did not end: {run:?}"));
    let mut assembler = Assembler::new();
    let mut output = Vec::new();
    for entry in run.before.iter().chain(&run.entries) {
        assembler.push(entry, |chunk| chunk.append_to(&mut output)).unwrap();
    }
    let mut numbers = BTreeSet::new();
    for entry in &run.entries {
        let number = decode(entry).unwrap().sequence;
        assert!(
            numbers.insert(number),
            "seed {seed}: frame {number} came twice to one reader"
        );
    }
    let completeness = assembler.finish(|chunk| chunk.append_to(&mut output));
    let complete = matches!(completeness, Completeness::Complete { .. });
    if truth.in_time {
        assert!(
            complete,
            "seed {seed}: {completeness:?} though everything came in time: {run:?}"
        );
    }
    if complete {
        assert_eq!(output, truth.stdout, "seed {seed}");
        assert_eq!(ending, &Ending::Exited { code: truth.exit }, "seed {seed}");
        assert!(run.timings.drain_ms.is_some(), "seed {seed}");
    }
    complete
}

fn check_raw(run: &Seen, truth: &Truth, seed: u64) {
    assert_eq!(run.entries, truth.lines, "seed {seed}: {run:?}");
    assert_eq!(run.output, OutputForm::Raw, "seed {seed}");
    assert_eq!(run.ending, Some(Ending::Exited { code: truth.exit }), "seed {seed}");
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

async fn part(part: u64) {
    let world = World::new();
    if let Some(seed) = number_from("LOG_SCHEDULE_SEED") {
        run_schedule(&world, seed).await;
        return;
    }
    let all = number_from("LOG_SCHEDULES").unwrap_or(SCHEDULES);
    let mut seed = part;
    let mut counts = Counts::default();
    while counts.all() < all.div_ceil(PARTS) {
        counts.add(&run_schedule(&world, seed).await);
        seed += PARTS;
    }
    assert!(
        counts.complete > 10 * counts.incomplete,
        "most schedules can be completed: {counts:?}"
    );
    assert!(
        counts.incomplete > 0 || all < SCHEDULES,
        "some schedules lose lines for good"
    );
}

macro_rules! parts {
    ($($name:ident: $part:literal),+) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $name() {
                part($part).await;
            }
        )+
    };
}

parts! {
    nothing_is_lost_or_repeated_part_1: 0, nothing_is_lost_or_repeated_part_2: 1, nothing_is_lost_or_repeated_part_3: 2,
    nothing_is_lost_or_repeated_part_4: 3, nothing_is_lost_or_repeated_part_5: 4, nothing_is_lost_or_repeated_part_6: 5,
    nothing_is_lost_or_repeated_part_7: 6, nothing_is_lost_or_repeated_part_8: 7
}
