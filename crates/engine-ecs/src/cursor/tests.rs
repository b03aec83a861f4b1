use proptest::prelude::*;
use protocol::frame::{Cause, Trailer};

use super::*;
use crate::logs::{Closing, Sweep};

fn at_work() -> Place {
    let mut place = Place {
        phase: Phase::Running,
        ..Place::default()
    };
    place.task.seen = Some(1_795_000_000_000);
    place.log.token = Some("f/38129632915329112345678901234567890123456789012345678901/s".to_owned());
    place.log.position = 1_795_000_000_000;
    place.log.ledger.note(1, 1_795_000_000_000);
    place
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = Place::decode(&Cursor::new(text)).expect_err("the cursor must be refused");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn a_cursor_reads_back_as_it_was_written() {
    let place = at_work();
    let cursor = place.encode();
    assert_eq!(Place::decode(&cursor).unwrap(), place);
    assert!(cursor.as_str().len() < 300, "{}", cursor.as_str());
}

#[test]
fn the_empty_cursor_is_the_start() {
    assert_eq!(Place::decode(&Cursor::default()).unwrap(), Place::default());
}

#[test]
fn the_largest_cursors_of_a_hundred_runs_fit_one_message() {
    let mut place = at_work();
    for number in 0..100 {
        place.log.ledger.note(900_000_000 + 3 * number, 1_795_000_000_000);
    }
    place.log.repair.sweep = Some(Sweep {
        from: 1_795_000_000_000,
        until: Some(1_795_000_000_000),
        token: place.log.token.clone(),
    });
    place.log.closing = Some(Closing::new(
        1_000_000_000,
        Trailer {
            exit: 1,
            cause: Cause::FailedToStart {
                reason: "x".repeat(2_000),
            },
            lines: 999_999_999,
            sha256: "a".repeat(64),
        },
    ));
    let cursor = place.encode();
    assert_eq!(Place::decode(&cursor).unwrap(), place);
    let room = protocol::MAX_MESSAGE_BYTES / protocol::ObserveMessage::MAX_RUNS;
    let in_json = serde_json::to_string(cursor.as_str()).unwrap().len();
    assert!(in_json + 64 < room, "{in_json} of {room}");
}

#[test]
fn a_cursor_of_another_engine_is_refused_by_its_beginning() {
    refused("12", "`12` is not a cursor of this engine");
    refused("f/38129", "`f/38129` is not a cursor of this engine");
    refused(&"[".repeat(8_000), "is not a cursor of this engine");
    refused("\n\u{1b}[2J", r"`\n\u{1b}[2J` is not a cursor");
}

#[test]
fn a_cursor_that_is_too_long_is_refused_before_it_is_parsed() {
    refused(&" ".repeat(8_193), "cursor of 8193 bytes is too long");
}

#[test]
fn impossible_values_are_refused() {
    for text in [
        r#"{"v":2,"p":"running"}"#,
        r#"{"v":1,"p":"ended"}"#,
        r#"{"v":1,"p":"running","k":{"s":-1}}"#,
        r#"{"v":1,"p":"running","k":{"e":253402300800000}}"#,
        r#"{"v":1,"p":"running","l":{"t":""}}"#,
        r#"{"v":1,"p":"running","l":{"t":"two words"}}"#,
        r#"{"v":1,"p":"running","l":{"w":-1}}"#,
        r#"{"v":1,"p":"running","l":{"w":9223372036854775807}}"#,
        r#"{"v":1,"p":"running","l":{"n":{"n":0,"a":0}}}"#,
        r#"{"v":1,"p":"running","l":{"n":{"n":1,"a":-5}}}"#,
        r#"{"v":1,"p":"running","l":{"z":{"s":0,"t":{"exit":0,"cause":"exited","lines":0,"sha256":""}}}}"#,
    ] {
        refused(text, "has impossible values");
    }
}

#[test]
fn unknown_and_repeated_fields_are_refused() {
    refused(r#"{"v":1,"p":"running","q":1}"#, "unknown field `q`");
    refused(r#"{"v":1,"v":1,"p":"running"}"#, "duplicate field `v`");
    refused(r#"{"v":1,"p":"running"} {}"#, "trailing characters");
}

proptest! {
    #[test]
    fn no_text_makes_the_decoder_panic(text in any::<String>()) {
        prop_assert_ne!(cursor_reads_back(&text), Some(false));
    }

    #[test]
    fn no_change_of_a_true_cursor_makes_the_decoder_panic(at in 0_usize..400, byte in 0x20_u8..0x7f) {
        let mut bytes = at_work().encode().as_str().as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        prop_assert_ne!(cursor_reads_back(&String::from_utf8(bytes).unwrap()), Some(false));
    }
}
