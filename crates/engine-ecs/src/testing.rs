//! What the tests of this crate share: an ECS that answers what it is told to, and keeps what it was asked.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region};
use gatekeeper::Permit;
use protocol::{LaunchType, RunRequest, TaskRequest};
use serde_json::{Value, json};

use crate::in_process::{Break, http_client};
use crate::settings::Settings;

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

const ALLOW_LIST: &str = r#"
version: 1
volumes:
  notes:
    description: Left behind.
defaults:
  task: { cpu: 256, memory: 512, max_cpu: 4096, max_memory: 30720, launch_types: [FARGATE, FARGATE_SPOT, EC2], timeout: 5m, stop_timeout: 120s }
containers:
  planner:
    description: Plans.
    image: terraform-runner
    network: host
    environment: { TF_IN_AUTOMATION: "1" }
    secrets: { GIT_TOKEN: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:git-token" }
    scripts:
      plan:
        description: Plan.
        options:
          --note: { type: text, pattern: "[a-z]*", max_length: 100, default: "x", description: A note. }
"#;

/// Further containers of the allow-list: name, then lines of its own.
const VARIANTS: [(&str, &str); 4] = [
    ("isolated", "network: none"),
    ("voluminous", "network: host\n    volumes: { notes: /notes }"),
    ("raw", "network: host\n    entrypoint: image"),
    ("unknown", "network: host"),
];

/// A permit that the real gate made: of the script `plan` in a container.
pub(crate) fn permit(container: &str, note: &str, launch_type: LaunchType) -> Permit {
    let mut yaml = ALLOW_LIST.to_owned();
    for (name, lines) in VARIANTS {
        write!(
            yaml,
            "  {name}:\n    description: A variant.\n    image: terraform-runner\n    {lines}\n    scripts:\n      plan:\n        description: Plan.\n        options:\n          --note: {{ type: text, pattern: \"[a-z]*\", max_length: 100, default: \"x\", description: A note. }}\n"
        )
        .unwrap();
    }
    let source = gatekeeper::source::read("test.yaml", &yaml).unwrap();
    let compiled = gatekeeper::compile::compile(&source).unwrap();
    let list = gatekeeper::AllowList::load(&compiled.canonical_bytes()).unwrap();
    let request = RunRequest {
        container: Some(container.to_owned()),
        script: "plan".to_owned(),
        args: vec![format!("--note={note}")],
        task: TaskRequest {
            launch_type: Some(launch_type),
            ..TaskRequest::default()
        },
    };
    match gatekeeper::decide(&list, &request) {
        gatekeeper::Decision::Permitted(permit) => permit,
        gatekeeper::Decision::Denied(denial) => panic!("the test's request is denied: {denial:?}"),
    }
}

/// Settings with a task definition for every container but `unknown`.
pub(crate) fn settings() -> Settings {
    Settings::read(|name| {
        let value = match name {
            "DEPLOY_RUNNER_CLUSTER" => "deploy",
            "DEPLOY_RUNNER_SUBNETS" => "subnet-1,subnet-2",
            "DEPLOY_RUNNER_SECURITY_GROUPS" => "sg-1",
            "DEPLOY_RUNNER_TASK_DEFINITIONS" => {
                r#"{"planner":"planner:3","isolated":"isolated:1","voluminous":"v:1","raw":"raw:2"}"#
            }
            "DEPLOY_RUNNER_LOG_GROUP" => "/deploy-runner/jobs",
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap()
}
