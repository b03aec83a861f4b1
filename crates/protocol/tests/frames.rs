//! Claims about the log frame format: exact bytes through any store, and no loss unnoticed.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed expectation is a failed test"
)]

use proptest::prelude::*;
use protocol::frame::{
    AssembleError, Assembler, Body, Cause, Channel, Chunk, Completeness, Encoder, FrameError, Kind, MAX_FRAME_BYTES,
    MAX_REPORT_BYTES, Report, ReportError, decode,
};

type Writes = Vec<(Channel, Vec<u8>)>;

fn frames_of(writes: &Writes) -> Vec<String> {
    frames_ended_by(writes, Cause::Exited)
}

fn frames_ended_by(writes: &Writes, cause: Cause) -> Vec<String> {
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    for (channel, bytes) in writes {
        encoder.encode(*channel, bytes, &mut out);
    }
    encoder.finish(0, cause, &mut out).unwrap();
    let text = String::from_utf8(out).expect("frames are UTF-8");
    text.strip_suffix('\n')
        .expect("a line end")
        .split('\n')
        .map(str::to_owned)
        .collect()
}

#[derive(Debug, Default, PartialEq)]
struct Outputs {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Outputs {
    fn of(writes: &Writes) -> Self {
        let mut outputs = Self::default();
        for (channel, bytes) in writes {
            outputs.channel(*channel).extend_from_slice(bytes);
        }
        outputs
    }

    fn channel(&mut self, channel: Channel) -> &mut Vec<u8> {
        match channel {
            Channel::Stdout => &mut self.stdout,
            Channel::Stderr => &mut self.stderr,
        }
    }

    fn add(&mut self, chunk: &Chunk<'_>) {
        chunk.append_to(self.channel(chunk.channel));
    }
}

fn assemble<'a>(frames: impl IntoIterator<Item = &'a String>) -> (Outputs, Completeness) {
    let mut outputs = Outputs::default();
    let mut assembler = Assembler::new();
    for frame in frames {
        assembler.push(frame, |chunk| outputs.add(&chunk)).unwrap();
    }
    let completeness = assembler.finish(|chunk| outputs.add(&chunk));
    (outputs, completeness)
}

fn stdout(bytes: &[u8]) -> Writes {
    vec![(Channel::Stdout, bytes.to_vec())]
}

#[track_caller]
fn text_of(bytes: &[u8], expected: &[&str]) {
    let mut frames = frames_of(&stdout(bytes));
    frames.pop();
    assert_eq!(frames, expected);
}

#[test]
fn lines_and_prompts_of_both_channels_look_as_documented() {
    let writes = vec![
        (Channel::Stdout, b"hello\n".to_vec()),
        (Channel::Stderr, b"oh\nno".to_vec()),
        (Channel::Stdout, b"name? ".to_vec()),
    ];
    let frames = frames_of(&writes);
    assert_eq!(frames[..4], ["1 o hello", "2 e oh", "3 E no", "4 O name?\\x20"]);
    let digest = "9ae496cfdee0a9fc84f3e7cd9292945553cd5ea2d7dfbed93a27c25eb7a17acc";
    assert_eq!(
        frames[4],
        format!(r#"5 = {{"exit":0,"cause":"exited","lines":4,"sha256":"{digest}"}}"#)
    );
}

#[test]
fn no_frame_ends_with_a_blank_so_a_store_that_trims_changes_nothing() {
    text_of(b"\n", &["1 o"]);
    text_of(b"  \n", &["1 o  \\x20"]);
    text_of(b"a \t\n", &["1 o a \\x09"]);
    text_of(b" a\tb\n", &["1 o  a\tb"]);
}

#[test]
fn what_a_store_could_change_is_escaped_and_the_rest_is_readable() {
    text_of(b"C:\\x41\n", &["1 o C:\\\\x41"]);
    text_of(b"50%\r100%\n", &["1 o 50%\\x0d100%"]);
    text_of(b"\0\x1b[1m\x7f\n", &["1 o \\x00\\x1b[1m\\x7f"]);
    text_of("größer 日本 🦀\n".as_bytes(), &["1 o größer 日本 🦀"]);
    text_of(
        "\u{85}\u{2028}\u{feff}\n".as_bytes(),
        &["1 o \\xc2\\x85\\xe2\\x80\\xa8\\xef\\xbb\\xbf"],
    );
    text_of(b"\xff\xc3(\xe6\x97\n", &["1 o \\xff\\xc3(\\xe6\\x97"]);
}

#[test]
fn a_printed_trailer_is_only_text() {
    text_of(b"2 = {\"exit\":0}\n", &["1 o 2 = {\"exit\":0}"]);
}

#[test]
fn a_long_line_is_cut_into_frames_that_fit_and_only_the_last_has_the_newline() {
    let mut line = vec![b'x'; 40_000];
    line.push(b'\n');
    let frames = frames_of(&stdout(&line));
    let letters: Vec<_> = frames.iter().map(|frame| frame.split(' ').nth(1).unwrap()).collect();
    assert_eq!(letters, ["O", "O", "o", "="]);
    assert!(frames.iter().all(|frame| frame.len() <= MAX_FRAME_BYTES));
    assert!(frames[0].len() >= MAX_FRAME_BYTES - 3);
}

#[test]
fn a_cut_never_parts_a_character() {
    for shift in 0..4 {
        let line = [vec![b'x'; shift], "🦀".repeat(5_000).into_bytes()].concat();
        let frames = frames_of(&stdout(&line));
        assert!(frames.iter().all(|frame| !frame.contains('\\')));
        assert_eq!(assemble(&frames).0.stdout, line);
    }
}

#[test]
fn a_failure_to_start_with_a_hostile_reason_is_still_one_frame() {
    let reason = "no\n\u{2028}\t\"".repeat(10_000);
    let frames = frames_ended_by(&Vec::new(), Cause::FailedToStart { reason });
    assert_eq!(frames.len(), 1);
    assert!(frames[0].len() <= MAX_FRAME_BYTES);
    let Completeness::Complete { trailer } = assemble(&frames).1 else {
        panic!("a trailer alone is a complete log")
    };
    let Cause::FailedToStart { reason } = trailer.cause else {
        panic!("the cause is kept")
    };
    assert!(reason.starts_with("no   \"no   \""), "{reason}");
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = decode(text).expect_err("must be refused");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn a_text_that_is_not_a_frame_is_refused() {
    for text in [
        "",
        " ",
        "1",
        "1 ",
        "1o a",
        "1 oa",
        "1  o a",
        "0 o a",
        "01 o a",
        "-1 o a",
        "+1 o a",
        "1 x a",
        "x o a",
        " 1 o a",
        "1000000000000000 o a",
        "18446744073709551616 o a",
        "Initializing the backend...",
    ] {
        refused(text, "not a log frame");
    }
    for text in ["1 o a\\", "1 o \\n", "1 o \\x4", "1 o \\x4G", "1 o \\X41", "1 o \\x4A"] {
        refused(text, "wrong escape");
    }
    for text in [
        "1 =",
        "1 = {} {}",
        "1 = {}",
        "1 = {\"exit\":0,\"cause\":\"exited\",\"lines\":0,\"sha256\":\"\",\"x\":1}",
        "1 = [0,\"exited\",0,\"\"]",
    ] {
        refused(text, "trailer was not understood");
    }
    let long = format!("1 o {}", "x".repeat(MAX_FRAME_BYTES));
    assert!(matches!(decode(&long), Err(FrameError::TooLong { bytes: 16_004 })));
}

#[test]
fn a_frame_without_an_escape_is_read_without_a_copy() {
    let frame = decode("7 e plain").unwrap();
    let Body::Output(chunk) = frame.body else {
        panic!("output")
    };
    assert!(matches!(chunk.bytes, std::borrow::Cow::Borrowed(b"plain")));
    assert_eq!(
        (frame.sequence, chunk.channel, chunk.newline),
        (7, Channel::Stderr, true)
    );
}

#[test]
fn a_frame_after_the_trailer_is_an_error_in_either_order() {
    let frames = frames_of(&stdout(b"a\n"));
    for order in [
        [&frames[1], "3 o more"],
        ["3 o more", &frames[1]],
        [&frames[1], "2 o more"],
    ] {
        let mut assembler = Assembler::new();
        assembler.push(order[0], |_| {}).unwrap();
        let error = assembler
            .push(order[1], |_| panic!("nothing is delivered"))
            .unwrap_err();
        assert!(
            matches!(error, AssembleError::AfterTrailer { trailer: 2, .. }),
            "{error}"
        );
    }
}

#[test]
fn two_trailers_at_different_places_are_an_error() {
    let short = frames_of(&stdout(b"a\n"));
    let long = frames_of(&stdout(b"a\nb\n"));
    let mut assembler = Assembler::new();
    assembler.push(&short[1], |_| {}).unwrap();
    let error = assembler.push(&long[2], |_| {}).unwrap_err();
    assert!(
        matches!(
            error,
            AssembleError::AfterTrailer {
                sequence: 3,
                trailer: 2
            }
        ),
        "{error}"
    );
}

#[test]
fn too_much_out_of_order_is_an_error_that_names_the_missing_frame_and_can_be_given_up() {
    let mut assembler = Assembler::with_waiting_limit(200);
    let mut delivered = Vec::new();
    assembler.push("2 o b", |_| {}).unwrap();
    assembler.push("3 o c", |_| {}).unwrap();
    let error = assembler.push("4 o d", |_| {}).unwrap_err();
    assert!(
        matches!(
            error,
            AssembleError::TooFarOutOfOrder {
                missing: 1,
                waiting_bytes: 138
            }
        ),
        "{error}"
    );
    assert_eq!(assembler.waiting_for(), Some(1));
    let gap = assembler.give_up_gap(|chunk| chunk.append_to(&mut delivered));
    assert_eq!(gap, Some(1..=1));
    assert_eq!(delivered, b"b\nc\n");
    assembler
        .push("4 o d", |chunk| chunk.append_to(&mut delivered))
        .unwrap();
    assembler.push("1 o a", |_| panic!("too late")).unwrap();
    assert_eq!(delivered, b"b\nc\nd\n");
    let Completeness::Missing { gaps, trailer: None } = assembler.finish(|_| {}) else {
        panic!("a gap")
    };
    assert_eq!((gaps.frames(), gaps.ranges()), (1, [1..=1].as_slice()));
}

#[test]
fn a_log_is_complete_as_soon_as_everything_up_to_the_trailer_is_there() {
    let frames = frames_of(&stdout(b"a\nb\n"));
    let mut assembler = Assembler::new();
    assert!(!assembler.is_complete());
    for index in [2, 0] {
        assembler.push(&frames[index], |_| {}).unwrap();
        assert!(!assembler.is_complete());
    }
    assert_eq!(assembler.waiting_for(), Some(2));
    assembler.push(&frames[1], |_| {}).unwrap();
    assert!(assembler.is_complete());
    assert_eq!(assembler.waiting_for(), None);
}

#[test]
fn all_gaps_are_counted_and_the_first_are_listed() {
    let every_second: Vec<_> = (1..=140).map(|number| format!("{} o x", number * 2)).collect();
    let (outputs, completeness) = assemble(&every_second);
    let Completeness::Missing { gaps, trailer: None } = completeness else {
        panic!("{completeness:?}")
    };
    assert_eq!(outputs.stdout, b"x\n".repeat(140));
    assert_eq!((gaps.frames(), gaps.ranges().len()), (140, 64));
    assert_eq!(gaps.ranges().last(), Some(&(127..=127)));
}

#[test]
fn a_trailer_in_the_place_of_a_frame_that_was_delivered_is_an_error() {
    let frames = frames_of(&stdout(b"a\nb\n"));
    for taken in 1..=2 {
        let mut assembler = Assembler::new();
        frames
            .iter()
            .take(2)
            .for_each(|frame| assembler.push(frame, |_| {}).unwrap());
        let forged = frames[2].replacen('3', &taken.to_string(), 1);
        let error = assembler.push(&forged, |_| {}).unwrap_err();
        assert!(
            matches!(error, AssembleError::AfterTrailer { sequence: 2, .. }),
            "{error}"
        );
    }
}

#[test]
fn a_trailer_that_counts_wrong_is_noticed_even_if_its_digest_is_right() {
    let mut frames = frames_of(&stdout(b"a\nb\n"));
    frames[2] = frames[2].replace("\"lines\":2", "\"lines\":1");
    assert!(matches!(assemble(&frames).1, Completeness::Altered { .. }));
}

#[test]
fn frames_that_wait_count_once_and_only_while_they_wait() {
    let mut assembler = Assembler::with_waiting_limit(100);
    for pair in 0..50 {
        for sequence in [pair * 2 + 2, pair * 2 + 2, pair * 2 + 1] {
            assembler.push(&format!("{sequence} o x"), |_| {}).unwrap();
        }
    }
    assert_eq!(assembler.finish(|_| {}), Completeness::NoTrailer { frames: 100 });
}

#[test]
fn a_changed_frame_is_noticed() {
    let mut frames = frames_of(&stdout(b"a\nb\n"));
    frames[1] = "2 o B".into();
    assert!(matches!(assemble(&frames).1, Completeness::Altered { .. }));
}

#[test]
fn a_trailer_that_is_early_by_its_own_number_is_noticed() {
    let frames = frames_of(&stdout(b"a\nb\n"));
    let early = frames[2].replacen('3', "2", 1);
    let (_, completeness) = assemble(&vec![frames[0].clone(), early]);
    assert!(matches!(completeness, Completeness::Altered { .. }), "{completeness:?}");
}

fn writes() -> impl Strategy<Value = Writes> {
    let channel = prop_oneof![Just(Channel::Stdout), Just(Channel::Stderr)];
    let bytes = prop_oneof![
        4 => proptest::collection::vec(any::<u8>(), 0..64),
        4 => "(\\PC|[\n\r\t \\\\x\u{85}\u{2028}]){0,40}".prop_map(String::into_bytes),
        1 => (any::<u8>(), 15_900..33_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ];
    proptest::collection::vec((channel, bytes), 0..12)
}

/// The frames in another order, some of them twice.
fn delivered_by_a_store(frames: Vec<String>) -> impl Strategy<Value = Vec<String>> {
    let twice = proptest::collection::vec(any::<proptest::sample::Index>(), 0..8);
    twice
        .prop_map(move |twice| {
            let again = twice.iter().map(|index| index.get(&frames).clone());
            frames.iter().cloned().chain(again).collect::<Vec<_>>()
        })
        .prop_shuffle()
}

proptest! {
    #[test]
    fn any_bytes_in_any_chunks_come_back_exactly(writes in writes()) {
        let frames = frames_of(&writes);
        for frame in &frames {
            prop_assert!(frame.len() <= MAX_FRAME_BYTES);
            prop_assert!(!frame.ends_with([' ', '\t']));
            prop_assert!(!frame.contains(|char: char| char.is_control() && char != '\t'));
        }
        let (outputs, completeness) = assemble(&frames);
        prop_assert_eq!(outputs, Outputs::of(&writes));
        let complete = matches!(completeness, Completeness::Complete { .. });
        prop_assert!(complete);
    }

    #[test]
    fn any_order_with_any_repetition_reads_the_same(
        (writes, delivered) in writes().prop_flat_map(|writes| {
            let frames = frames_of(&writes);
            (Just(writes), delivered_by_a_store(frames))
        })
    ) {
        let (outputs, completeness) = assemble(&delivered);
        prop_assert_eq!(outputs, Outputs::of(&writes));
        let complete = matches!(completeness, Completeness::Complete { .. });
        prop_assert!(complete);
    }

    #[test]
    fn one_missing_frame_is_always_noticed(
        (delivered, lost) in (writes(), any::<proptest::sample::Index>()).prop_flat_map(|(writes, lost)| {
            let mut frames = frames_of(&writes);
            let lost = frames.remove(lost.index(frames.len()));
            if frames.is_empty() {
                return (Just(frames).boxed(), Just(lost));
            }
            (delivered_by_a_store(frames).boxed(), Just(lost))
        })
    ) {
        let sequence = decode(&lost).unwrap().sequence;
        match assemble(&delivered).1 {
            Completeness::Missing { gaps, .. } => {
                prop_assert_eq!(gaps.frames(), 1);
                prop_assert_eq!(gaps.ranges(), &[sequence..=sequence]);
            }
            Completeness::NoTrailer { .. } => prop_assert!(lost.contains(" = ")),
            Completeness::Complete { .. } | Completeness::Altered { .. } => prop_assert!(false, "loss of {} unnoticed", lost),
        }
    }

    #[test]
    fn any_text_is_one_frame_or_an_error_and_never_a_crash(text in "[0-9]{0,3} ?[oOeE=x]? ?(\\PC|\\\\x[0-9a-g]{0,2}){0,20}") {
        let mut assembler = Assembler::new();
        if assembler.push(&text, |_| {}).is_ok() {
            prop_assert!(decode(&text).unwrap().sequence > 0);
        }
    }
}

fn report(json: &str) -> Report {
    Report::parse(json.as_bytes()).unwrap()
}

#[test]
fn a_report_is_a_line_of_standard_error_to_whoever_does_not_know_reports() {
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    encoder.encode(Channel::Stderr, b"before\n", &mut out);
    encoder.report(&report("{ \"a\": \"x\\ny\" }"), &mut out).unwrap();
    let trailer = encoder.finish(0, Cause::Exited, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.starts_with("1 e before\n2 e \\x7b\"a\":\"x\\\\ny\"}\n3 = {"),
        "{text}"
    );
    assert_eq!(trailer.lines, 2);

    let mut pieces = Vec::new();
    let mut assembler = Assembler::new();
    for frame in text.lines().rev() {
        assembler.push(frame, |chunk| pieces.push(chunk.into_owned())).unwrap();
    }
    assert!(matches!(assembler.finish(|_| {}), Completeness::Complete { .. }));
    assert_eq!((pieces[0].kind, pieces[1].kind), (Kind::Output, Kind::Report));
    assert_eq!(pieces[1].channel, Channel::Stderr);
    assert_eq!(pieces[1].bytes.as_ref(), br#"{"a":"x\ny"}"#);
}

#[test]
fn a_report_is_one_object_that_fits_into_a_frame() {
    for json in ["", "[]", "1", "null", "{", "{}{}", "{} x"] {
        let refused = Report::parse(json.as_bytes());
        assert!(
            matches!(refused, Err(ReportError::NotAnObject(_))),
            "{json}: {refused:?}"
        );
    }
    for filling in ["x", "\u{2028}", "\u{fc}", "\\u0007", "\\\\"] {
        for bytes in [1, 1_000, 3_000, MAX_REPORT_BYTES - 20, MAX_REPORT_BYTES, 20_000] {
            let json = format!("{{\"a\":\"{}\"}}", filling.repeat(bytes / filling.len()));
            match Report::parse(json.as_bytes()) {
                Ok(report) => {
                    let mut out = Vec::new();
                    Encoder::new().report(&report, &mut out).unwrap();
                    assert!(out.len() <= MAX_FRAME_BYTES, "{filling:?} {bytes}");
                    let text = String::from_utf8(out).unwrap();
                    let Body::Output(chunk) = decode(text.trim_end_matches('\n')).unwrap().body else {
                        panic!("{text}")
                    };
                    assert_eq!(Report::parse(&chunk.bytes).unwrap(), report);
                }
                Err(ReportError::TooLong(_)) => assert!(bytes > 1_000, "{filling:?} {bytes}"),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

proptest! {
    /// Row 29: whatever a job prints, it is never taken for a report.
    #[test]
    fn no_output_of_a_job_is_a_report(bytes in proptest::collection::vec(any::<u8>(), 0..64), forged in any::<bool>()) {
        let start: &[u8] = if forged { br#"\x7b"a":1}"# } else { b"{" };
        let output = [start, &bytes].concat();
        let mut out = Vec::new();
        Encoder::new().encode(Channel::Stderr, &output, &mut out);
        for frame in String::from_utf8(out).unwrap().lines() {
            let Body::Output(chunk) = decode(frame).unwrap().body else { panic!("{frame}") };
            prop_assert_eq!(chunk.kind, Kind::Output);
        }
    }
}
