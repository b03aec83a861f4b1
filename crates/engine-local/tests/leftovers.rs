//! However a run ends, nothing of it is left: no process, no mount, no control group, no work folder. And the ending has a name.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Machine, Setup, ends_with_the_host};
use engine::conformance::{Harness, Job, Seen, launch, observe_to_the_end};
use engine::{Call, Engine, Permit};
use engine_local::LocalEngine;
use protocol::{Ending, Origin, RunId};
use rustix::process::{Pid, Signal, kill_process};

/// The run is over and its place is clean, as soon as its ending can be read.
#[track_caller]
fn nothing_is_left(machine: &Machine, run: RunId) {
    let id = run.to_string();
    let dir = machine.run_dir(run);
    assert!(!dir.join("scratch").exists(), "the work folder is left");
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let mounts = fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
        assert!(!mounts.contains(&id), "process {pid} has a mount of the run");
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).into_owned();
        // The supervisor writes the ending and then needs a moment to leave.
        if words.contains(&id) {
            let gone_soon = wait_for(Duration::from_secs(2), || !Path::new(&format!("/proc/{pid}")).exists());
            assert!(gone_soon, "process {pid} is left: {words}");
        }
    }
    assert_eq!(cgroups_of(Path::new("/sys/fs/cgroup"), &id), Vec::<PathBuf>::new());
}

fn cgroups_of(path: &Path, id: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if entry.file_name().to_string_lossy().contains(id) {
                found.push(entry.path());
            }
            found.extend(cgroups_of(&entry.path(), id));
        }
    }
    found
}

fn wait_for(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + limit;
    while Instant::now() < until {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// The processes of a run, from the inside out.
struct Processes {
    runner: i32,
    bwrap: i32,
    supervisor: i32,
}

impl Processes {
    fn of(machine: &Machine, run: RunId) -> Self {
        let status = machine.run_dir(run).join("status.json");
        let status: serde_json::Value = serde_json::from_slice(&fs::read(status).unwrap()).unwrap();
        let runner = i32::try_from(status["sandbox"]["pid"].as_i64().unwrap()).unwrap();
        let bwrap = parent(runner);
        Self {
            runner,
            bwrap,
            supervisor: parent(bwrap),
        }
    }
}

/// Places in `/proc/PID/stat`, counted behind the process's name.
const PARENT: usize = 1;
const SESSION: usize = 3;
const TERMINAL: usize = 4;

fn parent(pid: i32) -> i32 {
    field(pid, PARENT)
}

fn field(pid: i32, place: usize) -> i32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(place).unwrap().parse().unwrap()
}

fn send(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Starts a job with children of its own, does something to it, and answers what was seen of it.
async fn disturbed(machine: &Machine, disturb: impl FnOnce(Processes)) -> (RunId, Seen) {
    let text = "sleep 1000 & (setsid sleep 1000 &) ; echo ready; while :; do sleep 0.1; done";
    let run = machine.launch(&Setup::default(), &["sh", text]).await.run;
    let frames = machine.run_dir(run).join("frames");
    assert!(wait_for(Duration::from_secs(10), || fs::read_to_string(&frames)
        .unwrap()
        .contains("ready")));
    disturb(Processes::of(machine, run));
    let seen = observe_to_the_end(machine, run).await;
    (run, seen)
}

#[tokio::test]
async fn nothing_is_left_after_a_normal_end() {
    let machine = Machine::new();
    let text = "sleep 1000 & (setsid sleep 1000 &) ; mkdir -p /work/a/b; chmod 0 /work/a; exit 3";
    let run = machine.launch(&Setup::default(), &["sh", text]).await.run;
    let seen = observe_to_the_end(&machine, run).await;
    assert_eq!(seen.ending, Ending::Exited { code: 3 });
    nothing_is_left(&machine, run);
}

#[tokio::test]
async fn nothing_is_left_after_a_cancel() {
    let machine = Machine::new();
    for job in [Job::CleanUpOnStop, Job::IgnoreStop] {
        let run = launch(&machine, job).await;
        machine.engine.stop(run, "a test").await.unwrap();
        let seen = observe_to_the_end(&machine, run).await;
        assert!(matches!(seen.ending, Ending::Cancelled { .. }), "{:?}", seen.ending);
        nothing_is_left(&machine, run);
    }
}

#[tokio::test]
async fn nothing_is_left_after_the_deadline() {
    let machine = Machine::new();
    let run = launch(&machine, Job::PassDeadline).await;
    assert_eq!(
        observe_to_the_end(&machine, run).await.ending,
        Ending::TimedOut { after_seconds: 1 }
    );
    nothing_is_left(&machine, run);
}

#[tokio::test]
async fn a_killed_runner_is_a_named_end_and_leaves_nothing() {
    let machine = Machine::new();
    let (run, seen) = disturbed(&machine, |processes| send(processes.runner, Signal::KILL)).await;
    assert!(
        matches!(&seen.ending, Ending::Unknown { reason } if reason.contains("the runner was ended by signal 9 from outside")),
        "{:?}",
        seen.ending
    );
    nothing_is_left(&machine, run);
}

#[tokio::test]
async fn a_killed_bubblewrap_is_a_named_end_and_leaves_nothing() {
    let machine = Machine::new();
    let (run, seen) = disturbed(&machine, |processes| send(processes.bwrap, Signal::KILL)).await;
    ends_with_the_host(&seen.ending, "the sandbox was ended by signal 9 from outside");
    nothing_is_left(&machine, run);
}

#[tokio::test]
async fn a_killed_supervisor_is_a_named_end_and_leaves_nothing() {
    let machine = Machine::new();
    let (run, seen) = disturbed(&machine, |processes| {
        send(processes.supervisor, Signal::KILL);
        // The kernel ends the sandbox, before anybody looks at the run.
        let runner = format!("/proc/{}", processes.runner);
        assert!(wait_for(Duration::from_secs(5), || !Path::new(&runner).exists()));
    })
    .await;
    ends_with_the_host(&seen.ending, "supervisor ended without a word");
    nothing_is_left(&machine, run);
    assert_eq!(machine.engine().runs().unwrap()[0].ending, Some(seen.ending));
}

#[tokio::test]
async fn a_supervisor_that_is_told_to_end_stops_its_run_first() {
    let machine = Machine::new();
    let run = launch(&machine, Job::CleanUpOnStop).await;
    let frames = machine.run_dir(run).join("frames");
    assert!(wait_for(Duration::from_secs(10), || fs::read_to_string(&frames)
        .unwrap()
        .contains("ready")));
    send(Processes::of(&machine, run).supervisor, Signal::TERM);
    let seen = observe_to_the_end(&machine, run).await;
    ends_with_the_host(&seen.ending, "supervisor was told to end");
    assert_eq!(seen.output().0, "ready\ncleaned up\n");
    nothing_is_left(&machine, run);
}

#[tokio::test]
async fn a_supervisor_is_nobodys_child_and_in_nobodys_session() {
    let machine = Machine::new();
    let (_, seen) = disturbed(&machine, |processes| {
        let own = i32::try_from(std::process::id()).unwrap();
        assert_ne!(parent(processes.supervisor), own);
        assert_ne!(field(processes.supervisor, SESSION), field(own, SESSION));
        assert_eq!(field(processes.supervisor, TERMINAL), 0);
        send(processes.supervisor, Signal::HUP);
    })
    .await;
    ends_with_the_host(&seen.ending, "supervisor was told to end");
}

/// Not a test of its own: the program that launches a run and is then killed. Started by the test below.
#[tokio::test]
#[ignore = "started by another test, in a process of its own"]
async fn launcher_that_will_be_killed() {
    // Its folder is the other test's, which removes it: this program will not come to that.
    let there = PathBuf::from(std::env::var_os("TEST_STATE_DIR").unwrap());
    let config = common::config_in(&there);
    let text = "i=1; while [ $i -le 40 ]; do echo line $i; sleep 0.05; i=$((i + 1)); done; exit 4";
    let permit = common::permit(&Setup::default(), "job", &["sh", text]);
    let launched = LocalEngine::new(config)
        .launch(permit, engine::conformance::new_call())
        .await
        .unwrap();
    fs::write(there.join("launched"), launched.run.to_string()).unwrap();
    std::thread::sleep(Duration::from_mins(1));
}

#[tokio::test]
async fn a_run_outlives_the_program_that_launched_it_and_tells_every_line_once() {
    let machine = Machine::new();
    let mut launcher = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "launcher_that_will_be_killed", "--ignored"])
        .env("TEST_STATE_DIR", machine.folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let told = machine.folder.path().join("launched");
    let run = || fs::read_to_string(&told).ok()?.parse::<RunId>().ok();
    assert!(
        wait_for(Duration::from_mins(1), || run().is_some()),
        "nothing was launched"
    );
    launcher.kill().unwrap();
    launcher.wait().unwrap();

    let run = run().unwrap();
    let seen = observe_to_the_end(&machine, run).await;
    assert_eq!(seen.ending, Ending::Exited { code: 4 });
    let expected: Vec<String> = (1..=40).map(|number| format!("line {number}")).collect();
    assert_eq!(seen.output().0.lines().collect::<Vec<_>>(), expected);
    nothing_is_left(&machine, run);
}

/// Not a test of its own: launches under the key that it is told, and is killed somewhere on the way.
#[tokio::test]
#[ignore = "started by another test, in a process of its own"]
async fn launcher_under_a_given_key() {
    // Its folder is the other test's, which removes it: this program will not come to that.
    let there = PathBuf::from(std::env::var_os("TEST_STATE_DIR").unwrap());
    let config = common::config_in(&there);
    fs::write(there.join("begun"), "").unwrap();
    drop(LocalEngine::new(config).launch(once(), given_call()).await);
}

fn given_call() -> Call {
    Call {
        key: "a-key-of-a-pipeline".parse().unwrap(),
        origin: Origin::default(),
    }
}

/// Counts how often it has run, in a volume.
fn once() -> Permit {
    let setup = Setup {
        volumes: common::table(&[("count", "/count")]),
        ..Setup::default()
    };
    common::permit(&setup, "job", &["sh", "echo ran >> /count/runs; echo done"])
}

/// Whatever the moment at which a launcher dies: its key is not dead, and the job runs once.
#[tokio::test]
async fn a_launch_that_was_killed_anywhere_is_finished_by_its_repetition_and_runs_once() {
    for delay_ms in (0..48).step_by(3) {
        let machine = Machine::new();
        let mut program = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "launcher_under_a_given_key", "--ignored"])
            .env("TEST_STATE_DIR", machine.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = machine.folder.path().join("begun");
        assert!(
            wait_for(Duration::from_mins(1), || begun.exists()),
            "the launcher did not begin"
        );
        std::thread::sleep(Duration::from_millis(delay_ms));
        program.kill().unwrap();
        program.wait().unwrap();

        let launched = machine.engine.launch(once(), given_call()).await.unwrap();
        let seen = observe_to_the_end(&machine, launched.run).await;
        assert_eq!(seen.ending, Ending::Exited { code: 0 }, "killed after {delay_ms} ms");
        assert_eq!(seen.output().0, "done\n");
        let runs = fs::read_to_string(machine.config.state_dir.join("volumes/count/runs")).unwrap();
        assert_eq!(runs, "ran\n", "killed after {delay_ms} ms");
        assert_eq!(machine.engine.runs().unwrap().len(), 1);
        nothing_is_left(&machine, launched.run);
    }
}
