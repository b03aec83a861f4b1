//! Starts the runner with a script of the test's own and reads back what it framed.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::frame::{Assembler, Cause, Channel, Completeness, Trailer};
use tempfile::TempDir;

const RUNNER: &str = env!("CARGO_BIN_EXE_deploy-runner");
const PATIENCE: Duration = Duration::from_secs(20);

/// A runner about to be started.
pub(crate) struct Runner {
    root: TempDir,
    program: PathBuf,
    before: Vec<String>,
    options: Vec<String>,
    variables: Vec<(String, String)>,
    timeout: u32,
    stop_timeout: u32,
    uid: Option<u32>,
}

impl Runner {
    /// With one script, `job`, in its trigger directory.
    pub(crate) fn of(script: &str) -> Self {
        let runner = Self::without_script();
        let path = runner.scripts().join("job");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        runner
    }

    pub(crate) fn without_script() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("scripts")).unwrap();
        Self {
            root,
            program: RUNNER.into(),
            before: Vec::new(),
            options: Vec::new(),
            variables: Vec::new(),
            timeout: 60,
            stop_timeout: 10,
            uid: None,
        }
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn scripts(&self) -> PathBuf {
        self.root().join("scripts")
    }

    pub(crate) fn timeout(mut self, seconds: u32) -> Self {
        self.timeout = seconds;
        self
    }

    pub(crate) fn stop_timeout(mut self, seconds: u32) -> Self {
        self.stop_timeout = seconds;
        self
    }

    /// Sets a variable of the runner's own environment.
    pub(crate) fn own(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub(crate) fn option(mut self, option: &str) -> Self {
        self.options.push(option.into());
        self
    }

    pub(crate) fn secret(self, name: &str, value: &str) -> Self {
        self.own(name, value).option(&format!("--secret={name}"))
    }

    /// Starts the runner by another program.
    pub(crate) fn by(mut self, words: &[&str]) -> Self {
        self.before = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Starts a copy of the runner as another user.
    pub(crate) fn by_user(mut self, uid: u32) -> Self {
        self.program = self.root().join("deploy-runner");
        fs::copy(RUNNER, &self.program).unwrap();
        fs::set_permissions(self.root(), Permissions::from_mode(0o755)).unwrap();
        self.uid = Some(uid);
        self
    }

    pub(crate) fn command(&self, script: &str, arguments: &[&str]) -> Command {
        let mut words = self.before.iter().map(String::as_str).chain(self.program.to_str());
        let mut command = Command::new(words.next().unwrap());
        command
            .args(words)
            .arg("--trigger-dir")
            .arg(self.scripts())
            .args(&self.options);
        command.args([
            "--timeout",
            &self.timeout.to_string(),
            "--stop-timeout",
            &self.stop_timeout.to_string(),
        ]);
        command.arg("--").arg(script).args(arguments);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(self.variables.iter().cloned());
        command.current_dir(self.root()).stdin(Stdio::null());
        if let Some(uid) = self.uid {
            std::os::unix::process::CommandExt::uid(&mut command, uid);
        }
        command
    }

    pub(crate) fn start(self, script: &str, arguments: &[&str]) -> Running {
        let frames = self.root().join("frames");
        let diagnostics = self.root().join("diagnostics");
        let child = self
            .command(script, arguments)
            .stdout(File::create(&frames).unwrap())
            .stderr(File::create(&diagnostics).unwrap())
            .spawn()
            .unwrap();
        Running {
            runner: self,
            child,
            frames,
            diagnostics,
            started: Instant::now(),
        }
    }

    pub(crate) fn run(self, arguments: &[&str]) -> Finished {
        self.start("job", arguments).finish()
    }
}

/// A runner that was started.
pub(crate) struct Running {
    pub(crate) runner: Runner,
    pub(crate) child: Child,
    frames: PathBuf,
    diagnostics: PathBuf,
    started: Instant,
}

impl Running {
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Waits until the job's standard output, as framed so far, ends with this text.
    pub(crate) fn wait_for(&self, text: &str) {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let log = Log::read(&fs::read_to_string(&self.frames).unwrap());
            if log.stdout.ends_with(text.as_bytes()) {
                return;
            }
            assert!(Instant::now() < give_up, "`{text}` did not come: {log:?}");
            sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the first line of the job's standard output.
    pub(crate) fn wait_for_line(&self) -> String {
        self.wait_for("\n");
        let log = Log::read(&fs::read_to_string(&self.frames).unwrap());
        String::from_utf8(log.stdout).unwrap().trim_end().to_owned()
    }

    pub(crate) fn finish(mut self) -> Finished {
        let status = self.child.wait().unwrap();
        Finished {
            exit: status.code().expect("the runner exits by itself"),
            log: Log::read(&fs::read_to_string(&self.frames).unwrap()),
            frames: fs::read_to_string(&self.frames).unwrap(),
            diagnostics: fs::read_to_string(&self.diagnostics).unwrap(),
            took: self.started.elapsed(),
            runner: self.runner,
        }
    }
}

/// A runner that has ended.
pub(crate) struct Finished {
    pub(crate) runner: Runner,
    pub(crate) exit: i32,
    pub(crate) log: Log,
    pub(crate) frames: String,
    pub(crate) diagnostics: String,
    pub(crate) took: Duration,
}

impl Finished {
    /// The status and the cause, which the trailer of a complete log repeats.
    #[track_caller]
    pub(crate) fn ended(&self, exit: i32, cause: &Cause) {
        let trailer = self.log.trailer();
        assert_eq!(
            (self.exit, &trailer.cause),
            (exit, cause),
            "{}{}",
            self.frames,
            self.diagnostics
        );
        assert_eq!(i32::from(trailer.exit), exit);
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.log.stdout.clone()).unwrap()
    }

    pub(crate) fn reason(&self) -> &str {
        let cause = &self.log.trailer().cause;
        let Cause::FailedToStart { reason } = cause else {
            panic!("{cause:?}")
        };
        reason
    }
}

/// What the frames say.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) completeness: Completeness,
}

impl Log {
    pub(crate) fn read(frames: &str) -> Self {
        let mut assembler = Assembler::new();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        for frame in frames.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let deliver = |chunk: protocol::frame::Chunk<'_>| match chunk.channel {
                Channel::Stdout => chunk.append_to(&mut stdout),
                Channel::Stderr => chunk.append_to(&mut stderr),
            };
            assembler.push(frame, deliver).unwrap();
        }
        Self {
            stdout,
            stderr,
            completeness: assembler.finish(|_| {}),
        }
    }

    #[track_caller]
    pub(crate) fn trailer(&self) -> &Trailer {
        let Completeness::Complete { trailer } = &self.completeness else {
            panic!("the log is not complete: {:?}", self.completeness)
        };
        trailer
    }
}

/// The process exists and is no zombie.
pub(crate) fn is_alive(pid: &str) -> bool {
    assert!(pid.parse::<u32>().is_ok(), "`{pid}` is not a process id");
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}
