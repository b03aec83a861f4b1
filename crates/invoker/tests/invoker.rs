//! What the invoker answers and records, with a real gate, a real audit log and an engine that only notes what it is asked.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::unnecessary_wraps,
    clippy::wildcard_enum_match_arm,
    clippy::panic,
    reason = "a test that meets something unexpected must fail at once"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{Call, Engine, LaunchError, Launched, ObserveError, Permit, StopError};
use gatekeeper::AllowList;
use gatekeeper::{compile, source};
use invoker::{Invoker, JsonLinesLog};
use jiff::Timestamp;
use protocol::{
    Cursor, DescribeMessage, ErrorKind, ExplainMessage, IdempotencyKey, Message, ObserveMessage, ObserveRun, Observed,
    Origin, ProblemKind, Reply, RunId, RunMessage, RunRequest, StopMessage, StopOutcome,
};
use serde_json::{Value, json};

const RUN: RunId = RunId::from_random([0xab; 16]);

const ALLOW_LIST: &str = "
version: 1
containers:
  planner:
    description: Plans.
    image: planner
    task: { cpu: 256, memory: 512, max_cpu: 256, max_memory: 512, launch_type: FARGATE, timeout: 10m }
    scripts:
      plan:
        description: Plans.
        options:
          --where: { type: choice, one_of: [here, there], required: true }
";

/// Answers as it is told to, and notes what it was asked and what the audit log held at that moment.
struct NotingEngine {
    launch: fn() -> Result<Launched, LaunchError>,
    stop: fn() -> Result<StopOutcome, StopError>,
    log: PathBuf,
    notes: Arc<Notes>,
}

#[derive(Default)]
struct Notes {
    log_at_launch: Mutex<Vec<String>>,
    waits: Mutex<Vec<Duration>>,
    reasons: Mutex<Vec<String>>,
}

impl Engine for NotingEngine {
    async fn launch(&self, _: Permit, _: Call) -> Result<Launched, LaunchError> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        self.notes.log_at_launch.lock().unwrap().push(log);
        (self.launch)()
    }

    async fn observe(&self, runs: &[ObserveRun], wait: Duration) -> Result<Vec<Observed>, ObserveError> {
        self.notes.waits.lock().unwrap().push(wait);
        Ok(runs.iter().map(|asked| Observed::NotFound { run: asked.run }).collect())
    }

    async fn stop(&self, _: RunId, reason: &str) -> Result<StopOutcome, StopError> {
        self.notes.reasons.lock().unwrap().push(reason.to_owned());
        (self.stop)()
    }
}

struct Fixture {
    folder: tempfile::TempDir,
    log: PathBuf,
    notes: Arc<Notes>,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("audit.log");
        let notes = Arc::default();
        Self { folder, log, notes }
    }

    fn invoker(&self, launch: fn() -> Result<Launched, LaunchError>) -> Invoker<NotingEngine, JsonLinesLog> {
        Invoker::new(
            Ok(allow_list()),
            self.engine(launch),
            JsonLinesLog::new(&self.log),
            clock,
        )
    }

    fn engine(&self, launch: fn() -> Result<Launched, LaunchError>) -> NotingEngine {
        NotingEngine {
            launch,
            stop: || Ok(StopOutcome::Stopping),
            log: self.log.clone(),
            notes: Arc::clone(&self.notes),
        }
    }

    /// What the log held at each launch.
    fn launches(&self) -> Vec<String> {
        self.notes.log_at_launch.lock().unwrap().clone()
    }

    fn events(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn clock() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn allow_list() -> AllowList {
    let source = source::read("test.yaml", ALLOW_LIST).expect("the allow-list must be read");
    let compiled = compile::compile(&source).expect("the allow-list must compile");
    AllowList::load(&compiled.canonical_bytes()).expect("the allow-list must load")
}

fn launched() -> Result<Launched, LaunchError> {
    Ok(Launched {
        run: RUN,
        repeated: false,
        notices: vec!["no cgroup".into()],
    })
}

fn request(args: &[&str]) -> RunRequest {
    RunRequest {
        container: Some("planner".into()),
        script: "plan".into(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..RunRequest::default()
    }
}

fn run(args: &[&str]) -> Vec<u8> {
    let message = Message::Run(RunMessage {
        request: request(args),
        idempotency_key: IdempotencyKey::from_random([1; 16]),
        origin: Origin {
            actor: Some("ann".into()),
            ..Origin::default()
        },
    });
    message.encode().unwrap()
}

fn explain(args: &[&str]) -> Vec<u8> {
    let message = Message::Explain(ExplainMessage {
        request: request(args),
        origin: Origin::default(),
    });
    message.encode().unwrap()
}

fn stop() -> Vec<u8> {
    let message = Message::Stop(StopMessage {
        run: RUN,
        reason: "enough".into(),
        origin: Origin::default(),
    });
    message.encode().unwrap()
}

#[track_caller]
fn error(reply: Reply) -> (ErrorKind, String) {
    match reply {
        Reply::Error { kind, message } => (kind, message),
        other => panic!("expected an error, got {other:?}"),
    }
}

#[tokio::test]
async fn an_allowed_run_is_recorded_before_it_is_launched_and_completed_after() {
    let fixture = Fixture::new();
    let invoker = fixture.invoker(launched);
    let Reply::Started(started) = invoker.handle(&run(&["--where=here"])).await.reply else {
        panic!("the run must start");
    };
    assert_eq!(
        (started.run, started.repeated, started.deadline_seconds),
        (RUN, false, 600)
    );
    assert_eq!(started.notices, ["no cgroup"]);

    let before = fixture.launches();
    let [before] = before.as_slice() else {
        panic!("one launch")
    };
    let before: Value = serde_json::from_str(before).unwrap();
    assert_eq!(before["outcome"], json!({"what": "starting"}));

    let events = fixture.events();
    let [event] = events.as_slice() else {
        panic!("one event for one decision: {events:?}")
    };
    let expected = json!({
        "time": "2026-01-02T03:04:05Z",
        "action": "run",
        "origin": {"actor": "ann"},
        "container": "planner",
        "script": "plan",
        "request_digest": started.request_digest,
        "allow_list_digest": allow_list().digest(),
        "decision": "allowed",
        "run": RUN.to_string(),
        "outcome": {"what": "started"},
    });
    assert_eq!(*event, expected);
}

#[tokio::test]
async fn a_launch_that_fails_is_recorded_with_its_reason() {
    type Failure = fn() -> Result<Launched, LaunchError>;
    let cases: [(Failure, ErrorKind, Value); 3] = [
        (
            || {
                Err(LaunchError::FailedToStart {
                    reason: "no\nbwrap".into(),
                })
            },
            ErrorKind::FailedToStart,
            json!({"what": "failed_to_start", "reason": "no\\nbwrap"}),
        ),
        (
            || Err(LaunchError::Unavailable { reason: "gone".into() }),
            ErrorKind::EngineUnavailable,
            json!({"what": "unknown", "reason": "gone"}),
        ),
        (
            || Err(LaunchError::KeyConflict { run: RUN }),
            ErrorKind::KeyConflict,
            json!({"what": "key_conflict"}),
        ),
    ];
    for (launch, kind, outcome) in cases {
        let fixture = Fixture::new();
        let reply = fixture.invoker(launch).handle(&run(&["--where=here"])).await.reply;
        assert_eq!(error(reply).0, kind);
        assert_eq!(fixture.events().len(), 1);
        assert_eq!(fixture.events()[0]["outcome"], outcome);
    }
}

#[tokio::test]
async fn a_key_of_somebody_else_does_not_reveal_the_id_of_their_run() {
    let fixture = Fixture::new();
    let invoker = fixture.invoker(|| Err(LaunchError::KeyConflict { run: RUN }));
    let (_, message) = error(invoker.handle(&run(&["--where=here"])).await.reply);
    assert!(!message.contains(&RUN.to_string()), "{message}");
}

#[tokio::test]
async fn nothing_is_launched_when_the_decision_cannot_be_recorded() {
    let fixture = Fixture::new();
    fs::create_dir(&fixture.log).unwrap();
    let invoker = fixture.invoker(launched);
    let (kind, message) = error(invoker.handle(&run(&["--where=here"])).await.reply);
    assert_eq!(kind, ErrorKind::AuditUnavailable);
    assert!(message.contains("cannot write the audit log"), "{message}");
    assert_eq!(fixture.launches(), Vec::<String>::new());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_is_launched_when_the_disk_is_full() {
    let fixture = Fixture::new();
    let full = JsonLinesLog::new("/dev/full");
    let invoker = Invoker::new(Ok(allow_list()), fixture.engine(launched), full, clock);
    let (kind, message) = error(invoker.handle(&run(&["--where=here"])).await.reply);
    assert_eq!(kind, ErrorKind::AuditUnavailable);
    assert!(message.contains("No space left on device"), "{message}");
    assert_eq!(fixture.launches(), Vec::<String>::new());
}

#[tokio::test]
async fn a_denial_is_recorded_with_its_rules_and_launches_nothing() {
    let fixture = Fixture::new();
    let invoker = fixture.invoker(launched);
    let Reply::Denied(denial) = invoker.handle(&run(&["--where=nowhere", "--evil"])).await.reply else {
        panic!("the run must be denied");
    };
    assert_eq!(denial.problems.len(), 2);
    let events = fixture.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["decision"], "denied");
    assert_eq!(events[0]["outcome"], json!({"what": "nothing"}));
    assert_eq!(events[0]["rules"][0], "containers.planner.scripts.plan.options.--where");
    assert_eq!(events[0]["request_digest"].as_str().unwrap().len(), 64);
    assert_eq!(fixture.launches(), Vec::<String>::new());
}

#[tokio::test]
async fn an_explanation_is_a_recorded_decision_that_launches_nothing() {
    let fixture = Fixture::new();
    let invoker = fixture.invoker(launched);
    for (args, decision) in [(["--where=here"], "allowed"), (["--where=nowhere"], "denied")] {
        let Reply::Explained(explanation) = invoker.handle(&explain(&args)).await.reply else {
            panic!("an explanation is expected");
        };
        assert_eq!(explanation.allowed, decision == "allowed");
        let event = fixture.events().pop().unwrap();
        assert_eq!(
            (&event["action"], &event["decision"]),
            (&json!("explain"), &json!(decision))
        );
    }
    assert_eq!(fixture.events().len(), 2);
    assert_eq!(fixture.launches(), Vec::<String>::new());
}

#[tokio::test]
async fn a_denial_that_cannot_be_recorded_is_not_given() {
    let fixture = Fixture::new();
    fs::create_dir(&fixture.log).unwrap();
    let invoker = fixture.invoker(launched);
    for message in [run(&["--evil"]), explain(&["--evil"]), b"{}".to_vec()] {
        assert_eq!(
            error(invoker.handle(&message).await.reply).0,
            ErrorKind::AuditUnavailable
        );
    }
}

#[tokio::test]
async fn without_an_allow_list_everything_is_denied_with_the_reason() {
    let fixture = Fixture::new();
    let log = JsonLinesLog::new(&fixture.log);
    let invoker = Invoker::new(Err("it is broken".into()), fixture.engine(launched), log, clock);
    let describe = Message::Describe(DescribeMessage {}).encode().unwrap();
    for message in [run(&["--where=here"]), explain(&["--where=here"]), describe] {
        let Reply::Denied(denial) = invoker.handle(&message).await.reply else {
            panic!("everything must be denied");
        };
        assert_eq!(denial.problems[0].kind, ProblemKind::NoAllowList);
        assert!(denial.problems[0].message.contains("it is broken"), "{denial:?}");
    }
    assert_eq!(fixture.events().len(), 2);
    assert_eq!(fixture.launches(), Vec::<String>::new());
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_refused_and_recorded() {
    let fixture = Fixture::new();
    let (kind, _) = error(fixture.invoker(launched).handle(b"{\"protocol\":1}").await.reply);
    assert_eq!(kind, ErrorKind::BadMessage);
    assert_eq!(fixture.events()[0]["action"], "unreadable");
    assert_eq!(fixture.events()[0]["decision"], "denied");
}

#[tokio::test]
async fn hostile_words_are_short_and_harmless_in_the_record() {
    let fixture = Fixture::new();
    let message = Message::Run(RunMessage {
        request: RunRequest {
            container: Some("a\n\u{1b}[2J\u{202e}".into()),
            script: "x".repeat(100_000),
            ..RunRequest::default()
        },
        idempotency_key: IdempotencyKey::from_random([1; 16]),
        origin: Origin {
            actor: Some("\r\n{\"decision\":\"allowed\"}".into()),
            ..Origin::default()
        },
    });
    fixture.invoker(launched).handle(&message.encode().unwrap()).await;
    let events = fixture.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["container"], r"a\n\u{1b}[2J\u{202e}");
    assert_eq!(events[0]["script"], "x".repeat(256));
    assert_eq!(events[0]["origin"]["actor"], r#"\r\n{"decision":"allowed"}"#);
}

#[tokio::test]
async fn a_stop_is_recorded_and_goes_on_even_when_it_cannot_be() {
    let fixture = Fixture::new();
    let reply = fixture.invoker(launched).handle(&stop()).await.reply;
    assert_eq!(reply, Reply::Stopped(StopOutcome::Stopping));
    assert_eq!(fixture.events()[0]["action"], "stop");
    assert_eq!(fixture.events()[0]["run"], RUN.to_string());
    assert_eq!(fixture.events()[0]["outcome"], json!({"what": "stopping"}));

    let broken = Fixture::new();
    fs::create_dir(&broken.log).unwrap();
    let reply = broken.invoker(launched).handle(&stop()).await.reply;
    assert_eq!(reply, Reply::Stopped(StopOutcome::Stopping));
}

#[tokio::test]
async fn the_reason_of_a_stop_is_short_and_harmless() {
    let fixture = Fixture::new();
    let message = Message::Stop(StopMessage {
        run: RUN,
        reason: format!("\u{1b}[2J\n{}", "x".repeat(10_000)),
        origin: Origin::default(),
    });
    fixture.invoker(launched).handle(&message.encode().unwrap()).await;
    let reasons = fixture.notes.reasons.lock().unwrap().clone();
    assert_eq!(reasons, [format!("[2J{}", "x".repeat(252))]);
}

#[tokio::test]
async fn observing_waits_two_seconds_at_most_and_records_nothing() {
    let fixture = Fixture::new();
    let invoker = fixture.invoker(launched);
    let observe = |wait_ms| {
        let cursor = Cursor::default();
        let runs = vec![ObserveRun { run: RUN, cursor }];
        Message::Observe(ObserveMessage { runs, wait_ms }).encode().unwrap()
    };
    let reply = invoker.handle(&observe(u32::MAX)).await.reply;
    assert_eq!(reply, Reply::Observed(vec![Observed::NotFound { run: RUN }]));
    invoker.handle(&observe(7)).await;
    let waits = fixture.notes.waits.lock().unwrap().clone();
    assert_eq!(waits, [Duration::from_secs(2), Duration::from_millis(7)]);
    assert_eq!(fixture.events().len(), 0);
}

#[tokio::test]
async fn a_line_that_a_writer_left_half_written_does_not_swallow_the_next_event() {
    let fixture = Fixture::new();
    fs::write(&fixture.log, "{\"half\":").unwrap();
    fixture.invoker(launched).handle(&run(&["--where=here"])).await;
    let text = fs::read_to_string(&fixture.log).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], "{\"half\":");
    assert!(serde_json::from_str::<Value>(lines[1]).is_ok());
}

#[tokio::test]
async fn the_longest_outcome_fits_the_place_that_was_kept_for_it() {
    let fixture = Fixture::new();
    let longest = || {
        Err(LaunchError::FailedToStart {
            reason: "\u{10348}".repeat(10_000),
        })
    };
    let reply = fixture.invoker(longest).handle(&run(&["--where=here"])).await.reply;
    assert_eq!(error(reply).0, ErrorKind::FailedToStart);
    assert_eq!(fixture.events()[0]["outcome"]["reason"], "\u{10348}".repeat(256));
    let quotes = || {
        Err(LaunchError::FailedToStart {
            reason: "\"".repeat(10_000),
        })
    };
    fixture.invoker(quotes).handle(&run(&["--where=here"])).await;
    assert_eq!(fixture.events()[1]["outcome"]["reason"], "\"".repeat(256));
}

#[tokio::test]
async fn events_of_several_writers_never_mix() {
    let fixture = Fixture::new();
    let path: &Path = fixture.folder.path();
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let log = path.join("audit.log");
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                let fixture = Fixture {
                    folder: tempfile::tempdir().unwrap(),
                    log,
                    notes: Arc::default(),
                };
                let invoker = fixture.invoker(launched);
                for _ in 0..25 {
                    runtime.block_on(invoker.handle(&run(&["--where=here"])));
                    runtime.block_on(invoker.handle(&run(&["--evil"])));
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let events = fixture.events();
    let outcomes = |what: &str| events.iter().filter(|event| event["outcome"]["what"] == what).count();
    assert_eq!(
        (events.len(), outcomes("started"), outcomes("nothing")),
        (400, 200, 200)
    );
}
