//! The simulated AWS of a test: `tests/ground`, one process for each test that needs it.
//!
//! Responsible for starting it, for asking it things as the account's owner, and for its end, however the test ends.
//! Never knows the product.

pub mod scene;
pub mod stack;

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::images;
use crate::product::{self, Place};

/// How long the ground has to end by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// How tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// An image is a program of this machine.
    Process,
    /// An image is an image of podman.
    Podman,
}

/// Keys of a principal of the simulated account.
#[derive(Debug, Clone, Deserialize)]
pub struct Keys {
    /// The public half.
    pub access_key: String,
    /// The secret half; it is worth nothing outside of one test.
    pub secret_key: String,
}

/// What the ground says when it is ready.
#[derive(Debug, Deserialize)]
struct Hello {
    endpoint: String,
    region: String,
    owner: Keys,
}

/// A simulated AWS that lives as long as this value.
#[derive(Debug)]
pub struct Ground {
    process: Child,
    line: RefCell<Option<Line>>,
    hello: Hello,
    folder: PathBuf,
}

/// The two ends of the conversation.
#[derive(Debug)]
struct Line {
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Ground {
    /// Starts one that runs tasks as processes.
    pub fn start(place: &Place) -> Self {
        Self::start_in(Mode::Process, place)
    }

    /// Starts one; its folders are the place's.
    pub fn start_in(mode: Mode, place: &Place) -> Self {
        Self::start_with(mode, place, None)
    }

    /// Starts one that runs tasks in containers of an image of `runner-images/`.
    pub fn start_with_image(place: &Place, image: &str) -> Self {
        Self::start_with(Mode::Podman, place, Some(&images::store_with(image)))
    }

    fn start_with(mode: Mode, place: &Place, images: Option<&Path>) -> Self {
        let folder = place.join("ground");
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let log = std::fs::File::create(place.join("ground.log")).expect("a file can be made");
        let mut process = product::command(&python())
            .args(["-m", "ground", "--work"])
            .arg(&folder)
            .args(["--mode", if mode == Mode::Podman { "podman" } else { "process" }])
            .args(images.iter().flat_map(|store| [Path::new("--images"), store]))
            .env("HOME", place.path())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("python starts");
        let ask = process.stdin.take().expect("it is piped");
        let mut answers = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut hello = String::new();
        answers.read_line(&mut hello).expect("it can be read");
        let hello = serde_json::from_str(&hello).unwrap_or_else(|error| {
            let log = std::fs::read_to_string(place.join("ground.log")).unwrap_or_default();
            panic!("the ground did not start: {error}: {hello}\n{log}")
        });
        let line = RefCell::new(Some(Line { ask, answers }));
        Self {
            process,
            line,
            hello,
            folder,
        }
    }

    /// Where every service answers.
    pub fn endpoint(&self) -> &str {
        &self.hello.endpoint
    }

    /// The one region.
    pub fn region(&self) -> &str {
        &self.hello.region
    }

    /// Keys of the account's owner.
    pub fn owner(&self) -> &Keys {
        &self.hello.owner
    }

    /// Folders of tasks and functions.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Carries out a command of the ground; an error is an answer.
    pub fn try_ask(&self, command: &Value) -> Result<Value, String> {
        let mut line = self.line.borrow_mut();
        let line = line.as_mut().expect("the ground has not been ended");
        writeln!(line.ask, "{command}").expect("the ground listens");
        let mut answer = String::new();
        line.answers.read_line(&mut answer).expect("the ground answers");
        let mut answer: Value = serde_json::from_str(&answer).expect("the ground answers JSON");
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["ok"].take()),
        }
    }

    /// Carries out a command of the ground.
    #[track_caller]
    pub fn ask(&self, command: &Value) -> Value {
        self.try_ask(command)
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Any operation of any service, as the account's owner.
    #[track_caller]
    pub fn aws(&self, service: &str, operation: &str, parameters: &Value) -> Value {
        self.ask(&json!({"do": "aws", "service": service, "operation": operation, "parameters": parameters}))
    }

    /// An operation that AWS refuses; answers the refusal.
    #[track_caller]
    pub fn refused(&self, service: &str, operation: &str, parameters: &Value) -> String {
        let asked = json!({"do": "aws", "service": service, "operation": operation, "parameters": parameters});
        match self.try_ask(&asked) {
            Err(refusal) => refusal,
            Ok(answer) => panic!("{asked}: was not refused: {answer}"),
        }
    }

    /// Keeps a secret, and answers its ARN.
    #[track_caller]
    pub fn secret(&self, name: &str, value: &str) -> String {
        let asked = json!({"Name": name, "SecretString": value});
        let made = self.aws("secretsmanager", "create_secret", &asked);
        made["ARN"].as_str().expect("a secret has an ARN").to_owned()
    }

    /// Replaces what a role may do.
    #[track_caller]
    pub fn limit_role(&self, role: &str, statements: &[Value]) {
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let asked = json!({"RoleName": role, "PolicyName": "what-it-needs", "PolicyDocument": policy});
        self.aws("iam", "put_role_policy", &asked);
    }

    /// Every task that was ever started, with its tags and its client token.
    pub fn tasks(&self) -> Vec<Value> {
        list(self.ask(&json!({"do": "tasks"})))
    }

    /// Every request that came in, with its caller, its action and its error.
    pub fn requests(&self) -> Vec<Value> {
        list(self.ask(&json!({"do": "requests"})))
    }

    /// How many requests of an action came in.
    pub fn count(&self, action: &str) -> usize {
        self.requests()
            .iter()
            .filter(|request| request["action"] == action)
            .count()
    }

    /// Waits until a task has stopped, and shows it.
    #[track_caller]
    pub fn stopped(&self, task: &str) -> Value {
        let find = || {
            let tasks = self.tasks();
            let found = tasks.into_iter().find(|known| known["taskArn"] == task);
            found.unwrap_or_else(|| panic!("no task `{task}`"))
        };
        product::wait_until("the task has stopped", || find()["lastStatus"] == "STOPPED");
        find()
    }

    /// Messages of a log stream; none while it is not there.
    #[track_caller]
    pub fn log(&self, group: &str, stream: &str) -> Vec<String> {
        let asked = json!({"logGroupName": group, "logStreamName": stream, "startFromHead": true});
        let command = json!({"do": "aws", "service": "logs", "operation": "get_log_events", "parameters": asked});
        let mut answer = match self.try_ask(&command) {
            Ok(answer) => answer,
            Err(refusal) if refusal.contains("The specified log stream does not exist.") => return Vec::new(),
            Err(refusal) => panic!("{stream}: {refusal}"),
        };
        let message = |event: &Value| event["message"].as_str().expect("an event has a message").to_owned();
        list(answer["events"].take()).iter().map(message).collect()
    }

    /// Messages of every stream of a log group.
    #[track_caller]
    pub fn log_of_group(&self, group: &str) -> String {
        let asked = json!({"logGroupName": group});
        let events = list(self.aws("logs", "filter_log_events", &asked)["events"].take());
        let lines: Vec<_> = events.iter().filter_map(|event| event["message"].as_str()).collect();
        lines.join("\n")
    }

    /// Has it not been ended?
    pub fn is_up(&self) -> bool {
        self.line.borrow().is_some()
    }

    /// Makes it silent: connections are taken and nothing is answered until [`Self::go_on`]. Tasks run on.
    pub fn fall_silent(&self) {
        self.signal("STOP");
    }

    /// Has it answer again.
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        product::run(product::command(Path::new("/bin/kill")).args(["-s", name, &id])).with(0);
    }

    /// Ends it: from now on nobody answers at its endpoint, and no task or function runs.
    pub fn end(&mut self) {
        if self.line.borrow_mut().take().is_some() {
            // A stopped process hears nothing.
            self.go_on();
        }
        let begun = Instant::now();
        while self.process.try_wait().expect("it can be asked").is_none() {
            if begun.elapsed() > PATIENCE {
                drop(self.process.kill());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.end();
    }
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        other => panic!("expected a list: {other}"),
    }
}

/// The Python that `scripts/setup.sh test` installed.
pub fn python() -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/ground-venv/bin/python");
    assert!(
        python.exists(),
        "{} is not there: run `scripts/setup.sh test`",
        python.display()
    );
    python
}
