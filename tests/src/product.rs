//! The built programs, as `make build` lays them out, and a place of its own for each test.
//!
//! Responsible for starting what a user starts, in an environment that nothing of this machine leaks into.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::repository::Repository;

/// Where jobs and tests look for system programs.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The folder of the built programs.
pub fn programs() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dist/bin");
    folder
        .canonicalize()
        .unwrap_or_else(|_missing| panic!("{} is not there: run `make build`", folder.display()))
}

/// A command in an environment of its own.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", SYSTEM_PATH)
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null());
    command
}

/// How a program ended and what it wrote.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; absent when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Ended {
    /// Asserts the exit code, and shows everything if it is another.
    #[track_caller]
    pub fn with(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "\n--- standard output\n{}\n--- standard error\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
        .into()
}

/// A state folder, a repository and an allow-list that belong to one test.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// An empty place.
    #[expect(clippy::new_without_default, reason = "it makes a folder, which no default should")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("deploy-runner-test-")
            .tempdir()
            .expect("a temporary folder");
        Self { folder }
    }

    /// Its folder, without symbolic links.
    pub fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there")
    }

    /// A file or folder in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders can be made");
        std::fs::write(&path, content).expect("a file can be written");
        path
    }
}

/// The folder of the small jobs and their allow-list.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .canonicalize()
        .expect("the fixtures are there")
}

impl Place {
    /// The CLI with an allow-list, everything of its own in this place.
    pub fn deployer(&self, allow_list: &Path) -> Command {
        let mut deployer = command(&programs().join("infrastructure-deployer"));
        deployer
            .env("HOME", self.path())
            .env("XDG_STATE_HOME", self.join("state"))
            .env("DEPLOY_RUNNER_LOCAL", "true")
            // What this machine has of Docker or Podman must not change what is tested.
            .env("DEPLOY_RUNNER_ENGINE", "sandbox")
            .env("DEPLOY_RUNNER_CONFIG", allow_list)
            .current_dir(self.path());
        deployer
    }

    /// The CLI with the small jobs.
    pub fn jobs(&self) -> Command {
        let mut deployer = self.deployer(&fixtures().join("jobs.yaml"));
        deployer.env("DEPLOY_RUNNER_SCRIPTS_DIR", fixtures().join("scripts"));
        deployer
    }

    /// The CLI with the demo's allow-list for a repository of this place.
    pub fn demo(&self, repository: &Repository) -> Command {
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/demo.yaml");
        let template = std::fs::read_to_string(template).expect("the demo's allow-list is there");
        let honest = "file:///srv/git/infrastructure-live.git";
        assert!(
            template.contains(honest),
            "the demo's repository is no longer `{honest}`"
        );
        self.deployer(&self.write("demo.yaml", template.replace(honest, &repository.url())))
    }

    /// The runs of this place, the latest first.
    pub fn runs(&self) -> Vec<serde_json::Value> {
        let ended = run(self.jobs().args(["runs", "--json"])).with(0);
        serde_json::from_str(&ended.stdout).expect("a list of runs")
    }

    /// The id of the latest run.
    pub fn latest_run(&self) -> String {
        let runs = self.runs();
        let id = runs.first().and_then(|run| run["run"].as_str());
        id.unwrap_or_else(|| panic!("no run: {runs:?}")).to_owned()
    }

    /// Waits until nothing of this place runs or is mounted any more, and fails if something stays.
    #[track_caller]
    pub fn assert_nothing_is_left(&self) {
        let path = self.path().display().to_string();
        let left = || -> Vec<String> { processes(&path).into_iter().chain(mounts(&path)).collect() };
        wait_until("the last process has ended", || left().is_empty());
        assert_eq!(left(), Vec::<String>::new());
    }
}

/// Processes that mention a text in their arguments, their environment or what is mounted for them. One that has ended mentions nothing.
pub fn processes(text: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").expect("/proc is there");
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|process| {
            let of_interest = |name: &str| {
                std::fs::read(process.join(name)).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(text))
            };
            let own = process
                .file_name()
                .is_some_and(|name| name.to_string_lossy() == std::process::id().to_string());
            let numeric = process
                .file_name()
                .is_some_and(|name| name.to_string_lossy().parse::<u32>().is_ok());
            numeric && !own && (of_interest("cmdline") || of_interest("environ") || of_interest("mountinfo"))
        })
        .map(|process| {
            let arguments = std::fs::read(process.join("cmdline")).unwrap_or_default();
            format!(
                "{}: {}",
                process.display(),
                String::from_utf8_lossy(&arguments).replace('\0', " ")
            )
        })
        .collect()
}

fn mounts(path: &str) -> Vec<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("/proc is there");
    mounts
        .lines()
        .filter(|line| line.contains(path))
        .map(str::to_owned)
        .collect()
}

/// How long anything may take.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

/// Waits for half a minute at most until something holds.
#[track_caller]
pub fn wait_until(what: &str, holds: impl FnMut() -> bool) {
    wait_within(HALF_A_MINUTE, what, holds);
}

/// Waits until something holds, for as long as is said.
#[track_caller]
pub fn wait_within(patience: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < patience,
            "still not after {:?}: {what}",
            begun.elapsed()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A program that runs while the test does something to it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Running {
    /// Starts it; its outputs go to files of the place.
    pub fn start(place: &Place, name: &str, command: &mut Command) -> Self {
        let out = place.join(&format!("{name}.out"));
        let err = place.join(&format!("{name}.err"));
        let file = |path: &Path| std::fs::File::create(path).expect("a file can be made");
        let child = command
            .stdout(file(&out))
            .stderr(file(&err))
            .spawn()
            .expect("the program starts");
        Self { child, out, err }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until its standard output holds a text.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        self.wait_long_for(HALF_A_MINUTE, text);
    }

    /// Waits until its standard output holds a text, for as long as is said.
    #[track_caller]
    pub fn wait_long_for(&mut self, patience: Duration, text: &str) {
        wait_within(
            patience,
            &format!("`{text}` in {}; {}", self.out.display(), self.stderr()),
            || self.stdout().contains(text),
        );
    }

    /// Sends it a signal, by its name.
    pub fn signal(&self, name: &str) {
        run(command(Path::new("/bin/kill")).args(["-s", name, &self.id().to_string()])).with(0);
    }

    /// What it wrote so far.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.out).unwrap_or_default()).into_owned()
    }

    /// What it said so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.err).unwrap_or_default()).into_owned()
    }

    /// Has it ended?
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_some()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(self) -> Ended {
        self.end_within(HALF_A_MINUTE)
    }

    /// Waits for its end, for as long as is said.
    #[track_caller]
    pub fn end_within(mut self, patience: Duration) -> Ended {
        wait_within(patience, "the program's end", || self.has_ended());
        let code = self.child.wait().expect("it has ended").code();
        Ended {
            code,
            stdout: self.stdout(),
            stderr: self.stderr(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only a test that failed half-way leaves it running.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
