//! Nothing that a job started outlives it, and nothing that it left delays the end or costs output.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use protocol::frame::Cause;

use crate::support::{Runner, is_alive};

const CONTAINER: [&str; 9] = [
    "bwrap",
    "--dev-bind",
    "/",
    "/",
    "--unshare-pid",
    "--proc",
    "/proc",
    "--as-pid-1",
    "--",
];

#[test]
fn a_background_process_that_holds_the_pipes_does_not_delay_the_end() {
    let finished = Runner::of("sleep 300 & echo $!").run(&[]);
    finished.ended(0, &Cause::Exited);
    assert!(finished.took < Duration::from_secs(5), "{:?}", finished.took);
    assert!(!is_alive(finished.stdout().trim()));
}

#[test]
fn what_a_background_process_writes_shortly_after_the_end_is_not_lost() {
    let finished = Runner::of("(sleep 0.2; echo late; echo later >&2) & echo early").run(&[]);
    finished.ended(0, &Cause::Exited);
    assert_eq!(finished.stdout(), "early\nlate\n");
    assert_eq!(finished.log.stderr, b"later\n");
}

#[test]
fn what_a_script_wrote_right_before_it_was_killed_is_not_lost() {
    let finished = Runner::of("head -c 60000 /dev/zero | tr '\\0' x; kill -KILL $$").run(&[]);
    finished.ended(137, &Cause::Signalled { signal: 9 });
    assert_eq!(finished.log.stdout.len(), 60_000);
}

#[test]
fn processes_that_left_the_jobs_session_are_killed_too() {
    let script = "setsid sh -c 'trap \"\" TERM HUP; echo $$; sleep 300' > left 2>&1 < /dev/null &
        until [ -s left ]; do sleep 0.02; done";
    let finished = Runner::of(script).run(&[]);
    finished.ended(0, &Cause::Exited);
    let pid = fs::read_to_string(finished.runner.root().join("left")).unwrap();
    assert!(!is_alive(pid.trim()));
}

#[test]
fn orphans_are_reaped_while_the_job_runs() {
    let running = Runner::of("for i in 1 2 3 4 5; do (sleep 0.1 & echo $!); done; sleep 0.4; echo ready; sleep 60")
        .start("job", &[]);
    running.wait_for("ready\n");
    let own = format!(" {} ", running.pid());
    let is_zombie_of_ours = |stat: String| {
        let after_name = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned());
        after_name.is_some_and(|rest| rest.starts_with('Z') && rest.get(1..).is_some_and(|rest| rest.starts_with(&own)))
    };
    let give_up = Instant::now() + Duration::from_secs(5);
    loop {
        let stats = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .map(|entry| entry.path().join("stat"));
        let zombies = stats
            .flat_map(fs::read_to_string)
            .filter(|stat| is_zombie_of_ours(stat.clone()))
            .count();
        if zombies == 0 {
            break;
        }
        assert!(Instant::now() < give_up, "{zombies} zombies");
        sleep(Duration::from_millis(20));
    }
    running.signal(Signal::SIGTERM);
    let finished = running.finish();
    finished.ended(143, &Cause::Stopped);
    let orphans = finished.stdout();
    assert_eq!(
        orphans
            .lines()
            .filter(|line| *line != "ready")
            .filter(|pid| is_alive(pid))
            .count(),
        0
    );
}

#[test]
fn as_the_first_process_of_a_container_it_ends_everything_at_the_deadline() {
    let script = "setsid sh -c 'trap \"\" TERM; sleep 300' > /dev/null 2>&1 & trap '' TERM; echo $PPID; sleep 300";
    let finished = Runner::of(script).by(&CONTAINER).timeout(1).stop_timeout(1).run(&[]);
    finished.ended(124, &Cause::TimedOut);
    assert_eq!(finished.stdout(), "1\n");
    assert!(finished.took < Duration::from_secs(10), "{:?}", finished.took);
}

#[test]
fn as_the_first_process_of_a_container_it_passes_signals_on() {
    let script = "trap 'exit 9' TERM; kill -TERM $PPID; sleep 300 & wait";
    Runner::of(script).by(&CONTAINER).run(&[]).ended(9, &Cause::Stopped);
}

#[test]
fn as_the_first_process_of_a_container_it_ends_what_is_never_long_enough_one_process_to_be_found() {
    let script = r#"
        if [ "$1" = hop ]; then "$0" hop > /dev/null 2>&1 & exit; fi
        for i in 1 2 3 4; do "$0" hop > /dev/null 2>&1 & done
        sleep 0.5"#;
    let finished = Runner::of(script).by(&CONTAINER).run(&[]);
    finished.ended(0, &Cause::Exited);
    assert!(finished.took < Duration::from_secs(4), "{:?}", finished.took);
}

#[test]
fn a_stranger_that_holds_the_pipe_does_not_delay_the_end() {
    let running = Runner::of("echo $$; until [ -e go ]; do sleep 0.02; done").start("job", &[]);
    let pid = running.wait_for_line();
    let held = fs::OpenOptions::new()
        .write(true)
        .open(format!("/proc/{pid}/fd/1"))
        .unwrap();
    fs::write(running.runner.root().join("go"), "").unwrap();
    let finished = running.finish();
    drop(held);
    finished.ended(0, &Cause::Exited);
    assert!(finished.took < Duration::from_secs(8), "{:?}", finished.took);
}
