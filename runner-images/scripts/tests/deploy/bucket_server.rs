//! A small S3 on the loopback address with one bucket, which also gives a task its credentials. It checks no signature: the emulated AWS
//! of the whole-product tests does.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::git_server::Request;
use crate::tls::Tls;

pub(crate) const KEY_ID: &str = "ASIAPLANTED000000000";
pub(crate) const SECRET_KEY: &str = "planted+secret/key";
pub(crate) const TOKEN: &str = "planted-session-token";

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    requests: Vec<String>,
    /// Status, code and Region of the answers to come, before it starts to work.
    refusals: Vec<(u16, &'static str, &'static str)>,
}

/// A running server; it ends with the test's process.
pub(crate) struct BucketServer {
    scheme: &'static str,
    port: u16,
    state: Arc<Mutex<State>>,
}

impl BucketServer {
    pub(crate) fn start() -> Self {
        Self::serve("http", answer)
    }

    /// The same over TLS, with the certificate that `certificate` wrote into this folder.
    pub(crate) fn start_encrypted(folder: &Path) -> Self {
        let tls = Tls::with(folder);
        Self::serve("https", move |connection, state| {
            let mut encrypted = tls.accept(connection);
            answer(&mut encrypted, state);
            encrypted.conn.send_close_notify();
            drop(encrypted.flush());
        })
    }

    fn serve(scheme: &'static str, answer: impl Fn(std::net::TcpStream, &Mutex<State>) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                answer(connection, &shared);
            }
        });
        Self { scheme, port, state }
    }

    /// Its address.
    pub(crate) fn endpoint(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// Where a task asks for its credentials.
    pub(crate) fn credentials(&self) -> String {
        format!("{}/credentials", self.endpoint())
    }

    /// The heads of the requests for objects so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Refuses as many of the requests to come.
    pub(crate) fn refuse(&self, times: usize, status: u16, code: &'static str, region: &'static str) {
        self.state.lock().unwrap().refusals = vec![(status, code, region); times];
    }

    /// Changes what is kept, by its path.
    pub(crate) fn change(&self, change: impl Fn(&mut BTreeMap<String, Vec<u8>>)) {
        change(&mut self.state.lock().unwrap().objects);
    }
}

fn answer(mut connection: impl Read + Write, state: &Mutex<State>) {
    // A client that does not trust the certificate says nothing.
    let Some(request) = Request::read(&mut connection) else {
        return;
    };
    let Request { head, body } = &request;
    let header = |name: &str| request.header(name);
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let new_only = header("if-none-match").is_some();
    let (status, region, content) = if path == "/credentials" {
        let credentials = format!(
            r#"{{"AccessKeyId":"{KEY_ID}","SecretAccessKey":"{SECRET_KEY}","Token":"{TOKEN}","Expiration":"2099-01-01T00:00:00Z"}}"#
        );
        (200, String::new(), credentials.into_bytes())
    } else {
        let mut state = state.lock().unwrap();
        state.requests.push(head.clone());
        let error =
            |code: &str| format!("<Error><Code>{code}</Code><Message>{KEY_ID} may not</Message></Error>").into_bytes();
        match (state.refusals.pop(), head.starts_with("PUT "), state.objects.get(&path)) {
            (Some((status, code, region)), ..) => (status, region.to_owned(), error(code)),
            (None, true, Some(_)) if new_only => (412, String::new(), error("PreconditionFailed")),
            (None, true, _) => {
                state.objects.insert(path, body.clone());
                (200, String::new(), Vec::new())
            }
            (None, false, Some(object)) => (200, String::new(), object.clone()),
            (None, false, None) => (404, String::new(), error("NoSuchKey")),
        }
    };
    let region = if region.is_empty() {
        region
    } else {
        format!("x-amz-bucket-region: {region}\r\n")
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\n{region}Content-Length: {}\r\nConnection: close\r\n\r\n",
        content.len()
    );
    drop(connection.write_all(&[head.into_bytes(), content].concat()));
}
