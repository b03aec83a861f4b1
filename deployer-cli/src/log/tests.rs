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
    let pieces = log.take(OutputForm::Framed, &frames(4), Instant::now());
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
    assert_eq!(log.finish(&EXITED), nothing_more(Verdict::Complete));
}

#[test]
fn a_store_that_reorders_and_repeats_changes_nothing() {
    let mut log = Log::default();
    let mut mixed = frames(50);
    mixed.reverse();
    mixed.extend(frames(50));
    let pieces = log.take(OutputForm::Framed, &mixed, Instant::now());
    let stdout = (1..=50).filter(|line| line % 3 != 0);
    let expected: Vec<String> = stdout.map(|line| format!("line {line}\n")).collect();
    assert_eq!(text(&pieces, Channel::Stdout), expected.concat());
    assert_eq!(log.finish(&EXITED).verdict, Verdict::Complete);
}

#[test]
fn a_missing_line_holds_up_the_output_for_ninety_seconds_and_is_named_at_the_end() {
    let mut log = Log::default();
    let mut some = frames(5);
    some.remove(1);
    let begun = Instant::now();
    assert_eq!(
        text(&log.take(OutputForm::Framed, &some, begun), Channel::Stdout),
        "line 1\n"
    );
    assert_eq!(log.take(OutputForm::Framed, &[], begun + Duration::from_secs(89)), []);
    let late = log.take(OutputForm::Framed, &[], begun + Duration::from_secs(90));
    assert_eq!(text(&late, Channel::Stdout), "line 4\nline 5\n");
    let why = "line 2 is missing".to_owned();
    assert_eq!(log.finish(&EXITED).verdict, Verdict::Incomplete { why });
}

#[test]
fn the_end_shows_what_still_waited_for_a_missing_line() {
    let mut log = Log::default();
    let mut some = frames(6);
    some.drain(1..3);
    log.take(OutputForm::Framed, &some, Instant::now());
    let Finish { pieces, verdict, .. } = log.finish(&EXITED);
    assert_eq!(text(&pieces, Channel::Stdout), "line 4\nline 5\n");
    let why = "2 lines are missing, the first is line 2".to_owned();
    assert_eq!(verdict, Verdict::Incomplete { why });
}

#[test]
fn a_log_without_its_trailer_is_never_complete() {
    let mut log = Log::default();
    let mut some = frames(2);
    some.pop();
    log.take(OutputForm::Framed, &some, Instant::now());
    assert!(!log.is_complete());
    assert!(matches!(log.finish(&EXITED).verdict, Verdict::Incomplete { why } if why.contains("stops after 2 lines")));
}

#[test]
fn a_run_that_never_started_has_nothing_to_miss() {
    let ending = Ending::FailedToStart { reason: String::new() };
    assert_eq!(Log::default().finish(&ending).verdict, Verdict::Complete);
    assert_ne!(Log::default().finish(&EXITED).verdict, Verdict::Complete);
}

#[test]
fn an_entry_that_is_no_frame_goes_to_standard_error_once_and_leaves_nothing_out() {
    let mut log = Log::default();
    let mut some = frames(1);
    let word = "deploy-runner: cannot start the job";
    some.insert(0, word.to_owned());
    some.push(word.to_owned());
    let pieces = log.take(OutputForm::Framed, &some, Instant::now());
    assert_eq!(text(&pieces, Channel::Stderr), format!("{word}\n"));
    assert_eq!(text(&pieces, Channel::Stdout), "line 1\n");
    assert_eq!(log.finish(&EXITED), nothing_more(Verdict::Complete));
}

#[test]
fn a_flood_of_entries_that_are_no_frames_is_cut_off_and_makes_the_log_incomplete() {
    let mut log = Log::default();
    let flood: Vec<String> = (0..MAX_WORDS_OF_THE_RUNNER + 3)
        .map(|number| format!("word {number}"))
        .collect();
    let pieces = log.take(OutputForm::Framed, &flood, Instant::now());
    assert_eq!(text(&pieces, Channel::Stderr).lines().count(), MAX_WORDS_OF_THE_RUNNER);
    log.take(OutputForm::Framed, &frames(1), Instant::now());
    let why = "entries of the log could not be read: 3".to_owned();
    assert_eq!(log.finish(&EXITED).verdict, Verdict::Incomplete { why });
}

#[test]
fn a_broken_frame_makes_the_log_incomplete() {
    for broken in ["7 = {\"exit\":0}", "8 o \\q", "9 = not json"] {
        let mut log = Log::default();
        let mut some = frames(1);
        some.insert(0, broken.to_owned());
        let pieces = log.take(OutputForm::Framed, &some, Instant::now());
        assert_eq!(text(&pieces, Channel::Stderr), "", "{broken}");
        let why = "entries of the log could not be read: 1".to_owned();
        assert_eq!(log.finish(&EXITED).verdict, Verdict::Incomplete { why }, "{broken}");
    }
}

#[test]
fn raw_lines_go_to_standard_output_as_they_are_and_prove_nothing() {
    let mut log = Log::default();
    let lines = ["1 o looks like a frame".to_owned(), String::new(), "last".to_owned()];
    let pieces = log.take(OutputForm::Raw, &lines, Instant::now());
    assert_eq!(text(&pieces, Channel::Stdout), "1 o looks like a frame\n\nlast\n");
    assert!(!log.is_complete());
    assert_eq!(log.finish(&EXITED), nothing_more(Verdict::NotProven));
}

#[test]
fn a_raw_log_is_never_proven_whatever_frames_came_besides() {
    let mut log = Log::default();
    log.take(OutputForm::Framed, &frames(1), Instant::now());
    log.take(OutputForm::Raw, &[], Instant::now());
    assert!(!log.is_complete());
    assert_eq!(log.finish(&EXITED).verdict, Verdict::NotProven);
}

#[test]
fn a_changed_line_is_noticed() {
    let mut log = Log::default();
    let mut some = frames(2);
    some[0] = "1 o line X".to_owned();
    log.take(OutputForm::Framed, &some, Instant::now());
    assert!(matches!(log.finish(&EXITED).verdict, Verdict::Incomplete { why } if why.contains("digest differs")));
}

#[test]
fn a_runner_that_reports_another_code_than_the_engine_is_remarked() {
    let mut log = Log::default();
    log.take(OutputForm::Framed, &frames(1), Instant::now());
    let remark = log.finish(&Ending::Exited { code: 1 }).remark;
    let expected = "the runner reports exit code 0, the engine 1: the engine's counts";
    assert_eq!(remark.as_deref(), Some(expected));
}

fn nothing_more(verdict: Verdict) -> Finish {
    Finish {
        pieces: Vec::new(),
        verdict,
        remark: None,
        reports: Vec::new(),
    }
}

#[test]
fn a_report_is_no_output_and_is_kept_for_the_end() {
    let report = Report::parse(br#"{"report":"plan"}"#).unwrap();
    let mut encoder = Encoder::new();
    let mut text = Vec::new();
    encoder.encode(Channel::Stderr, b"{\"report\":\"forged\"}\n", &mut text);
    encoder.report(&report, &mut text).unwrap();
    encoder.finish(0, Cause::Exited, &mut text).unwrap();
    let frames: Vec<String> = String::from_utf8(text).unwrap().lines().map(str::to_owned).collect();
    let mut log = Log::default();
    let pieces = log.take(OutputForm::Framed, &frames, Instant::now());
    assert_eq!(pieces.len(), 1);
    assert_eq!(pieces[0].bytes, b"{\"report\":\"forged\"}\n");
    let finish = log.finish(&EXITED);
    assert_eq!((finish.verdict, finish.reports), (Verdict::Complete, vec![report]));
}
