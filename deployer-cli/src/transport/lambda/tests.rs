//! The transport against real HTTP answers on the loopback.

mod connections;
pub(crate) mod server;

use protocol::{DescribeMessage, Message, RunMessage};
use server::{Answer, Server};

use super::*;
use crate::transport::{Arrival, Hope};

const ALIAS: &str = "invoker:live";
const ARN: &str = "arn:aws:lambda:us-west-2:123456789012:function:invoker:live";
/// What never may be in a message.
const SECRETS: [&str; 3] = ["hunter2", "AKIDTEST", "Signature="];

fn describe() -> Message {
    Message::Describe(DescribeMessage {})
}

fn run() -> Message {
    Message::Run(RunMessage {
        request: protocol::RunRequest::default(),
        idempotency_key: protocol::IdempotencyKey::from_random([1; 16]),
        origin: protocol::Origin::default(),
    })
}

fn unavailable() -> Reply {
    Reply::Error {
        kind: protocol::ErrorKind::EngineUnavailable,
        message: "later".into(),
    }
}

fn reply(reply: Reply) -> Answer {
    Answer::ok(serde_json::to_string(&Response::from(reply)).unwrap())
}

/// Sends a message to a gate that answers like this and checks the failure.
#[track_caller]
fn check(answer: Answer, expected: &[&str], hope: Hope, arrival: Arrival) -> impl Future<Output = ()> {
    let expected: Vec<String> = expected.iter().map(|&text| text.to_owned()).collect();
    let caller = std::panic::Location::caller();
    async move {
        Server::serving([answer], async |server| {
            let error = server.transport(ALIAS).send(&describe()).await.unwrap_err();
            let text = error.to_string();
            for word in &expected {
                assert!(text.contains(word), "{caller}: `{word}` is not in: {text}");
            }
            for secret in SECRETS {
                assert!(!text.contains(secret), "{caller}: {text}");
            }
            assert!(!text.contains('\n') && text.len() < 1200, "{caller}: {text}");
            assert_eq!((error.hope(), error.arrival()), (hope, arrival), "{caller}: {text}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_message_is_one_invoke_whose_payload_is_the_message() {
    Server::serving([reply(unavailable())], async |server| {
        let answered = server.transport(ALIAS).send(&run()).await.unwrap();
        assert_eq!(answered, unavailable());
        let [request] = server.requests().try_into().unwrap();
        assert_eq!(
            request.line,
            "POST /2015-03-31/functions/invoker/invocations?Qualifier=live HTTP/1.1"
        );
        assert_eq!(Message::decode(&request.body).unwrap(), run());
    })
    .await;
}

#[tokio::test]
async fn a_function_is_called_by_its_arn_in_the_arns_region() {
    Server::serving([reply(unavailable())], async |server| {
        server.transport(ARN).send(&describe()).await.unwrap();
        let [request] = server.requests().try_into().unwrap();
        assert!(
            request
                .line
                .contains("arn%3Aaws%3Alambda%3Aus-west-2%3A123456789012%3Afunction%3Ainvoker/"),
            "{}",
            request.line
        );
        assert!(request.line.contains("?Qualifier=live"), "{}", request.line);
    })
    .await;
}

#[tokio::test]
async fn a_session_that_has_expired_is_said_so() {
    let text = "The security token included in the request is expired";
    let answer = Answer::error(403, "ExpiredTokenException", text);
    check(
        answer,
        &["session has expired", "ExpiredTokenException", "log in again"],
        Hope::None,
        Arrival::No,
    )
    .await;
}

#[tokio::test]
async fn unknown_credentials_are_said_so() {
    let answer = Answer::error(
        403,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    );
    check(
        answer,
        &["does not know these credentials", "UnrecognizedClientException"],
        Hope::None,
        Arrival::No,
    )
    .await;
}

#[tokio::test]
async fn a_signature_that_does_not_match_tells_both_clocks_and_nothing_that_was_signed() {
    let text = "The request signature we calculated does not match the signature you provided. The Canonical String for this request \
                should have been 'POST\nx-amz-security-token:token-hunter2'";
    for code in ["InvalidSignatureException", "SignatureDoesNotMatch"] {
        let answer = Answer::error(403, code, text).with("date", "Sat, 21 Nov 2026 09:00:00 GMT");
        let expected = [
            "refuses our signature",
            code,
            "the clock here says 20",
            "AWS's Sat, 21 Nov 2026 09:00:00 GMT",
        ];
        check(answer, &expected, Hope::None, Arrival::No).await;
    }
}

#[tokio::test]
async fn a_denial_names_who_may_not_do_what_on_what() {
    let principal = "arn:aws:sts::123456789012:assumed-role/ci/run-7";
    let text = format!(
        "User: {principal} is not authorized to perform: lambda:InvokeFunction on resource: {ARN} because no identity-based policy \
         allows the lambda:InvokeFunction action"
    );
    let answer = Answer::error(403, "AccessDeniedException", &text);
    let expected = [
        principal,
        "may not `lambda:InvokeFunction`",
        ARN,
        "no identity-based policy allows",
    ];
    check(answer, &expected, Hope::None, Arrival::No).await;
    let silent = Answer::error(403, "AccessDeniedException", "");
    check(
        silent,
        &["the caller may not `lambda:InvokeFunction` on `invoker:live`"],
        Hope::None,
        Arrival::No,
    )
    .await;
}

#[tokio::test]
async fn a_function_that_is_not_there_is_told_with_account_region_and_alias() {
    let answer = Answer::error(404, "ResourceNotFoundException", &format!("Function not found: {ARN}"));
    let expected = [
        ARN,
        "no alias or version `live` of it",
        "--aws-region",
        "--invoker-function-id",
    ];
    check(answer, &expected, Hope::None, Arrival::No).await;
    let answer = Answer::error(404, "ResourceNotFoundException", "");
    check(
        answer,
        &["function `invoker:live` in Region `us-west-2`"],
        Hope::None,
        Arrival::No,
    )
    .await;
}

#[tokio::test]
async fn too_many_calls_pass() {
    let answer = Answer::error(429, "TooManyRequestsException", "Rate Exceeded.");
    check(answer, &["called too often", "Rate Exceeded"], Hope::Good, Arrival::No).await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_said_so() {
    let answer = Answer::error(
        413,
        "RequestTooLargeException",
        "Request must be smaller than 6291456 bytes",
    );
    check(
        answer,
        &["larger than Lambda takes", "shorten the arguments"],
        Hope::None,
        Arrival::No,
    )
    .await;
}

#[tokio::test]
async fn a_function_that_is_pending_or_inactive_will_be_ready() {
    let text =
        "The operation cannot be performed at this time. The function is currently in the following state: Pending";
    let answer = Answer::error(409, "ResourceConflictException", text);
    check(answer, &["not ready", "state: Pending"], Hope::Good, Arrival::No).await;
    let answer = Answer::error(
        502,
        "ResourceNotReadyException",
        "The function is inactive and its VPC connection is no longer available",
    );
    check(answer, &["not ready", "is inactive"], Hope::Good, Arrival::No).await;
}

#[tokio::test]
async fn a_key_that_the_function_may_not_use_is_named_as_the_cause() {
    let text = "Lambda was unable to decrypt the environment variables because KMS access was denied.";
    let answer = Answer::error(502, "KMSAccessDeniedException", text);
    check(
        answer,
        &["KMSAccessDeniedException", "needs kms:Decrypt"],
        Hope::None,
        Arrival::No,
    )
    .await;
}

#[tokio::test]
async fn a_failure_of_lambda_may_have_been_after_the_start() {
    let answer = Answer::error(500, "ServiceException", "Service encountered an error");
    check(
        answer,
        &["Lambda failed (ServiceException)"],
        Hope::Good,
        Arrival::Perhaps,
    )
    .await;
}

#[tokio::test]
async fn a_function_that_failed_is_told_with_the_id_of_the_request() {
    let failed = |kind: &str, text: &str| {
        let body = serde_json::json!({"errorType": kind, "errorMessage": text}).to_string();
        Answer::ok(body)
            .with("x-amz-function-error", "Unhandled")
            .with("x-amzn-requestid", "8286a188-ba32-4475-8077-530cd35c09a9")
    };
    let request = "request 8286a188-ba32-4475-8077-530cd35c09a9";
    let timed_out = failed(
        "Sandbox.Timedout",
        "RequestId: 8286 Error: Task timed out after 60.00 seconds",
    );
    check(
        timed_out,
        &["within its time-out", "after 60.00 seconds", request],
        Hope::Good,
        Arrival::Perhaps,
    )
    .await;
    let killed = failed(
        "Runtime.ExitError",
        "RequestId: 8286 Error: Runtime exited with error: signal: killed",
    );
    check(
        killed,
        &["out of memory", "signal: killed", request],
        Hope::Good,
        Arrival::Perhaps,
    )
    .await;
    let init = failed(
        "Runtime.ExitError",
        "RequestId: 8286 Error: Runtime exited with error: exit status 1",
    );
    check(
        init,
        &["at its start", "exit status 1", request],
        Hope::Good,
        Arrival::Perhaps,
    )
    .await;
    let reported = failed("Error", "no such thing");
    check(
        reported,
        &["failed (Error: no such thing)", request],
        Hope::Good,
        Arrival::Perhaps,
    )
    .await;
}

#[tokio::test]
async fn an_answer_of_something_else_is_a_mismatch_of_protocols() {
    for body in [
        "null",
        "\"hello\"",
        "{\"statusCode\":200,\"body\":\"hunter2\"}",
        "{\"protocol\":1,\"reply\":{\"evil\":1}}",
        "",
    ] {
        let expected = [
            "answered something that is no answer of a gate",
            "--invoker-function-id",
        ];
        check(Answer::ok(body), &expected, Hope::None, Arrival::No).await;
    }
    let newer = Answer::ok("{\"protocol\":2,\"reply\":{\"started\":{\"new\":true}},\"more\":1}");
    check(
        newer,
        &["the gate speaks protocol 2, this build speaks protocol 1"],
        Hope::None,
        Arrival::No,
    )
    .await;
}

#[tokio::test]
async fn a_page_of_a_proxy_is_no_answer_of_lambda() {
    let page = "<html><body>Blocked by the proxy</body></html>";
    check(Answer::http(403, page), &["HTTP 403"], Hope::None, Arrival::No).await;
    check(Answer::http(502, page), &["HTTP 502"], Hope::Good, Arrival::Perhaps).await;
}

#[tokio::test]
async fn a_run_is_sent_once_and_other_messages_are_sent_again() {
    let busy = || Answer::error(429, "TooManyRequestsException", "Rate Exceeded.");
    for (message, expected) in [(run(), 1), (describe(), 3)] {
        Server::serving([busy()], async |server| {
            server.transport(ALIAS).send(&message).await.unwrap_err();
            assert_eq!(server.requests().len(), expected, "{}", message.action().as_str());
        })
        .await;
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_mended_by_the_answer_and_the_run_is_signed_again() {
    let wrong = Answer::error(403, "InvalidSignatureException", "Signature expired")
        .with("date", "Fri, 21 Nov 2036 09:00:00 GMT");
    Server::serving([wrong, reply(unavailable())], async |server| {
        server.transport(ALIAS).send(&run()).await.unwrap();
        let requests = server.requests();
        let signed = |index: usize| {
            let header = requests[index].headers.iter().find(|(name, _)| name == "x-amz-date");
            header.unwrap().1.clone()
        };
        assert_eq!(requests.len(), 2);
        assert!(
            !signed(0).starts_with("2036") && signed(1).starts_with("20361121T"),
            "{}",
            signed(1)
        );
    })
    .await;
}
