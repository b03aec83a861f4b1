use protocol::frame::{Cause, Encoder};

use super::*;

const EXITED: Ending = Ending::Exited { code: 0 };

fn frames(lines: u32) -> Vec<String> {
    let mut encoder = Encoder::new();
    let mut text = Vec::new();
    for line in 1..=lines {
        let channel = if line % 3 == 0 {
            Channel::Stderr
        } else {
            Channel::Stdout
        };
        encoder.encode(channel, format!("line {line}\n").as_bytes(), &mut text);
    }
    encoder.finish(0, Cause::Exited, &mut text).unwrap();
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

fn text(pieces: &[Piece], channel: Channel) -> String {
    let of_channel = pieces.iter().filter(|piece| piece.channel == channel);
    of_channel.map(|piece| String::from_utf8_lossy(&piece.bytes)).collect()
}

#[test]
fn lines_of_one_channel_are_handed_on_together_and_the_order_of_the_channels_is_kept() {
    let mut log = Log::default();
    let pieces = log.take(&frames(4), Instant::now());
    let shown: Vec<_> = pieces
        .iter()
        .map(|piece| (piece.channel, piece.bytes.as_slice()))
        .collect();
    let expected = [
        (Channel::Stdout, b"line 1\nline 2\n".as_slice()),
        (Channel::Stderr, b"line 3\n"),
        (Channel::Stdout, b"line 4\n"),
    ];
    assert_eq!(shown, expected);
    assert!(log.is_complete());
    assert_eq!(log.finish(&EXITED), (Vec::new(), Verdict::Complete, None));
}

#[test]
fn a_store_that_reorders_and_repeats_changes_nothing() {
    let mut log = Log::default();
    let mut mixed = frames(50);
    mixed.reverse();
    mixed.extend(frames(50));
    let pieces = log.take(&mixed, Instant::now());
    let stdout = (1..=50).filter(|line| line % 3 != 0);
    let expected: Vec<String> = stdout.map(|line| format!("line {line}\n")).collect();
    assert_eq!(text(&pieces, Channel::Stdout), expected.concat());
    assert_eq!(log.finish(&EXITED).1, Verdict::Complete);
}

#[test]
fn a_missing_line_holds_up_the_output_for_thirty_seconds_and_is_named_at_the_end() {
    let mut log = Log::default();
    let mut some = frames(5);
    some.remove(1);
    let begun = Instant::now();
    assert_eq!(text(&log.take(&some, begun), Channel::Stdout), "line 1\n");
    assert_eq!(log.take(&[], begun + Duration::from_secs(29)), []);
    let late = log.take(&[], begun + Duration::from_secs(30));
    assert_eq!(text(&late, Channel::Stdout), "line 4\nline 5\n");
    let why = "line 2 is missing".to_owned();
    assert_eq!(log.finish(&EXITED).1, Verdict::Incomplete { why });
}

#[test]
fn the_end_shows_what_still_waited_for_a_missing_line() {
    let mut log = Log::default();
    let mut some = frames(6);
    some.drain(1..3);
    log.take(&some, Instant::now());
    let (pieces, verdict, _) = log.finish(&EXITED);
    assert_eq!(text(&pieces, Channel::Stdout), "line 4\nline 5\n");
    let why = "2 lines are missing, the first is line 2".to_owned();
    assert_eq!(verdict, Verdict::Incomplete { why });
}

#[test]
fn a_log_without_its_trailer_is_never_complete() {
    let mut log = Log::default();
    let mut some = frames(2);
    some.pop();
    log.take(&some, Instant::now());
    assert!(!log.is_complete());
    assert!(matches!(log.finish(&EXITED).1, Verdict::Incomplete { why } if why.contains("stops after 2 lines")));
}

#[test]
fn a_run_that_never_started_has_nothing_to_miss() {
    let ending = Ending::FailedToStart { reason: String::new() };
    assert_eq!(Log::default().finish(&ending).1, Verdict::Complete);
    assert_ne!(Log::default().finish(&EXITED).1, Verdict::Complete);
}

#[test]
fn entries_that_are_no_frames_make_the_log_incomplete() {
    let mut log = Log::default();
    let mut some = frames(1);
    some.insert(0, "what is this".to_owned());
    log.take(&some, Instant::now());
    let why = "entries of the log could not be read: 1".to_owned();
    assert_eq!(log.finish(&EXITED).1, Verdict::Incomplete { why });
}

#[test]
fn a_changed_line_is_noticed() {
    let mut log = Log::default();
    let mut some = frames(2);
    some[0] = "1 o line X".to_owned();
    log.take(&some, Instant::now());
    assert!(matches!(log.finish(&EXITED).1, Verdict::Incomplete { why } if why.contains("digest differs")));
}

#[test]
fn a_runner_that_reports_another_code_than_the_engine_is_remarked() {
    let mut log = Log::default();
    log.take(&frames(1), Instant::now());
    let remark = log.finish(&Ending::Exited { code: 1 }).2;
    let expected = "the runner reports exit code 0, the engine 1: the engine's counts";
    assert_eq!(remark.as_deref(), Some(expected));
}
