//! A small HTTP server on the loopback address in front of the real `git http-backend`.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

/// How the server behaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Behaviour {
    /// Requests that get the answer 503 before it starts to work.
    pub(crate) failures: usize,
    /// The `Authorization` header that it insists on.
    pub(crate) authorization: Option<String>,
    /// Speak the old protocol, in which commits are not given out by id.
    pub(crate) old_protocol: bool,
    /// Send every request elsewhere.
    pub(crate) redirect_to: Option<String>,
    /// Pushes that are done and then get no answer.
    pub(crate) lost_answers: usize,
    /// Whoever may read may not push.
    pub(crate) read_only: bool,
}

/// A running server; it ends with the test's process.
pub(crate) struct GitServer {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl GitServer {
    pub(crate) fn serve(repository: PathBuf, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            let lost = AtomicUsize::new(0);
            let server = Served {
                repository,
                behaviour,
                seen,
                lost,
            };
            let server = Arc::new(server);
            for connection in listener.incoming().flatten() {
                let server = Arc::clone(&server);
                // One thread for each connection: pushes must be able to meet.
                thread::spawn(move || answer(connection, &server));
            }
        });
        Self { port, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/origin.git", self.port)
    }

    /// The first line and the headers of each request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// One request of HTTP/1.1.
pub(crate) struct Request {
    /// The first line and the headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Nothing when the client says nothing, or goes away in the middle.
    pub(crate) fn read(connection: impl Read) -> Option<Self> {
        let mut reader = BufReader::new(connection);
        let mut request = Self {
            head: String::new(),
            body: Vec::new(),
        };
        while reader.read_line(&mut request.head).unwrap_or(0) > 2 {}
        if request.head.is_empty() {
            return None;
        }
        let length = request.header("content-length");
        request.body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut request.body).ok()?;
        Some(request)
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

struct Served {
    repository: PathBuf,
    behaviour: Behaviour,
    seen: Arc<Mutex<Vec<String>>>,
    lost: AtomicUsize,
}

fn answer(mut connection: TcpStream, server: &Served) {
    let (repository, behaviour, seen) = (&server.repository, &server.behaviour, &server.seen);
    let Some(request) = Request::read(&connection) else {
        return;
    };
    let Request { head, body } = &request;
    let header = |name: &str| request.header(name);
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(head.clone());
        seen.len()
    };
    let reply = if let Some(target) = &behaviour.redirect_to {
        let path = head.split(' ').nth(1).unwrap();
        format!("HTTP/1.1 302 Found\r\nLocation: {target}{path}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .into_bytes()
    } else if number <= behaviour.failures {
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
    } else if behaviour.authorization.is_some() && header("authorization") != behaviour.authorization {
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
    } else if behaviour.read_only
        && head
            .lines()
            .next()
            .is_some_and(|line| line.contains("git-receive-pack"))
    {
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
    } else {
        let protocol = header("git-protocol").filter(|_| !behaviour.old_protocol);
        run_backend(
            head,
            repository,
            protocol,
            header("content-type"),
            header("content-encoding"),
            body,
        )
    };
    let is_push = head.starts_with("POST ") && head.contains("/git-receive-pack ");
    if is_push && reply.starts_with(b"HTTP/1.1 200") && server.lost.fetch_add(1, SeqCst) < behaviour.lost_answers {
        return;
    }
    drop(connection.write_all(&reply));
}

fn run_backend(
    head: &str,
    repository: &Path,
    protocol: Option<String>,
    content_type: Option<String>,
    encoding: Option<String>,
    body: &[u8],
) -> Vec<u8> {
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", repository.parent().unwrap())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", content_type.unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", encoding.unwrap_or_default())
        .env("GIT_PROTOCOL", protocol.unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = backend.stdin.take().unwrap();
    let body = body.to_vec();
    let writer = thread::spawn(move || drop(input.write_all(&body)));
    let output = backend.wait_with_output().unwrap().stdout;
    writer.join().unwrap();
    let status = output
        .strip_prefix(b"Status: ")
        .and_then(|rest| rest.split(|byte| *byte == b'\r').next());
    let status = String::from_utf8_lossy(status.unwrap_or(b"200 OK")).into_owned();
    [
        format!("HTTP/1.1 {status}\r\nConnection: close\r\n").into_bytes(),
        output,
    ]
    .concat()
}
