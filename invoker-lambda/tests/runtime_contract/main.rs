//! The real `bootstrap` against Lambda's Runtime API and an AWS endpoint, both on loopback: what a custom runtime owes to Lambda, and what the
//! function owes to its callers when something is broken.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test asks for is made outside of its function too"
)]

mod function;
mod memory;

use protocol::{ErrorKind, IdempotencyKey, Message, Origin, Reply, RunMessage, RunRequest};
use serde_json::Value;

use function::{Aws, Function, Settings};

fn run() -> Vec<u8> {
    let message = Message::Run(RunMessage {
        request: RunRequest {
            container: Some("box".into()),
            script: "run".into(),
            ..RunRequest::default()
        },
        idempotency_key: IdempotencyKey::from_random([7; 16]),
        origin: Origin::default(),
    });
    message.encode().unwrap()
}

fn describe() -> Vec<u8> {
    br#"{"protocol":1,"action":"describe","body":{}}"#.to_vec()
}

#[track_caller]
fn kinds(audit: &[Value]) -> Vec<&str> {
    audit
        .iter()
        .map(|line| {
            line["audit"]
                .as_str()
                .expect("each line of standard output is an audit line")
        })
        .collect()
}

#[tokio::test]
async fn a_message_is_answered_and_what_cannot_be_read_is_refused_and_recorded() {
    let mut function = Function::start(Settings::whole(), Aws::Refuses).await;
    assert!(matches!(function.invoke(describe()).await, Reply::Described(_)));
    let huge = [
        b"{\"protocol\":1,\"action\":\"describe\",\"body\":\"".to_vec(),
        vec![b'x'; 6_000_000],
        b"\"}".to_vec(),
    ]
    .concat();
    for event in [
        b"not json".to_vec(),
        b"{\"protocol\":1,\"action\":\"fly\",\"body\":{}}".to_vec(),
        b"{\"protocol\":9,\"action\":\"describe\",\"body\":{}}".to_vec(),
        huge,
    ] {
        let reply = function.invoke(event).await;
        assert!(
            matches!(
                &reply,
                Reply::Error {
                    kind: ErrorKind::BadMessage,
                    ..
                }
            ),
            "{reply:?}"
        );
    }
    let audit = function.stop().await;
    assert_eq!(kinds(&audit), ["decision"; 4]);
    assert!(audit.iter().all(|line| line["decision"] == "denied"), "{audit:?}");
}

#[tokio::test]
async fn an_aws_that_cannot_be_reached_is_an_answer_and_the_decision_has_its_outcome() {
    let mut function = Function::start(Settings::whole(), Aws::Closed).await;
    let reply = function.invoke(run()).await;
    assert!(
        matches!(
            &reply,
            Reply::Error {
                kind: ErrorKind::EngineUnavailable,
                ..
            }
        ),
        "{reply:?}"
    );
    let audit = function.stop().await;
    assert_eq!(kinds(&audit), ["decision", "outcome"]);
    assert_eq!(audit[0]["event"], audit[1]["event"]);
    assert_eq!(audit[0]["decision"], "allowed");
    assert_eq!(audit[1]["outcome"]["what"], "unknown");
}

#[tokio::test]
async fn a_broken_or_missing_allow_list_denies_everything_and_says_so() {
    for settings in [
        Settings::with_allow_list(b"{\"format\":1"),
        Settings::without_allow_list(),
    ] {
        let mut function = Function::start(settings, Aws::Refuses).await;
        let Reply::Denied(denial) = function.invoke(run()).await else {
            panic!("without an allow-list everything is denied");
        };
        assert!(
            denial
                .problems
                .iter()
                .any(|problem| problem.message.contains("allow-list")),
            "{denial:?}"
        );
        assert!(matches!(function.invoke(describe()).await, Reply::Denied(_)));
        assert_eq!(kinds(&function.stop().await), ["decision"]);
    }
}

#[tokio::test]
async fn broken_settings_start_nothing_and_each_is_named() {
    let mut function = Function::start(
        Settings::without("DEPLOY_RUNNER_CLUSTER").and_without("DEPLOY_RUNNER_SUBNETS"),
        Aws::Refuses,
    )
    .await;
    let Reply::Error {
        kind: ErrorKind::FailedToStart,
        message,
    } = function.invoke(run()).await
    else {
        panic!("without settings nothing is started");
    };
    assert!(
        message.contains("DEPLOY_RUNNER_CLUSTER") && message.contains("DEPLOY_RUNNER_SUBNETS"),
        "{message}"
    );
    assert!(matches!(function.invoke(describe()).await, Reply::Described(_)));
    function.stop().await;
}

#[tokio::test]
async fn the_first_call_opens_no_connection_that_the_start_has_not_opened() {
    let mut function = Function::start(Settings::whole(), Aws::Refuses).await;
    let opened = function.connections_to_aws();
    assert!(opened >= 1, "the start opens connections");
    let reply = function.invoke(run()).await;
    assert!(matches!(&reply, Reply::Error { .. }), "{reply:?}");
    assert!(
        function.calls_of_aws().iter().any(|call| call.ends_with(".RunTask")),
        "{:?}",
        function.calls_of_aws()
    );
    assert_eq!(function.connections_to_aws(), opened);
    function.stop().await;
}

#[tokio::test]
async fn a_slow_aws_is_answered_before_the_time_of_the_function_is_over() {
    let mut function = Function::start(Settings::whole(), Aws::SilentAfterStart).await;
    let reply = function.invoke_within(run(), std::time::Duration::from_secs(3)).await;
    assert!(
        matches!(
            &reply,
            Reply::Error {
                kind: ErrorKind::EngineUnavailable,
                ..
            }
        ),
        "{reply:?}"
    );
    assert_eq!(kinds(&function.stop().await), ["decision", "outcome"]);
}
