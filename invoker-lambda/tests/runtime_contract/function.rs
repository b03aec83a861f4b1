//! One instance of the function: its process, the Runtime API that it asks for work, and the AWS that it talks to.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a harness fails loudly: that is how its tests fail"
)]

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sim::{Break, Sim, serve};
use http::{Request, Response};
use protocol::Reply;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const ALLOW_LIST: &str = "version: 1\ncontainers: { box: { description: B., image: box, network: host, \
                          task: { cpu: 256, memory: 512, timeout: 1m }, scripts: { run: { description: R. } } } }\n";
const PATIENCE: Duration = Duration::from_mins(1);

/// What the function finds when it starts.
pub(crate) struct Settings {
    variables: BTreeMap<&'static str, &'static str>,
    allow_list: Option<Vec<u8>>,
}

impl Settings {
    pub(crate) fn whole() -> Self {
        Self::with_rules(ALLOW_LIST)
    }

    pub(crate) fn with_rules(allow_list: &str) -> Self {
        let source = gatekeeper::source::read("test.yaml", allow_list).unwrap();
        let compiled = gatekeeper::compile::compile(&source).unwrap();
        let variables = BTreeMap::from([
            ("DEPLOY_RUNNER_CLUSTER", "deploy"),
            ("DEPLOY_RUNNER_SUBNETS", "subnet-0123456789abcdef0"),
            ("DEPLOY_RUNNER_SECURITY_GROUPS", "sg-0123456789abcdef0"),
            ("DEPLOY_RUNNER_TASK_DEFINITIONS", r#"{"box":"deploy-runner-box:1"}"#),
            ("DEPLOY_RUNNER_LOG_GROUP", "/deploy-runner/jobs"),
        ]);
        Self {
            variables,
            allow_list: Some(compiled.canonical_bytes()),
        }
    }

    pub(crate) fn with_allow_list(bytes: &[u8]) -> Self {
        Self {
            allow_list: Some(bytes.to_vec()),
            ..Self::whole()
        }
    }

    pub(crate) fn without_allow_list() -> Self {
        Self {
            allow_list: None,
            ..Self::whole()
        }
    }

    pub(crate) fn without(variable: &str) -> Self {
        Self::whole().and_without(variable)
    }

    pub(crate) fn and_without(mut self, variable: &str) -> Self {
        self.variables.remove(variable);
        self
    }
}

/// What AWS does.
#[derive(Debug, Clone)]
pub(crate) enum Aws {
    /// Refuses every call, at once.
    Refuses,
    /// Nobody listens at its address.
    Closed,
    /// Refuses calls until the function asks for its first event, and does not answer afterwards.
    SilentAfterStart,
    /// Works, as far as the simulation goes.
    Works(Arc<Sim>),
}

/// A running instance.
pub(crate) struct Function {
    process: Child,
    events: mpsc::UnboundedSender<Event>,
    answers: mpsc::UnboundedReceiver<Vec<u8>>,
    connections: Arc<AtomicUsize>,
    calls: Arc<Mutex<Vec<String>>>,
    stdout: JoinHandle<String>,
    _root: TempDir,
}

struct Event {
    payload: Vec<u8>,
    within: Duration,
}

impl Function {
    /// Starts the program as Lambda does, and waits until it asks for its first event.
    pub(crate) async fn start(settings: Settings, aws: Aws) -> Self {
        let root = tempfile::tempdir().unwrap();
        if let Some(bytes) = &settings.allow_list {
            std::fs::write(root.path().join("allow-list.json"), bytes).unwrap();
        }
        let ready = Arc::new(AtomicBool::new(false));
        let (connections, calls) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let endpoint = endpoint(aws, &ready, &connections, &calls).await;
        let (events, answers, runtime, mut asked) = runtime_api(ready).await;
        let mut process = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
            .env_clear()
            .envs(settings.variables)
            .env("LAMBDA_TASK_ROOT", root.path())
            .env("AWS_LAMBDA_RUNTIME_API", runtime)
            .env("AWS_LAMBDA_FUNCTION_NAME", "deploy-runner-invoker")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/deploy-runner-invoker")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "none")
            .env("AWS_SECRET_ACCESS_KEY", "none")
            .env("AWS_ENDPOINT_URL", endpoint)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        timeout(PATIENCE, asked.recv())
            .await
            .expect("the function asks for work");
        let mut stdout = process.stdout.take().unwrap();
        Self {
            stdout: tokio::spawn(async move {
                let mut text = String::new();
                stdout.read_to_string(&mut text).await.unwrap();
                text
            }),
            process,
            events,
            answers,
            connections,
            calls,
            _root: root,
        }
    }

    pub(crate) async fn invoke(&mut self, payload: Vec<u8>) -> Reply {
        self.invoke_within(payload, Duration::from_secs(50)).await
    }

    /// Hands an event over that must be answered within that time, or Lambda would end the function.
    pub(crate) async fn invoke_within(&mut self, payload: Vec<u8>, within: Duration) -> Reply {
        self.events.send(Event { payload, within }).ok().unwrap();
        let answer = timeout(within, self.answers.recv())
            .await
            .expect("an answer in time")
            .expect("the Runtime API is there");
        let answer: Value = serde_json::from_slice(&answer).expect("an answer is JSON");
        let response: protocol::Response =
            serde_json::from_value(answer.clone()).unwrap_or_else(|_| panic!("{answer}"));
        response.reply
    }

    pub(crate) fn connections_to_aws(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn calls_of_aws(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// The most memory that the process has had at once, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Ends the process and answers the lines of its standard output.
    pub(crate) async fn stop(mut self) -> Vec<Value> {
        self.process.kill().await.unwrap();
        let text = self.stdout.await.unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
            .collect()
    }
}

/// The Runtime API: gives the events one after the other, and takes the answers.
async fn runtime_api(
    ready: Arc<AtomicBool>,
) -> (
    mpsc::UnboundedSender<Event>,
    mpsc::UnboundedReceiver<Vec<u8>>,
    String,
    mpsc::UnboundedReceiver<()>,
) {
    let (events, queue) = mpsc::unbounded_channel::<Event>();
    let (answer, answers) = mpsc::unbounded_channel();
    let (ask, asked) = mpsc::unbounded_channel();
    let queue = Arc::new(AsyncMutex::new(queue));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(serve(listener, move |request: Request<Vec<u8>>| {
        let (queue, answer, ask, ready) = (queue.clone(), answer.clone(), ask.clone(), ready.clone());
        async move {
            if !request.uri().path().ends_with("/invocation/next") {
                assert!(request.uri().path().ends_with("/response"), "{}", request.uri());
                answer.send(request.into_body()).ok();
                return Ok(Response::builder().status(202).body(b"{}".to_vec()).unwrap());
            }
            ready.store(true, Ordering::SeqCst);
            ask.send(()).ok();
            let Some(event) = queue.lock().await.recv().await else {
                return Err(Break::Silence);
            };
            let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + event.within;
            Ok(Response::builder()
                .header("lambda-runtime-aws-request-id", "00000000-0000-4000-8000-000000000000")
                .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
                .header(
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:eu-west-1:123456789012:function:deploy-runner-invoker",
                )
                .body(event.payload)
                .unwrap())
        }
    }));
    (events, answers, address, asked)
}

/// AWS, behind a gate that counts who comes in.
async fn endpoint(
    aws: Aws,
    ready: &Arc<AtomicBool>,
    connections: &Arc<AtomicUsize>,
    calls: &Arc<Mutex<Vec<String>>>,
) -> String {
    let gate = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gate.local_addr().unwrap();
    if matches!(aws, Aws::Closed) {
        return format!("http://{address}");
    }
    let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let inner = inside.local_addr().unwrap();
    let (ready, calls, connections) = (ready.clone(), calls.clone(), connections.clone());
    tokio::spawn(serve(inside, move |request: Request<Vec<u8>>| {
        let (ready, calls, aws) = (ready.clone(), calls.clone(), aws.clone());
        async move {
            let target = request
                .headers()
                .get("x-amz-target")
                .map(|target| target.to_str().unwrap().to_owned());
            calls.lock().unwrap().push(target.unwrap_or_default());
            match aws {
                Aws::Works(sim) => sim.answer(request).await,
                Aws::SilentAfterStart if ready.load(Ordering::SeqCst) => Err(Break::Silence),
                Aws::Refuses | Aws::Closed | Aws::SilentAfterStart => {
                    let body = br#"{"__type":"AccessDeniedException","message":"User: nobody is not authorized to perform this"}"#;
                    Ok(Response::builder().status(400).body(body.to_vec()).unwrap())
                }
            }
        }
    }));
    tokio::spawn(async move {
        while let Ok((mut outer, _)) = gate.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                if let Ok(mut inner) = TcpStream::connect(inner).await {
                    tokio::io::copy_bidirectional(&mut outer, &mut inner).await.ok();
                }
            });
        }
    });
    format!("http://{address}")
}
