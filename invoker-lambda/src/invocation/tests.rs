//! Events through the layer, with a real gate, the audit log of the function, and an engine that never answers.
//!
//! The clock of the tests jumps to the next moment at which something is to happen, so a deadline costs no time.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use engine::{Call, LaunchError, Launched, ObserveError, Permit, StopError};
use gatekeeper::{AllowList, compile, source};
use invoker::StreamLog;
use jiff::Timestamp;
use lambda_runtime::Context;
use lambda_runtime::tower::{ServiceExt as _, service_fn};
use protocol::{ErrorKind, MAX_MESSAGE_BYTES, ObserveRun, Observed, Reply, RunId, StopOutcome};
use serde_json::{Value, json};

use super::*;
use crate::Bounded;

const ALLOW_LIST: &str =
    "version: 1\ncontainers: { box: { description: B., image: box, scripts: { run: { description: R. } } } }\n";
const SECONDS_LEFT: u64 = 10;

struct Silent;

impl Engine for Silent {
    async fn launch(&self, _: Permit, _: Call) -> Result<Launched, LaunchError> {
        std::future::pending().await
    }

    async fn observe(&self, _: &[ObserveRun], _: Duration) -> Result<Vec<Observed>, ObserveError> {
        std::future::pending().await
    }

    async fn stop(&self, _: RunId, _: &str) -> Result<StopOutcome, StopError> {
        std::future::pending().await
    }
}

/// What the function wrote to its standard output.
#[derive(Debug, Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Serves one event as the runtime would, and answers the reply with the audit lines.
async fn served(engine: Result<Silent, String>, event: Vec<u8>) -> (Reply, Vec<Value>) {
    let source = source::read("test.yaml", ALLOW_LIST).unwrap();
    let allow_list = AllowList::load(&compile::compile(&source).unwrap().canonical_bytes()).unwrap();
    let output = Output::default();
    let log = StreamLog::new(output.clone(), "memory");
    let invoker = Invoker::new(Ok(allow_list), Bounded::new(engine), log, Timestamp::now);
    let handler = service_fn(|below: LambdaInvocation| {
        assert!(below.body.is_empty(), "nothing but the invoker may read an event");
        let invoker = &invoker;
        async move { Ok::<_, Infallible>(answer(invoker).await.unwrap()) }
    });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut context = Context::default();
    context.deadline = u64::try_from(now.as_millis()).unwrap() + SECONDS_LEFT * 1000;
    let invocation = LambdaInvocation {
        parts: http::Response::new(()).into_parts().0,
        body: event.into(),
        context,
    };
    let reply = Verbatim.layer(handler).oneshot(invocation).await.unwrap().reply;
    let output = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    let lines = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (reply, lines)
}

fn run() -> Vec<u8> {
    let body = json!({
        "request": { "container": "box", "script": "run", "args": [] },
        "idempotency_key": "0123456789abcdef0123456789abcdef",
    });
    json!({ "protocol": 1, "action": "run", "body": body })
        .to_string()
        .into_bytes()
}

#[track_caller]
fn is_error(reply: &Reply, expected: ErrorKind, part: &str) {
    let Reply::Error { kind, message } = reply else {
        unreachable!("must be an error: {reply:?}")
    };
    assert_eq!(*kind, expected, "{message}");
    assert!(message.contains(part), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_aws_is_an_answer_before_lambdas_deadline_and_an_outcome_in_the_log() {
    let began = Instant::now();
    let (reply, lines) = served(Ok(Silent), run()).await;
    is_error(&reply, ErrorKind::EngineUnavailable, "send the same message again");
    let took = began.elapsed();
    let deadline = Duration::from_secs(SECONDS_LEFT);
    assert!(took < deadline && took + 2 * RESERVE > deadline, "{took:?}");
    let told: Vec<_> = lines
        .iter()
        .map(|line| (&line["audit"], &line["outcome"]["what"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("decision"), &json!("starting")),
            (&json!("outcome"), &json!("unknown"))
        ]
    );
    assert_eq!(lines[0]["event"], lines[1]["event"]);
}

#[tokio::test(start_paused = true)]
async fn observing_and_stopping_end_in_time_too() {
    let id = "ab".repeat(16);
    for (action, body) in [
        ("observe", json!({ "runs": [{ "run": id }] })),
        ("stop", json!({ "run": id })),
    ] {
        let event = json!({ "protocol": 1, "action": action, "body": body }).to_string();
        let (reply, _) = served(Ok(Silent), event.into_bytes()).await;
        is_error(&reply, ErrorKind::EngineUnavailable, "AWS did not answer");
    }
}

#[tokio::test]
async fn without_an_engine_nothing_is_started_and_every_call_says_why() {
    let broken = || Err("`DEPLOY_RUNNER_CLUSTER` is missing".to_owned());
    let (reply, lines) = served(broken(), run()).await;
    is_error(&reply, ErrorKind::FailedToStart, "`DEPLOY_RUNNER_CLUSTER` is missing");
    assert_eq!(lines[1]["outcome"]["what"], "failed_to_start");
    let stop = json!({ "protocol": 1, "action": "stop", "body": { "run": "ab".repeat(16) } }).to_string();
    let (reply, _) = served(broken(), stop.into_bytes()).await;
    is_error(
        &reply,
        ErrorKind::EngineUnavailable,
        "`DEPLOY_RUNNER_CLUSTER` is missing",
    );
}

#[tokio::test]
async fn whatever_cannot_be_read_is_refused_and_recorded() {
    let six_megabytes = vec![b'x'; 6 << 20];
    let cases: [(Vec<u8>, &str); 6] = [
        (six_megabytes, &MAX_MESSAGE_BYTES.to_string()),
        (b"".to_vec(), "expected one JSON object"),
        (b"{\"protocol\":1,".to_vec(), "not understood"),
        (b"\xff\xfe{".to_vec(), "expected one JSON object"),
        (br#"{"protocol":9,"action":"run"}"#.to_vec(), "speaks protocol 9"),
        (
            br#"{"protocol":1,"action":"fly","body":{}}"#.to_vec(),
            "unknown action `fly`",
        ),
    ];
    for (event, expected) in cases {
        let (reply, lines) = served(Ok(Silent), event).await;
        is_error(&reply, ErrorKind::BadMessage, expected);
        let told: Vec<_> = lines.iter().map(|line| (&line["action"], &line["decision"])).collect();
        assert_eq!(told, [(&json!("unreadable"), &json!("denied"))]);
    }
}
