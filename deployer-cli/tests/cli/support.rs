//! A folder with an allow-list, scripts and state of its own, and the program running in it.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Far more than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

const ALLOW_LIST: &str = r#"
version: 1
defaults:
  container: box
containers:
  box:
    description: A box.
    image: box
    secrets: { TOKEN: somewhere }
    task: { cpu: 256, memory: 512, max_cpu: 256, max_memory: 512, launch_type: FARGATE, timeout: 5m, stop_timeout: 5s }
    scripts:
      job:
        description: A job.
        options:
          --do: { type: text, pattern: "[a-z]+", required: true }
          --count: { type: integer, min: 0, max: 1000000000 }
"#;

/// Each job takes `--do=…`; the slow one cleans up when it is asked to stop.
const JOB: &str = r#"#!/bin/sh
count=${2#--count=}
case "$1" in
  --do=hello) echo "to stdout"; echo "to stderr" >&2 ;;
  --do=exit) exit "$count" ;;
  --do=bytes) printf 'a\000b\377\r\n\033[31mred\033]0;title\007\n::set-env name=X::y\nno newline' ;;
  --do=signal) kill -SEGV $$ ;;
  --do=lines) seq 1 "$count" ;;
  --do=many) yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -c "$count" ;;
  --do=secret) echo "token $TOKEN" ;;
  --do=slow)
    trap 'echo cleaning up; sleep 0.5; echo clean; exit 3' TERM
    echo ready
    i=1; while [ $i -le 600 ]; do echo "line $i"; sleep 0.1; i=$((i + 1)); done ;;
  --do=stubborn) trap '' TERM; echo ready; while :; do sleep 0.1; done ;;
esac
"#;

pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// A program that runs, killed when the test forgets it.
pub(crate) struct Running {
    child: Child,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("allow-list.yaml"), ALLOW_LIST).unwrap();
        fs::create_dir(folder.path().join("scripts")).unwrap();
        let job = folder.path().join("scripts/job");
        fs::write(&job, JOB).unwrap();
        fs::set_permissions(&job, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with nothing of this machine's CI or settings in its environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.arg("--local").args(args);
        command.current_dir(self.folder.path()).env_clear();
        command
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path());
        command
            .env("DEPLOY_RUNNER_CONFIG", "allow-list.yaml")
            .env("DEPLOY_RUNNER_SCRIPTS_DIR", "scripts");
        command
            .env("TOKEN_FOR_TEST", "hunter2hunter2")
            .env("DEPLOY_RUNNER_STATE_DIR", "state")
            // What this machine has of Docker or Podman must not change what is tested.
            .env("DEPLOY_RUNNER_ENGINE", "sandbox")
            .env("DEPLOY_RUNNER_SECRET", "TOKEN=env:TOKEN_FOR_TEST");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.start(args).output()
    }

    /// Runs a job.
    pub(crate) fn job(&self, words: &[&str]) -> Output {
        self.run(&[&["--", "box", "job"], words].concat())
    }

    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(&mut self.command(args))
    }

    /// Starts the slow job and waits until it runs. Answers the program and the run's id.
    pub(crate) fn start_slow(&self, options: &[&str]) -> (Running, String) {
        let log = fs::File::create(self.path("stdout")).unwrap();
        let args = [options, &["--", "box", "job", "--do=slow"]].concat();
        let running = Running::start(self.command(&args).stdout(log));
        eventually("the job is ready", || {
            fs::read_to_string(self.path("stdout")).unwrap().contains("line 3")
        });
        let runs = self.runs();
        let run = runs.as_array().unwrap().first().expect("one run")["run"]
            .as_str()
            .unwrap()
            .to_owned();
        (running, run)
    }

    pub(crate) fn runs(&self) -> Value {
        let output = self.run(&["runs", "--json"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn wait_for_end(&self, run: &str) -> Value {
        let mut ending = Value::Null;
        eventually("the run ends", || {
            let runs = self.runs();
            let found = runs.as_array().unwrap().iter().find(|found| found["run"] == run);
            ending = found.expect("the run is listed")["ending"].clone();
            !ending.is_null()
        });
        ending
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self {
            child: command.spawn().expect("the program must start"),
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    pub(crate) fn close_stdout(&mut self) {
        drop(self.child.stdout.take());
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for the end; a program that hangs fails the test.
    pub(crate) fn output(mut self) -> Output {
        let read = |stream: Option<Box<dyn Read + Send>>| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                stream.map(|mut stream| stream.read_to_end(&mut bytes));
                bytes
            })
        };
        let stdout = read(self.child.stdout.take().map(|stream| Box::new(stream) as _));
        let stderr = read(self.child.stderr.take().map(|stream| Box::new(stream) as _));
        let mut status = None;
        eventually("the program ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        Output {
            status: status.unwrap(),
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already unless a test failed.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("the program must end by itself")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The program, with the two that must lie beside it.
fn program() -> &'static Path {
    let program = Path::new(env!("CARGO_BIN_EXE_infrastructure-deployer"));
    for name in ["deploy-runner", "deploy-runner-local"] {
        assert!(
            program.with_file_name(name).exists(),
            "`{name}` is missing beside the program: run `cargo build --workspace` first"
        );
    }
    program
}
