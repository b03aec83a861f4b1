//! Two hundred runs at once, with the account's quotas enforced: read by one reader, and followed by as many separate command lines.
//!
//! How soon the lines come of a stream that exists only from its first entry on depends on how often it is looked for; the log driver makes a
//! stream before the container starts or with the first entry, and AWS promises neither. Here half of the streams come late.

use std::rc::Rc;
use std::time::Duration;

use aws_sim::{Faults, Request, Service, TaskTruth};
use protocol::ExitCode;
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::caller::{Screen, Wish, follow, key, message, no_signal};
use super::delay::{delays, p99};
use super::fleet::{Group, Read};
use super::ground::{Ground, in_virtual_time};
use crate::conclusion::MissingLines;
use crate::log::Verdict;

const RUNS: u64 = 200;
/// Requests to Logs and ECS, in all.
const MOST_PER_SECOND: f64 = 5.0;
/// What an answer for a hundred runs may hold: the gate's room for entries (3 MiB), and what is told of each run besides. It is what the function
/// holds at most, once as entries and once as JSON, besides one page of the store; Lambda takes 6 MiB.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

#[test]
fn two_hundred_runs_with_fifty_lines_a_second_have_one_reader_within_five_requests_a_second() {
    in_virtual_time(7, async {
        let ground = Ground::new(7, Faults::quotas());
        let runs = |from: u64| {
            let wishes = (from..from + RUNS / 2).map(|number| {
                match message(&key(number), "print --lines=3000 --errors=0 --rate=50", None) {
                    Wish::Run(message) | Wish::RunAgain(message) => *message,
                    Wish::Attach(run) => unreachable!("{run} is new"),
                }
            });
            wishes.collect()
        };
        let ((first, mut reads), (second, more)) = tokio::join!(
            Group::default().tell(&ground, runs(0)),
            Group::default().tell(&ground, runs(RUNS / 2))
        );
        reads.extend(more);
        for group in [&first, &second] {
            assert_eq!(*group.problems.borrow(), Vec::<String>::new());
            let longest = group.longest_message.get();
            assert!(longest <= protocol::MAX_MESSAGE_BYTES / 4, "{longest} bytes of cursors");
        }
        let tasks: Vec<TaskTruth> = reads.iter().map(|read| truth(&ground, read)).collect();
        let mut delays: Vec<u64> = tasks
            .iter()
            .zip(&reads)
            .flat_map(|(task, read)| delays(task, &read.screen))
            .collect();
        assert_eq!(delays.len(), 600_000);
        for read in &reads {
            let (_, verdict) = read.ended.as_ref().expect("each has ended");
            assert_eq!(*verdict, Verdict::Complete);
            let told = read.screen.told.borrow();
            assert!(!told.iter().any(|told| is_of_a_throttle(told)), "{told:?}");
        }
        let record = reading(&ground);
        let begins = tasks.iter().filter_map(|task| task.started).max().expect("started");
        let ends = tasks.iter().filter_map(|task| task.ended).min().expect("ended");
        let whole = per_second(&record, record[0].at, record[record.len() - 1].at);
        let while_all_write = per_second(&record, begins, ends);
        let busiest = record
            .iter()
            .map(|request| per_second(&record, request.at, request.at + 10_000))
            .fold(0.0, f64::max);
        let throttled = record.iter().filter(|request| request.is_throttled()).count();
        let answers = ground
            .sim
            .invocations()
            .iter()
            .map(|invocation| invocation.answered)
            .max();
        let p99 = p99(&mut delays);
        eprintln!(
            "one reader of {RUNS} runs: shown {p99} ms after being readable (p99), {} ms (median); requests a second: {whole:.2} from the first start to the last end, {while_all_write:.2} while all write, {busiest:.2} in the busiest ten seconds; {throttled} throttled; largest answer {answers:?} bytes",
            delays[delays.len() / 2]
        );
        assert!(p99 <= 3_000, "{p99} ms");
        assert!(busiest <= MOST_PER_SECOND, "{busiest} requests a second");
        assert!(throttled * 200 <= record.len(), "{throttled} throttled requests");
        assert!(answers.is_some_and(|bytes| bytes <= LARGEST_ANSWER), "{answers:?}");
    });
}

#[test]
fn two_hundred_separate_callers_share_the_quotas_and_are_told_of_the_delay() {
    in_virtual_time(8, async {
        let ground = Rc::new(Ground::new(8, Faults::quotas()));
        let callers: Vec<_> = (0..RUNS)
            .map(|number| {
                let ground = Rc::clone(&ground);
                spawn_local(async move {
                    sleep(Duration::from_millis(number * 100)).await;
                    let screen = Screen::default();
                    let script = "print --lines=1200 --errors=0 --rate=5";
                    let conclusion = follow(&ground, message(&key(number), script, None), &screen, no_signal).await;
                    assert_eq!(
                        conclusion.exit_code(MissingLines::Fail),
                        ExitCode::Job(0),
                        "{conclusion:?}"
                    );
                    screen
                })
            })
            .collect();
        let mut all = Vec::new();
        for caller in callers {
            let screen = caller.await.expect("a caller does not panic");
            let task = screen.run().and_then(|run| ground.sim.task(&run.to_string()));
            all.extend(delays(&task.expect("a task"), &screen));
            assert_eq!(*screen.problems.borrow(), Vec::<String>::new());
            let told = screen.told.borrow();
            assert!(!told.iter().any(|told| is_of_a_throttle(told)), "{told:?}");
            assert!(
                told.iter().any(|told| told.contains("share the account's log quota")),
                "{told:?}"
            );
        }
        let record = reading(&ground);
        let of = |service: Service, throttled: bool| {
            let of = record.iter().filter(|request| request.service == service);
            of.filter(|request| !throttled || request.is_throttled()).count()
        };
        let (reads, refused) = (of(Service::Logs, false), of(Service::Logs, true));
        let (looks, looks_refused) = (of(Service::Ecs, false), of(Service::Ecs, true));
        let p99 = p99(&mut all);
        eprintln!(
            "{RUNS} separate callers: shown {p99} ms after being readable (p99), {} ms (median); throttled: {refused} of {reads} reads, {looks_refused} of {looks} looks at tasks",
            all[all.len() / 2]
        );
        assert!(p99 <= 23_000, "{p99} ms");
        assert!(refused * 40 <= reads, "{refused} of {reads} reads");
        // While two hundred start within twenty seconds, nobody knows yet how many they are.
        assert!(looks_refused * 10 <= looks, "{looks_refused} of {looks} looks");
    });
}

fn truth(ground: &Ground, read: &Read) -> TaskTruth {
    ground.sim.task(&read.run.to_string()).expect("a task")
}

fn is_of_a_throttle(told: &str) -> bool {
    told.contains("throttled") || told.contains("too often")
}

/// What reading asked of ECS and Logs.
fn reading(ground: &Ground) -> Vec<Request> {
    let mut record = ground.sim.record();
    record.retain(|request| request.service != Service::Lambda && request.action != "RunTask");
    record
}

fn per_second(record: &[Request], from: u64, to: u64) -> f64 {
    let made = record.iter().filter(|request| (from..to).contains(&request.at)).count();
    made as f64 * 1_000.0 / (to - from) as f64
}
