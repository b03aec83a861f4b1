//! What the tests of this crate share: an ECS that answers what it is told to, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region};
use serde_json::{Value, json};

use crate::in_process::{Break, http_client};

/// An answer, or none.
pub(crate) type Answer = Result<(u16, Value), Break>;

/// Answers in the order of the script. A request beyond it panics in the test that made it.
#[derive(Clone, Default)]
pub(crate) struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Script {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            asked: Arc::default(),
        }
    }

    /// A configuration whose every request the script answers.
    pub(crate) fn sdk(&self) -> aws_config::SdkConfig {
        let script = self.clone();
        let client = http_client(move |request| {
            let answer = script.answer(&request);
            async move { answer.map(|(status, body)| response(status, &body)) }
        });
        aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(aws_sdk_ecs::config::SharedCredentialsProvider::new(Credentials::new(
                "AKIAIOSFODNN7EXAMPLE",
                "test",
                None,
                None,
                "test",
            )))
            .sleep_impl(aws_sdk_ecs::config::SharedAsyncSleep::new(TokioSleep))
            .http_client(client)
            .build()
    }

    fn answer(&self, request: &http::Request<Vec<u8>>) -> Answer {
        let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
        let action = target.rsplit('.').next().unwrap().to_owned();
        let body = serde_json::from_slice(request.body()).unwrap();
        self.asked.lock().unwrap().push((action.clone(), body));
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or_else(|| panic!("nobody expected a request for `{action}`"))
    }

    /// The names of the actions that were asked for.
    pub(crate) fn actions(&self) -> Vec<String> {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .map(|(action, _)| action.clone())
            .collect()
    }

    /// The body of one request.
    pub(crate) fn body(&self, number: usize) -> Value {
        self.asked.lock().unwrap()[number].1.clone()
    }
}

#[derive(Debug)]
struct TokioSleep;

impl aws_sdk_ecs::config::AsyncSleep for TokioSleep {
    fn sleep(&self, duration: std::time::Duration) -> aws_sdk_ecs::config::Sleep {
        aws_sdk_ecs::config::Sleep::new(tokio::time::sleep(duration))
    }
}

fn response(status: u16, body: &Value) -> http::Response<Vec<u8>> {
    http::Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.1")
        .body(body.to_string().into_bytes())
        .unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "other answers are breaks")]
/// A good answer.
pub(crate) const fn ok(body: Value) -> Answer {
    Ok((200, body))
}

#[expect(clippy::unnecessary_wraps, reason = "other answers are breaks")]
/// An error of the service.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Answer {
    Ok((status, json!({"__type": code, "message": message})))
}
