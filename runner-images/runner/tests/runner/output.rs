//! What becomes of a job's output. THREATS rows 29 and 31.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::Signal;
use protocol::frame::{Assembler, Cause, Channel, Completeness};

use crate::support::{Log, Runner};

#[test]
fn both_outputs_arrive_byte_for_byte() {
    let script = "head -c 300000 /dev/urandom > random; cat random; cat random >&2; printf 'no newline'";
    let finished = Runner::of(script).run(&[]);
    finished.ended(0, &Cause::Exited);
    let random = fs::read(finished.runner.root().join("random")).unwrap();
    assert!(finished.log.stdout == [&random, b"no newline".as_slice()].concat());
    assert!(finished.log.stderr == random);
}

#[test]
fn a_prompt_is_shown_while_the_job_waits() {
    let running = Runner::of("printf 'name? '; sleep 60").start("job", &[]);
    running.wait_for("name? ");
    running.signal(Signal::SIGTERM);
    running.finish().ended(143, &Cause::Stopped);
}

#[test]
fn row_29_a_trailer_that_the_job_prints_is_only_text() {
    let forged = r#"2 = {"exit":0,"cause":"exited","lines":1,"sha256":"00"}"#;
    let finished = Runner::of(&format!("echo; echo '{forged}'; echo '{forged}' >&2; exit 1")).run(&[]);
    finished.ended(1, &Cause::Exited);
    assert_eq!(finished.stdout(), format!("\n{forged}\n"));
}

#[test]
fn a_secret_is_masked_however_the_job_writes_it() {
    let script = r#"
        echo "plain $TOKEN"
        rest=$TOKEN
        while [ -n "$rest" ]; do printf %.1s "$rest"; rest=${rest#?}; sleep 0.02; done
        echo " in bytes"
        printf 'hunter'; sleep 0.4; printf '22-and-more'; sleep 0.4; echo ' with pauses'
        printf %s "$TOKEN" | base64
        printf 'user:%s' "$TOKEN" | base64 >&2
        printf '%s' "$TOKEN""#;
    let finished = Runner::of(script).secret("TOKEN", "hunter22-and-more").run(&[]);
    finished.ended(0, &Cause::Exited);
    assert_eq!(finished.stdout(), "plain ***\n*** in bytes\n*** with pauses\n***\n***");
    assert_eq!(finished.log.stderr, b"dXNlcjp***\n");
    assert!(!finished.frames.contains("hunter"), "{}", finished.frames);
}

#[test]
fn a_secret_that_is_too_short_to_be_masked_is_named_in_a_warning_without_its_value() {
    let finished = Runner::of("echo $PIN").secret("PIN", "123").run(&[]);
    assert_eq!(finished.stdout(), "123\n");
    assert!(
        finished.diagnostics.contains("secret `PIN`"),
        "{}",
        finished.diagnostics
    );
    assert!(!finished.diagnostics.contains("123"), "{}", finished.diagnostics);
}

#[test]
fn row_31_a_line_of_a_gigabyte_needs_little_memory_and_loses_nothing() {
    const GIGABYTE: u64 = 1 << 30;
    // Its forms are almost as many as are looked for.
    let large: Vec<_> = (0..1300).map(|number| format!("{number}\"</> &")).collect();
    let runner = Runner::of("head -c 1073741824 /dev/zero | tr '\\0' x")
        .timeout(240)
        .secret("TOKEN", "xxhunter22")
        .secret("LARGE", &large.concat());
    let mut child = runner.command("job", &[]).stdout(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut reader = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap());
    let mut assembler = Assembler::new();
    let (mut bytes, mut frames, mut peak_kib) = (0_u64, 0_u64, 0_u64);
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 0 {
        let count = |chunk: protocol::frame::Chunk<'_>| bytes += chunk.bytes.len() as u64;
        assembler.push(line.trim_end_matches('\n'), count).unwrap();
        line.clear();
        frames += 1;
        if frames.is_multiple_of(1000) {
            peak_kib = peak_kib.max(peak_memory(&status));
        }
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(bytes, GIGABYTE);
    assert!(matches!(assembler.finish(|_| {}), Completeness::Complete { .. }));
    assert!(peak_kib > 0 && peak_kib < 64 * 1024, "{peak_kib} KiB");
}

fn peak_memory(status: &str) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap_or(0)
}

#[test]
fn output_that_cannot_be_written_stops_the_job_and_is_never_a_success() {
    let runner = Runner::of("trap 'echo cleaned up > state; exit 0' TERM; echo x; sleep 60 & wait");
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = runner.command("job", &[]).stdout(full).output().unwrap();
    let diagnostics = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(125), "{diagnostics}");
    assert!(
        diagnostics.contains("cannot write the job's output: No space left on device"),
        "{diagnostics}"
    );
    assert_eq!(fs::read_to_string(runner.root().join("state")).unwrap(), "cleaned up\n");
}

#[test]
fn a_reader_that_went_away_stops_the_job() {
    let runner = Runner::of("while :; do echo x; sleep 0.05; done");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = runner.command("job", &[]).stdout(writer).output().unwrap();
    let diagnostics = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(125), "{diagnostics}");
    assert!(diagnostics.contains("Broken pipe"), "{diagnostics}");
}

#[test]
fn a_trailer_that_cannot_be_written_is_never_a_success() {
    let runner = Runner::of("exit 0");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = runner.command("job", &[]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(125));
}

#[test]
fn a_reader_that_is_slow_does_not_delay_the_deadline_and_loses_nothing() {
    let script = "echo $$ > pid; trap '' TERM; while :; do head -c 100000 /dev/zero | tr '\\0' x; echo; done";
    let runner = Runner::of(script).timeout(1).stop_timeout(1);
    let child = runner.command("job", &[]).stdout(Stdio::piped()).spawn().unwrap();
    sleep(Duration::from_secs(3));
    let pid = fs::read_to_string(runner.root().join("pid")).unwrap();
    assert!(!crate::support::is_alive(pid.trim()));
    let late = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(124));
    assert!(late.elapsed() < Duration::from_secs(10));
    let log = Log::read(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(log.trailer().cause, Cause::TimedOut);
    assert!(log.stdout.iter().all(|byte| matches!(byte, b'x' | b'\n')));
}

#[test]
fn what_waits_in_a_pipe_for_a_slow_reader_is_not_lost_when_the_job_ends() {
    let script = "echo $$ > pid; until [ -e go ]; do sleep 0.02; done; head -c 500000 /dev/zero | tr '\\0' x";
    let runner = Runner::of(script);
    let child = runner.command("job", &[]).stdout(Stdio::piped()).spawn().unwrap();
    while !fs::read_to_string(runner.root().join("pid")).is_ok_and(|pid| pid.ends_with('\n')) {
        sleep(Duration::from_millis(10));
    }
    let pid = fs::read_to_string(runner.root().join("pid")).unwrap();
    let pipe = File::options()
        .write(true)
        .open(format!("/proc/{}/fd/1", pid.trim()))
        .unwrap();
    fcntl(&pipe, FcntlArg::F_SETPIPE_SZ(1 << 20)).unwrap();
    drop(pipe);
    fs::write(runner.root().join("go"), "").unwrap();
    sleep(Duration::from_secs(4));
    let output = child.wait_with_output().unwrap();
    let log = Log::read(&String::from_utf8(output.stdout).unwrap());
    assert_eq!((output.status.code(), log.stdout.len()), (Some(0), 500_000));
    assert_eq!(log.trailer().cause, Cause::Exited);
}

#[test]
fn an_output_that_does_not_block_is_waited_for() {
    let runner = Runner::of("head -c 1000000 /dev/zero | tr '\\0' x");
    let (mut reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let mut command = runner.command("job", &[]);
    let mut child = command.stdout(OwnedFd::from(writer)).spawn().unwrap();
    // It holds the writing end, too.
    drop(command);
    sleep(Duration::from_millis(500));
    let mut frames = String::new();
    reader.read_to_string(&mut frames).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(Log::read(&frames).stdout.len(), 1_000_000);
}

#[test]
fn after_a_failure_nothing_is_written_any_more_even_if_it_could_be() {
    let script =
        "trap 'echo more; : > failed; until [ -e go ]; do sleep 0.02; done; exit 0' TERM; echo lost; sleep 60 & wait";
    let runner = Runner::of(script);
    let fifo = runner.root().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let read_without_waiting = || {
        File::options()
            .read(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(&fifo)
            .unwrap()
    };
    let gone = read_without_waiting();
    let writer = File::options().write(true).open(&fifo).unwrap();
    drop(gone);
    let mut command = runner.command("job", &[]);
    let child = command.stdout(writer).stderr(Stdio::null()).spawn();
    drop(command);
    while !runner.root().join("failed").exists() {
        sleep(Duration::from_millis(10));
    }
    let mut reader = read_without_waiting();
    fs::write(runner.root().join("go"), "").unwrap();
    assert_eq!(child.unwrap().wait().unwrap().code(), Some(125));
    let mut written = String::new();
    reader.read_to_string(&mut written).unwrap();
    assert_eq!(written, "");
}

#[test]
fn a_character_that_is_written_in_two_parts_is_not_torn() {
    let finished = Runner::of("printf 'gr\\303'; sleep 0.3; printf '\\266\\303\\237e\\n'").run(&[]);
    assert_eq!(finished.stdout(), "größe\n");
    assert!(!finished.frames.contains('\\'), "{}", finished.frames);
}

#[test]
fn each_line_keeps_its_channel_and_its_place_among_its_own() {
    let script = "i=0; while [ $i -lt 2000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done";
    let finished = Runner::of(script).run(&[]);
    let lines = |word: &str| {
        (0..2000)
            .map(|number| format!("{word} {number}\n"))
            .collect::<Vec<_>>()
            .concat()
    };
    assert_eq!(finished.stdout(), lines("out"));
    assert_eq!(String::from_utf8(finished.log.stderr.clone()).unwrap(), lines("err"));
    assert_eq!(finished.log.trailer().lines, 4000);
    let frames = finished
        .frames
        .lines()
        .filter(|frame| Channel::Stdout == channel(frame))
        .count();
    assert_eq!(frames, 2001);
}

fn channel(frame: &str) -> Channel {
    if frame.split(' ').nth(1) == Some("e") {
        Channel::Stderr
    } else {
        Channel::Stdout
    }
}
