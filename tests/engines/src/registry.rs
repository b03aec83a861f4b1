//! A registry on the loopback address, and a line to it that gets stuck.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const START_TIMEOUT: Duration = Duration::from_secs(30);
/// More than a manifest and a configuration, and less than any layer with the runner in it.
const LET_THROUGH_BYTES: usize = 256 * 1024;

/// A real registry, as long as it is not dropped.
#[derive(Debug)]
pub struct Registry {
    _own: TempDir,
    process: Child,
    port: u16,
}

impl Registry {
    /// An empty registry that everybody may use.
    pub fn start() -> Self {
        Self::serve(None, None)
    }

    /// One that lets only these users in, which are lines of a password file with bcrypt (`htpasswd -B`).
    pub fn start_guarded(users: &str) -> Self {
        Self::serve(None, Some(users))
    }

    /// One of what this folder has.
    pub fn over(folder: &Path) -> Self {
        Self::serve(Some(folder), None)
    }

    /// What `docker-registry serve` reads, for one that everybody may use.
    pub fn configuration(folder: &Path, port: u16) -> String {
        format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp: {{ addr: 127.0.0.1:{port} }}\n",
            folder.display()
        )
    }

    fn serve(folder: Option<&Path>, users: Option<&str>) -> Self {
        let own = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| own.path().join(name);
        let free = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let port = free.local_addr().expect("it has an address").port();
        drop(free);
        let guard = users.map(|users| {
            fs::write(at("users"), users).expect("it can be done");
            format!(
                "auth: {{ htpasswd: {{ realm: tests, path: {} }} }}\n",
                at("users").display()
            )
        });
        let configuration = Self::configuration(folder.unwrap_or(&at("store")), port) + &guard.unwrap_or_default();
        fs::write(at("registry.yml"), configuration).expect("it can be done");
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(at("registry.yml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("docker-registry: {error}: `scripts/setup.sh test` installs it"));
        let registry = Self {
            _own: own,
            process,
            port,
        };
        let until = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the registry does not answer");
            thread::sleep(Duration::from_millis(20));
        }
        registry
    }

    /// How references say it: `127.0.0.1:PORT`.
    pub fn name(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The digest of the manifest that a tag means now.
    pub fn digest(&self, repository: &str, tag: &str) -> String {
        let (head, _) = self.ask("HEAD", repository, tag, "");
        field(&head, "Docker-Content-Digest").to_owned()
    }

    /// Lets a tag mean what another one means.
    pub fn move_tag(&self, repository: &str, from: &str, to: &str) {
        let (head, manifest) = self.ask("GET", repository, to, "");
        let content = format!(
            "Content-Type: {}\r\nContent-Length: {}\r\n\r\n{manifest}",
            field(&head, "Content-Type"),
            manifest.len()
        );
        self.ask("PUT", repository, from, &content);
    }

    /// Asks for a manifest. Answers the head and the body.
    fn ask(&self, method: &str, repository: &str, tag: &str, content: &str) -> (String, String) {
        let kinds = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";
        let end = if content.is_empty() { "\r\n" } else { content };
        let request = format!("{method} /v2/{repository}/manifests/{tag} HTTP/1.0\r\nAccept: {kinds}\r\n{end}");
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the registry answers");
        stream.write_all(request.as_bytes()).expect("the registry listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the registry answers");
        assert!(answer.starts_with("HTTP/1.0 20"), "{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.to_owned(), body.to_owned())
    }
}

fn field<'head>(head: &'head str, name: &str) -> &'head str {
    let value = head
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_else(|| panic!("`{name}` is missing: {head}"))
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Passes on what is small, and stops in the middle of what is large. Nothing is closed.
#[derive(Debug)]
pub struct StallingProxy {
    port: u16,
    stalls: Arc<AtomicBool>,
    given_up: Arc<AtomicBool>,
}

impl StallingProxy {
    /// A line to this registry.
    pub fn to(registry: &Registry) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let proxy = Self {
            port: listener.local_addr().expect("it has an address").port(),
            stalls: Arc::default(),
            given_up: Arc::default(),
        };
        let (stalls, given_up) = (Arc::clone(&proxy.stalls), Arc::clone(&proxy.given_up));
        let behind = registry.port;
        // Ends with the test's process.
        thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let registry = TcpStream::connect(("127.0.0.1", behind)).expect("the registry answers");
                let (stalls, given_up) = (Arc::clone(&stalls), Arc::clone(&given_up));
                let (from, to) = (clone(&caller), clone(&registry));
                thread::spawn(move || pass_on(from, to));
                thread::spawn(move || pass_answers(registry, caller, &stalls, &given_up));
            }
        });
        proxy
    }

    /// How references say it: `127.0.0.1:PORT`.
    pub fn name(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A large answer is stuck.
    pub fn stalls(&self) -> bool {
        self.stalls.load(Ordering::SeqCst)
    }

    /// Whoever waited for a large answer has hung up since.
    pub fn is_given_up(&self) -> bool {
        self.stalls() && self.given_up.load(Ordering::SeqCst)
    }
}

fn clone(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("it can be done")
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    drop(std::io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Both));
}

fn pass_answers(mut from: TcpStream, mut to: TcpStream, stalls: &AtomicBool, given_up: &AtomicBool) {
    let mut passed = 0;
    let mut part = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut part) {
        if passed > LET_THROUGH_BYTES {
            stalls.store(true, Ordering::SeqCst);
            // Neither a byte nor an end comes any more. The registry keeps its side open until the caller hangs up.
            drop(std::io::copy(&mut from, &mut std::io::sink()));
            given_up.store(true, Ordering::SeqCst);
            return;
        }
        if to.write_all(part.get(..length).unwrap_or_default()).is_err() {
            break;
        }
        passed += length;
    }
    drop(to.shutdown(Shutdown::Both));
}
