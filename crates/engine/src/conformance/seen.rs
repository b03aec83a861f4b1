//! Follows a run as a careful caller does, and keeps everything that was seen.

use std::time::{Duration, Instant};

use gatekeeper::Permit;
use protocol::frame::{Assembler, Channel, Chunk, Completeness};
use protocol::{Cursor, Ending, IdempotencyKey, Observation, ObserveRun, Observed, Origin, Phase, RunId, Timings};

use super::{Harness, Job};
use crate::{Call, Engine, Launched};

/// No job of the suite takes longer on any machine that is worth testing on.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long one observation waits.
const WAIT: Duration = Duration::from_millis(500);

/// Everything that was seen of a run.
#[derive(Debug)]
pub struct Seen {
    /// The phases, repetitions left out.
    pub phases: Vec<Phase>,
    /// The frames as they came.
    pub frames: Vec<String>,
    /// How it ended.
    pub ending: Ending,
    /// How long each part took.
    pub timings: Timings,
}

impl Seen {
    /// What the job wrote to standard output and standard error, after a proof that nothing is missing.
    #[track_caller]
    pub fn output(&self) -> (String, String) {
        let mut assembler = Assembler::new();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut deliver = |chunk: Chunk<'_>| match chunk.channel {
            Channel::Stdout => chunk.append_to(&mut stdout),
            Channel::Stderr => chunk.append_to(&mut stderr),
        };
        for frame in &self.frames {
            assembler
                .push(frame, &mut deliver)
                .expect("every line of the log is a frame");
        }
        let completeness = assembler.finish(&mut deliver);
        assert!(
            matches!(completeness, Completeness::Complete { .. }),
            "{completeness:?}"
        );
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the jobs of the suite write text");
        (text(stdout), text(stderr))
    }
}

/// A call with a key that nobody had before.
pub fn new_call() -> Call {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).expect("the system gives random numbers");
    Call {
        key: IdempotencyKey::from_random(bits),
        origin: Origin::default(),
    }
}

/// Launches a job under a new key.
pub async fn launch(harness: &impl Harness, job: Job) -> RunId {
    launch_permit(harness, harness.permit(job)).await.run
}

async fn launch_permit(harness: &impl Harness, permit: Permit) -> Launched {
    let launched = harness
        .engine()
        .launch(permit, new_call())
        .await
        .expect("the permit is launched");
    assert!(!launched.repeated, "a new key starts a new run");
    launched
}

/// News of one run.
pub(super) async fn observe_one(harness: &impl Harness, run: RunId, cursor: &Cursor, wait: Duration) -> Observation {
    let asked = ObserveRun {
        run,
        cursor: cursor.clone(),
    };
    let mut observed = harness
        .engine()
        .observe(&[asked], wait)
        .await
        .expect("the run can be observed");
    assert_eq!(observed.len(), 1, "one answer for each run");
    match observed.pop() {
        Some(Observed::Run(news)) => {
            assert_eq!(news.run, run);
            assert_eq!(
                news.phase == Phase::Ended,
                news.ending.is_some(),
                "there is an ending exactly in the phase `ended`: {news:?}"
            );
            assert!(
                !news.more || news.ending.is_none(),
                "an ending comes with the last of the log"
            );
            news
        }
        other => panic!("the run exists, and was answered with {other:?}"),
    }
}

/// Follows a run from its start to its end.
pub async fn observe_to_the_end(harness: &impl Harness, run: RunId) -> Seen {
    observe_from(harness, run, Cursor::default()).await
}

/// Follows a run from a cursor to its end.
pub(super) async fn observe_from(harness: &impl Harness, run: RunId, mut cursor: Cursor) -> Seen {
    let until = Instant::now() + PATIENCE;
    let (mut phases, mut frames) = (Vec::new(), Vec::new());
    loop {
        let news = observe_one(harness, run, &cursor, WAIT).await;
        if phases.last() != Some(&news.phase) {
            phases.push(news.phase);
        }
        frames.extend(news.frames);
        cursor = news.cursor;
        if let Some(ending) = news.ending {
            return Seen {
                phases,
                frames,
                ending,
                timings: news.timings,
            };
        }
        assert!(Instant::now() < until, "run {run} did not end: {phases:?} {frames:?}");
        tokio::time::sleep(Duration::from_millis(news.ask_again_ms.into())).await;
    }
}

/// Follows a run until the job has written a line, and answers where its reader stands then.
pub(super) async fn observe_until_line(harness: &impl Harness, run: RunId, line: &str) -> Cursor {
    let until = Instant::now() + PATIENCE;
    let mut cursor = Cursor::default();
    loop {
        let news = observe_one(harness, run, &cursor, WAIT).await;
        cursor = news.cursor;
        if news.frames.iter().any(|frame| frame.ends_with(&format!(" o {line}"))) {
            return cursor;
        }
        assert!(
            news.ending.is_none(),
            "the run ended before it wrote `{line}`: {:?}",
            news.ending
        );
        assert!(Instant::now() < until, "run {run} did not write `{line}`");
        tokio::time::sleep(Duration::from_millis(news.ask_again_ms.into())).await;
    }
}
