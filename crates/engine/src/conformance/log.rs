//! The log: in order, complete, resumable.

use std::time::Duration;

use protocol::{Cursor, Ending};

use super::seen::{launch, observe_from, observe_one, observe_to_the_end, observe_until_line};
use super::{Harness, Job};
use crate::Engine;

fn lines(word: &str, count: u32) -> String {
    (1..=count)
        .flat_map(|number| [word.to_owned(), format!(" {number}\n")])
        .collect()
}

/// Both outputs arrive byte for byte, and the log proves that it is complete.
pub async fn lines_arrive_in_order_and_complete(harness: &impl Harness) {
    let run = launch(harness, Job::Print { lines: 2_000 }).await;
    let seen = observe_to_the_end(harness, run).await;
    assert_eq!(seen.ending, Ending::Exited { code: 0 });
    let (stdout, stderr) = seen.output();
    assert!(stdout == lines("out", 2_000), "standard output differs: {stdout}");
    assert!(stderr == lines("err", 2_000), "standard error differs: {stderr}");
    assert!(seen.timings.run_ms.is_some(), "{:?}", seen.timings);
}

/// Silence is a log too.
pub async fn a_job_without_output_has_a_complete_log(harness: &impl Harness) {
    let run = launch(harness, Job::Exit { code: 0 }).await;
    let seen = observe_to_the_end(harness, run).await;
    assert_eq!(seen.output(), (String::new(), String::new()));
}

/// Whoever comes back with a cursor reads exactly the rest.
pub async fn reading_resumes_from_a_cursor(harness: &impl Harness) {
    let run = launch(harness, Job::CleanUpOnStop).await;
    let cursor = observe_until_line(harness, run, "ready").await;
    harness
        .engine()
        .stop(run, "the test is done")
        .await
        .expect("the run can be stopped");
    let rest = observe_from(harness, run, cursor).await;
    let texts: Vec<&str> = rest
        .frames
        .iter()
        .filter_map(|frame| frame.split_once(" o ").map(|(_, text)| text))
        .collect();
    assert_eq!(texts, ["cleaned up"]);
}

/// Whoever comes without one reads everything, also when the run is long over.
pub async fn an_empty_cursor_reads_from_the_start_again(harness: &impl Harness) {
    let run = launch(harness, Job::Print { lines: 20 }).await;
    let first = observe_to_the_end(harness, run).await;
    let again = observe_to_the_end(harness, run).await;
    assert_eq!(first.frames, again.frames);
    assert_eq!(first.ending, again.ending);
    let nothing_new = observe_one(harness, run, &Cursor::default(), Duration::ZERO).await;
    let end = observe_one(harness, run, &nothing_new.cursor, Duration::ZERO).await;
    assert_eq!(end.frames, Vec::<String>::new());
    assert_eq!(end.ending, Some(first.ending));
}
