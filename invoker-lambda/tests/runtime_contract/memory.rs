//! What the function holds while it reads many busy runs, measured at the real process.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test asks for is made outside of its function too"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sim::{Faults, Sim, Timing, World};
use protocol::{
    Cursor, IdempotencyKey, Message, ObserveMessage, ObserveRun, Observed, Origin, Phase, Reply, RunId, RunMessage,
    RunRequest,
};
use tokio::time::sleep;

use crate::function::{Aws, Function, Settings};

const RUNS: usize = 2 * ObserveMessage::MAX_RUNS;
/// Each run writes 2,000 lines of at least 100 bytes, as fast as it can: 40 MB in all.
const ALLOW_LIST: &str = "version: 1\ncontainers: { box: { description: B., image: box, network: host, \
                          task: { cpu: 256, memory: 512, timeout: 10m }, scripts: { print: { description: P., \
                          fixed_options: { --lines: [\"2000\"], --errors: [\"0\"], --rate: [\"0\"], --width: [\"100\"] } } } } }\n";
/// A quarter of the least memory that Lambda gives, and less than what the runs write: whoever kept it all would need more.
const MOST_MEMORY: u64 = 32 * 1024 * 1024;

#[tokio::test]
async fn two_hundred_busy_runs_are_read_within_a_quarter_of_the_least_memory_of_a_function() {
    let sim = Sim::with_world(1, quick(), world());
    let mut function = Function::start(Settings::with_rules(ALLOW_LIST), Aws::Works(sim)).await;
    let mut groups = Vec::new();
    for group in 0..RUNS / ObserveMessage::MAX_RUNS {
        let mut runs = Vec::new();
        for number in 0..ObserveMessage::MAX_RUNS {
            runs.push(start(&mut function, group * ObserveMessage::MAX_RUNS + number).await);
        }
        groups.push(Reading::of(runs));
    }
    while groups.iter().any(|group| !group.places.is_empty()) {
        for group in &mut groups {
            group.read_on(&mut function).await;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let bytes: usize = groups.iter().map(|group| group.bytes).sum();
    assert!(bytes >= RUNS * 2_000 * 100, "{bytes} bytes of output arrived");
    let peak = function.peak_memory();
    assert!(peak <= MOST_MEMORY, "{peak} bytes of memory");
    function.stop().await;
}

/// Runs that one caller reads, as far as they have not ended.
struct Reading {
    places: Vec<ObserveRun>,
    bytes: usize,
}

impl Reading {
    fn of(runs: Vec<RunId>) -> Self {
        let place = |run| ObserveRun {
            run,
            cursor: Cursor::default(),
        };
        Self {
            places: runs.into_iter().map(place).collect(),
            bytes: 0,
        }
    }

    /// One call of the function.
    async fn read_on(&mut self, function: &mut Function) {
        if self.places.is_empty() {
            return;
        }
        let message = Message::Observe(ObserveMessage {
            runs: std::mem::take(&mut self.places),
            wait_ms: 0,
        });
        let Reply::Observed(observed) = function.invoke(message.encode().unwrap()).await else {
            panic!("runs are observed");
        };
        for observed in observed {
            let Observed::Run(news) = observed else {
                panic!("the run is there: {observed:?}");
            };
            self.bytes += news.frames.iter().map(String::len).sum::<usize>();
            if news.phase != Phase::Ended || news.more {
                self.places.push(ObserveRun {
                    run: news.run,
                    cursor: news.cursor,
                });
            }
        }
    }
}

async fn start(function: &mut Function, number: usize) -> RunId {
    let message = Message::Run(RunMessage {
        request: RunRequest {
            container: Some("box".into()),
            script: "print".into(),
            ..RunRequest::default()
        },
        idempotency_key: IdempotencyKey::from_random([u8::try_from(number).unwrap(); 16]),
        origin: Origin::default(),
    });
    let Reply::Started(started) = function.invoke(message.encode().unwrap()).await else {
        panic!("the run is started");
    };
    started.run
}

/// Everything takes a moment.
fn quick() -> Faults {
    let moment = 1..20;
    Faults {
        timing: Timing {
            call: 1..3,
            provisioning: moment.clone(),
            pull: moment.clone(),
            start: moment.clone(),
            deprovisioning: moment.clone(),
            ingestion: moment,
            flush: 100,
            ..Timing::brief()
        },
        ..Faults::none()
    }
}

/// What the function's settings name.
fn world() -> World {
    let mut defaults = World::default();
    let definition = defaults.task_definitions.remove("job:1").unwrap();
    World {
        cluster: "deploy".into(),
        subnets: vec!["subnet-0123456789abcdef0".into()],
        security_groups: vec!["sg-0123456789abcdef0".into()],
        task_definitions: BTreeMap::from([("deploy-runner-box:1".into(), definition)]),
        log_group: "/deploy-runner/jobs".into(),
        ..defaults
    }
}
