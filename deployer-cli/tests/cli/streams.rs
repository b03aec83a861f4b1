use std::fs::{self, OpenOptions};
use std::io::Read;

use crate::support::{Place, Running, code, stderr, stdout};

const BYTES: &[u8] = b"a\0b\xff\r\n\x1b[31mred\x1b]0;title\x07\n::set-env name=X::y\nno newline";

#[test]
fn a_pipe_gets_the_exact_bytes() {
    let output = Place::new().job(&["--do=bytes"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(output.stdout, BYTES);
}

#[test]
fn a_ci_log_gets_no_workflow_command_and_no_title_unless_raw_output_is_asked_for() {
    let place = Place::new();
    let run = |args: &[&str]| {
        let mut command = place.command(&[args, &["--", "box", "job", "--do=bytes"]].concat());
        command.env("GITHUB_ACTIONS", "true").env("CI", "true");
        Running::start(&mut command).output()
    };
    let safe = String::from_utf8_lossy(&run(&[]).stdout).into_owned();
    assert!(!safe.lines().any(|line| line.starts_with("::set-env")), "{safe:?}");
    assert!(!safe.contains("\x1b]0;"), "{safe:?}");
    assert!(safe.contains("\x1b[31mred"), "{safe:?}");
    assert_eq!(run(&["--raw-output"]).stdout, BYTES);
}

#[test]
fn a_reader_that_leaves_early_changes_nothing_but_what_is_shown() {
    let place = Place::new();
    let mut running = place.start(&[
        "--result-file=result.json",
        "--",
        "box",
        "job",
        "--do=lines",
        "--count=200000",
    ]);
    let mut first = [0; 4];
    running.child().stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"1\n2\n");
    running.close_stdout();
    let output = running.output();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("closed by its reader"), "{}", stderr(&output));
    let result = place.json("result.json");
    assert_eq!(
        (&result["exit_code"], &result["logs_complete"]),
        (&0.into(), &true.into())
    );
}

#[test]
fn a_full_disk_behind_our_output_is_told_and_the_lines_can_be_read_again() {
    let place = Place::new();
    let run = |args: &[&str]| {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let words = ["--", "box", "job", "--do=hello"];
        Running::start(place.command(&[args, &words].concat()).stdout(full)).output()
    };
    let output = run(&["--result-file=result.json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("No space left on device"),
        "{}",
        stderr(&output)
    );
    let result = place.json("result.json");
    assert_eq!(result["logs_complete"], false);
    assert_eq!(code(&run(&["--require-complete-logs"])), 123);
    let again = place.run(&["attach", result["run"].as_str().unwrap()]);
    assert_eq!(stdout(&again), "to stdout\n");
}

#[test]
fn a_closed_standard_error_stops_nothing() {
    let place = Place::new();
    let mut running = place.start(&["--", "box", "job", "--do=hello"]);
    drop(running.child().stderr.take());
    let output = running.output();
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "to stdout\n"));
}

#[test]
fn many_lines_arrive_in_order_and_our_memory_stays_small() {
    let place = Place::new();
    let mut running = place.start(&["--", "box", "job", "--do=many", "--count=100000000"]);
    let pid = running.child().id();
    let mut stream = running.child().stdout.take().unwrap();
    let mut buffer = vec![0; 1 << 20];
    let (mut total, mut peak_kib) = (0_usize, 0);
    loop {
        let read = stream.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        total += read;
        peak_kib = peak_kib.max(peak_of(pid));
    }
    assert_eq!(code(&running.output()), 0);
    assert_eq!(total, 100_000_000);
    assert!(peak_kib > 0 && peak_kib < 64 * 1024, "{peak_kib} KiB");
}

fn peak_of(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_default()
}
