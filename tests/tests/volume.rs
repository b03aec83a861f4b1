//! A gigabyte of output: nothing is lost, and neither the CLI nor the runner needs memory for it.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use e2e::product::Place;

const MEBIBYTES: u64 = 1024;
/// What the CLI and the runner may use at most.
const LIMIT_KIB: u64 = 64 * 1024;

#[test]
fn a_gigabyte_arrives_whole_while_cli_and_runner_stay_under_64_mib() {
    let place = Place::new();
    let mut cli = place
        .jobs()
        .args(["--", "jobs", "flood", &format!("--mebibytes={MEBIBYTES}")])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the CLI starts");

    let done = Arc::new(AtomicBool::new(false));
    let watcher = std::thread::spawn({
        let (done, id, path) = (Arc::clone(&done), cli.id(), place.path().display().to_string());
        move || watch(&done, id, &path)
    });

    let mut out = BufReader::with_capacity(1 << 20, cli.stdout.take().expect("it is a pipe"));
    let mut line = Vec::new();
    let mut lines = 0_u64;
    while out.read_until(b'\n', &mut line).expect("the pipe can be read") > 0 {
        lines += 1;
        assert_eq!(line.len(), 1024, "line {lines}");
        assert!(
            line.starts_with(format!("{lines:010} abcdefgh").as_bytes()),
            "line {lines}: {}",
            String::from_utf8_lossy(&line)
        );
        line.clear();
    }
    let code = cli.wait().expect("the CLI ends").code();
    done.store(true, Ordering::Relaxed);
    let (cli_peak, runner_peak) = watcher.join().expect("the watcher ends");
    eprintln!("peak of the CLI: {cli_peak} KiB, of the runner: {runner_peak} KiB");

    assert_eq!(lines, MEBIBYTES * 1024);
    assert_eq!(code, Some(0));
    assert!((1..LIMIT_KIB).contains(&cli_peak), "the CLI used {cli_peak} KiB");
    assert!(
        (1..LIMIT_KIB).contains(&runner_peak),
        "the runner used {runner_peak} KiB"
    );
    place.assert_nothing_is_left();
}

/// The highest peaks of the CLI and of the runner that were seen, in KiB.
fn watch(done: &AtomicBool, cli: u32, path: &str) -> (u64, u64) {
    let (mut cli_peak, mut runner_peak) = (0, 0);
    while !done.load(Ordering::Relaxed) {
        cli_peak = cli_peak.max(peak(&cli.to_string()));
        for entry in std::fs::read_dir("/proc")
            .expect("/proc is there")
            .filter_map(Result::ok)
        {
            let id = entry.file_name().to_string_lossy().into_owned();
            let read = |file: &str| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
            if read("comm").trim() == "deploy-runner" && read("mountinfo").contains(path) {
                runner_peak = runner_peak.max(peak(&id));
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    (cli_peak, runner_peak)
}

fn peak(id: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
