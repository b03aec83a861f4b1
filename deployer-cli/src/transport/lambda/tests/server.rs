//! A loopback HTTP server that answers from a script and remembers every request.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

use super::super::{LambdaTransport, http};

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Answers.
    Http {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Reads the request and closes the connection.
    Hangup,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self::http(200, body)
    }

    pub(crate) fn http(status: u16, body: impl Into<String>) -> Self {
        Self::Http {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// An error as Lambda sends it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({"Message": message, "Type": "User"}).to_string();
        Self::http(status, body).with("x-amzn-errortype", code)
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// The server.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Rc<RefCell<Vec<Request>>>,
}

impl Server {
    /// Runs `test` with a server that answers from `script`; its last answer is given again and again.
    pub(crate) async fn serving(script: impl IntoIterator<Item = Answer>, test: impl AsyncFnOnce(&Self)) {
        let script: VecDeque<Answer> = script.into_iter().collect();
        let mut script = script;
        Self::answering(
            move |_| {
                if script.len() > 1 {
                    script.pop_front().unwrap()
                } else {
                    script[0].clone()
                }
            },
            test,
        )
        .await;
    }

    /// Runs `test` with a server that decides with each request.
    pub(crate) async fn answering(answer: impl FnMut(&Request) -> Answer + 'static, test: impl AsyncFnOnce(&Self)) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            requests: Rc::default(),
        };
        let answer = Rc::new(RefCell::new(answer));
        let requests = server.requests.clone();
        let local = LocalSet::new();
        local.spawn_local(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::task::spawn_local(serve(stream, answer.clone(), requests.clone()));
            }
        });
        local.run_until(test(&server)).await;
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.borrow().clone()
    }

    /// Settings as `setup` makes them, with fixed credentials.
    pub(crate) fn sdk(&self) -> SdkConfig {
        let credentials = Credentials::new(
            "AKIDTEST",
            "secret-key-hunter2",
            Some("token-hunter2".to_owned()),
            None,
            "test",
        );
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-west-2"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(&self.url)
            .http_client(http::client())
            .sleep_impl(
                aws_config::SdkConfig::builder()
                    .build()
                    .sleep_impl()
                    .unwrap_or_else(sleep),
            )
            .build()
    }

    pub(crate) fn transport(&self, function: &str) -> LambdaTransport {
        LambdaTransport::new(&self.sdk(), function.parse().unwrap())
    }
}

fn sleep() -> aws_sdk_lambda::config::SharedAsyncSleep {
    #[derive(Debug)]
    struct Tokio;
    impl aws_sdk_lambda::config::AsyncSleep for Tokio {
        fn sleep(&self, duration: std::time::Duration) -> aws_sdk_lambda::config::Sleep {
            aws_sdk_lambda::config::Sleep::new(tokio::time::sleep(duration))
        }
    }
    aws_sdk_lambda::config::SharedAsyncSleep::new(Tokio)
}

async fn serve<F: FnMut(&Request) -> Answer>(
    mut stream: TcpStream,
    answer: Rc<RefCell<F>>,
    requests: Rc<RefCell<Vec<Request>>>,
) {
    while let Some(request) = read(&mut stream).await {
        requests.borrow_mut().push(request.clone());
        let answer = (answer.borrow_mut())(&request);
        match answer {
            Answer::Http { status, headers, body } => {
                let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    text.extend([name, ": ", &value, "\r\n"]);
                }
                text.push_str("\r\n");
                text.push_str(&body);
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Answer::Hangup => return,
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).ok()?;
    let mut lines = head.trim_end().lines().map(str::to_owned);
    let line = lines.next()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| {
            line.split_once(": ")
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        })
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")?
        .1
        .parse()
        .ok()?;
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { line, headers, body })
}
