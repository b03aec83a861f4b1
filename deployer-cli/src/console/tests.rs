//! What a person or a log sees of a watched run.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use proptest::prelude::*;

use super::neutralise::tests::{assert_harmless, hostile};
use super::*;

/// Both streams of a console, one screen or two.
#[derive(Debug, Clone, Default)]
struct Tape(Rc<RefCell<Vec<u8>>>);

impl Tape {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream that fails.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn settings(variables: &'static [(&str, &str)], stdout: Stream, stderr: Stream) -> Settings {
    let lookup = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Settings {
        width: 40,
        unix_seconds: || 1_700_000_000,
        ..Settings::detect(lookup, stdout, stderr, JobOutput::Safe)
    }
}

/// A console whose two streams are one screen.
fn screen(variables: &'static [(&str, &str)], stream: Stream) -> (Console<Tape, Tape>, Tape) {
    let tape = Tape::default();
    let console = Console::new(
        settings(variables, stream, stream),
        "planner / script",
        tape.clone(),
        tape.clone(),
    );
    (console, tape)
}

fn terminal() -> (Console<Tape, Tape>, Tape) {
    screen(&[("NO_COLOR", "1")], Stream::Terminal)
}

fn success() -> Closing {
    Closing {
        outcome: Outcome::Success,
        summary: "succeeded in 3s".to_owned(),
        advice: Vec::new(),
    }
}

fn failure() -> Closing {
    Closing {
        outcome: Outcome::Failure,
        summary: "exited with 1 in 3s".to_owned(),
        advice: vec!["look above".to_owned()],
    }
}

/// What is left to see when the erasing of lines is obeyed.
fn visible(text: &str) -> String {
    let mut lines = vec![String::new()];
    for part in text.split_inclusive('\n') {
        let (line, ended) = part.strip_suffix('\n').map_or((part, false), |line| (line, true));
        let mut pieces = line.split(ERASE_LINE);
        lines.last_mut().unwrap().push_str(pieces.next().unwrap());
        for piece in pieces {
            *lines.last_mut().unwrap() = piece.to_owned();
        }
        if ended {
            lines.push(String::new());
        }
    }
    lines.join("\n")
}

#[test]
fn the_live_line_shows_phase_and_time_and_is_gone_before_job_output_and_at_the_end() {
    let (mut console, tape) = terminal();
    console.phase(Phase::Starting);
    console.tick(Duration::from_secs(2));
    assert_eq!(visible(&tape.text()), "starting 2s · planner / script");
    console.phase(Phase::Running);
    console.job_output(Channel::Stdout, b"one\n").unwrap();
    assert_eq!(visible(&tape.text()), "one\n");
    console.tick(Duration::from_secs(65));
    assert_eq!(visible(&tape.text()), "one\nrunning 1m 05s · planner / script");
    console.job_output(Channel::Stderr, b"two\n").unwrap();
    console.tick(Duration::from_secs(66));
    console.finish(&success()).unwrap();
    assert_eq!(visible(&tape.text()), "one\ntwo\ndeployer: succeeded in 3s\n");
}

#[test]
fn the_live_line_waits_while_the_job_has_not_ended_its_line() {
    let (mut console, tape) = terminal();
    console.phase(Phase::Running);
    console.job_output(Channel::Stdout, b"continue? ").unwrap();
    console.tick(Duration::from_secs(5));
    assert_eq!(visible(&tape.text()), "continue? ");
    console.job_output(Channel::Stdout, b"yes\n\x1b[0m").unwrap();
    console.tick(Duration::from_secs(6));
    assert_eq!(visible(&tape.text()), "continue? yes\nrunning 6s · planner / script");
}

#[test]
fn a_live_line_that_has_not_changed_is_not_drawn_again() {
    let (mut console, tape) = terminal();
    console.phase(Phase::Running);
    console.tick(Duration::from_millis(1_100));
    let before = tape.text();
    console.tick(Duration::from_millis(1_900));
    assert_eq!(tape.text(), before);
}

#[test]
fn the_live_line_never_wraps_and_gives_up_on_a_terminal_that_is_too_narrow() {
    let (mut console, tape) = terminal();
    console.resize(20);
    console.phase(Phase::Running);
    assert_eq!(visible(&tape.text()), "running 0s · planne");
    console.resize(12);
    console.tick(Duration::from_secs(1));
    assert_eq!(visible(&tape.text()), "");
}

#[test]
fn our_own_messages_stand_on_lines_of_their_own_and_leave_the_jobs_colours_as_they_were() {
    let (mut console, tape) = terminal();
    console.job_output(Channel::Stdout, b"\x1b[31mred").unwrap();
    console.warn("the store is slow");
    console.job_output(Channel::Stdout, b" still red\x1b[0m\n").unwrap();
    assert_eq!(
        tape.text(),
        "\x1b[31mred\x1b[0m\n\x1b[31m\x1b[0mwarning: the store is slow\n\x1b[31m still red\x1b[0m\n"
    );
}

#[test]
fn our_own_messages_have_colours_on_a_terminal() {
    let (mut console, tape) = screen(&[], Stream::Terminal);
    console.error("it broke");
    assert_eq!(tape.text(), "\x1b[1m\x1b[31merror:\x1b[0m it broke\n");
}

#[test]
fn words_that_our_own_messages_quote_cannot_act_on_the_console_either() {
    let (mut console, tape) = screen(&[("GITHUB_ACTIONS", "true")], Stream::Other);
    console.note("asked for `\x1b]0;x\x07`\n::set-env name=A::b");
    console.error("100 % wrong\n::stop-commands::x");
    assert_eq!(
        tape.text(),
        "deployer: asked for `␛]0;x␇`\n:␦:set-env name=A::b\n::error::100 %25 wrong%0A:␦:stop-commands::x\n"
    );
}

/// What a log in which everything comes together shows of these pieces of output.
#[track_caller]
fn in_one_log(pieces: &[(Channel, &str)], expected: &str) {
    let (mut console, tape) = screen(&[("GITHUB_ACTIONS", "true")], Stream::Other);
    for (channel, text) in pieces {
        console.job_output(*channel, text.as_bytes()).unwrap();
    }
    let text = tape.text();
    assert_eq!(
        text.strip_prefix("::group::Output of planner / script\n").unwrap(),
        expected
    );
}

#[test]
fn no_command_can_be_put_together_from_the_two_channels() {
    use Channel::{Stderr, Stdout};
    in_one_log(
        &[(Stdout, "x"), (Stderr, "\n"), (Stdout, "::set-env name=A::b")],
        "x\n:␦:set-env name=A::b",
    );
    in_one_log(&[(Stdout, ":"), (Stderr, ":error::x")], ":␦:error::x");
    in_one_log(&[(Stdout, "##vso"), (Stderr, "[task.x]")], "##vso␦[task.x]");
    in_one_log(&[(Stderr, "section_start"), (Stdout, ":1:x")], "section_start␦:1:x");
    in_one_log(&[(Stdout, "a"), (Stderr, "b\n"), (Stdout, "c: d\n")], "ab\nc: d\n");
}

#[test]
fn a_channel_that_is_read_alone_is_guarded_alone_too() {
    use Channel::{Stderr, Stdout};
    in_one_log(
        &[(Stdout, "\n"), (Stderr, "x"), (Stdout, "::set-env name=A::b")],
        "\nx:␦:set-env name=A::b",
    );
}

#[test]
fn no_command_can_begin_after_a_message_of_our_own_in_the_middle_of_a_line() {
    let (mut console, tape) = screen(&[("GITHUB_ACTIONS", "true")], Stream::Other);
    for channel in [Channel::Stdout, Channel::Stderr] {
        console.job_output(channel, b"x").unwrap();
        console.note("remark");
        console.job_output(channel, b"::set-env name=A::b\n").unwrap();
    }
    let lines = "x\ndeployer: remark\n:␦:set-env name=A::b\n";
    assert_eq!(
        tape.text(),
        format!("::group::Output of planner / script\n{lines}{lines}")
    );
}

#[test]
fn ending_the_jobs_line_for_a_message_of_our_own_makes_no_command_of_it() {
    let (mut console, tape) = screen(&[("BUILDKITE", "true")], Stream::Other);
    console.job_output(Channel::Stdout, b"---").unwrap();
    console.note("remark");
    assert_eq!(tape.text(), "--- Output of planner / script\n---␦\ndeployer: remark\n");
}

#[test]
fn our_own_messages_begin_a_line_of_standard_error_even_where_that_is_read_alone() {
    let (mut console, tape) = screen(&[("GITHUB_ACTIONS", "true")], Stream::Other);
    console.job_output(Channel::Stderr, b"x").unwrap();
    console.job_output(Channel::Stdout, b"y\n").unwrap();
    console.finish(&success()).unwrap();
    assert!(tape.text().contains("xy\n\n::endgroup::\n"), "{}", tape.text());
}

#[test]
fn only_job_output_ever_goes_to_standard_output() {
    let (out, err) = (Tape::default(), Tape::default());
    let settings = settings(&[], Stream::Other, Stream::Other);
    let mut console = Console::new(settings, "planner / script", out.clone(), err.clone());
    console.phase(Phase::Running);
    console.job_output(Channel::Stdout, b"\x1b[2J\xff{}").unwrap();
    console.tick(HEARTBEAT);
    console.warn("careful");
    console.finish(&failure()).unwrap();
    assert_eq!(*out.0.borrow(), b"\x1b[2J\xff{}");
    assert_eq!(
        err.text(),
        "deployer: running\ndeployer: still running after 1m 00s, no output for 1m 00s\nwarning: careful\n\
         deployer: exited with 1 in 3s\nnext: look above\n"
    );
}

#[test]
fn silence_in_a_log_is_broken_by_one_line_a_minute() {
    let (mut console, tape) = screen(&[("CI", "true")], Stream::Other);
    console.phase(Phase::Running);
    for second in 0..=185 {
        console.tick(Duration::from_secs(second));
        if second == 59 {
            console.job_output(Channel::Stdout, b"work\n").unwrap();
        }
    }
    assert_eq!(
        tape.text(),
        "deployer: running\nwork\ndeployer: still running after 1m 59s, no output for 1m 00s\n\
         deployer: still running after 2m 59s, no output for 2m 00s\n"
    );
}

#[test]
fn hidden_notes_leave_warnings_errors_and_the_summary() {
    let tape = Tape::default();
    let settings = Settings {
        notes: Notes::Hidden,
        ..settings(&[], Stream::Other, Stream::Other)
    };
    let mut console = Console::new(settings, "planner / script", tape.clone(), tape.clone());
    console.phase(Phase::Running);
    console.note("remark");
    console.tick(HEARTBEAT);
    console.warn("careful");
    console.finish(&success()).unwrap();
    assert_eq!(tape.text(), "warning: careful\ndeployer: succeeded in 3s\n");
}

#[track_caller]
fn folded(variables: &'static [(&str, &str)], closing: &Closing, expected: &str) {
    let (mut console, tape) = screen(variables, Stream::Other);
    console.job_output(Channel::Stdout, b"work").unwrap();
    console.finish(closing).unwrap();
    assert_eq!(tape.text(), expected);
}

#[test]
fn job_output_is_folded_the_way_the_ci_system_folds() {
    let summary = "deployer: succeeded in 3s\n";
    folded(
        &[("GITHUB_ACTIONS", "true")],
        &success(),
        &format!("::group::Output of planner / script\nwork\n::endgroup::\n{summary}"),
    );
    folded(
        &[("GITLAB_CI", "true")],
        &success(),
        &format!(
            "\x1b[0Ksection_start:1700000000:deploy_runner_job\r\x1b[0KOutput of planner / script\nwork\n\
             \x1b[0Ksection_end:1700000000:deploy_runner_job\r\x1b[0K\n{summary}"
        ),
    );
    folded(
        &[("TF_BUILD", "True")],
        &success(),
        &format!("##[group]Output of planner / script\nwork\n##[endgroup]\n{summary}"),
    );
    folded(
        &[("BUILDKITE", "true")],
        &success(),
        &format!("--- Output of planner / script\nwork\n+++ Result\n{summary}"),
    );
    folded(
        &[("TEAMCITY_VERSION", "1")],
        &success(),
        &format!(
            "##teamcity[blockOpened name='Output of planner / script']\nwork\n\
             ##teamcity[blockClosed name='Output of planner / script']\n{summary}"
        ),
    );
    folded(&[("CI", "true")], &success(), &format!("work\n{summary}"));
}

#[test]
fn the_output_of_a_failed_job_is_unfolded_where_that_is_possible() {
    folded(
        &[("BUILDKITE", "true")],
        &failure(),
        "--- Output of planner / script\nwork\n^^^ +++\n+++ Result\ndeployer: exited with 1 in 3s\nnext: look above\n",
    );
}

#[test]
fn nothing_is_folded_when_the_job_wrote_nothing() {
    let (mut console, tape) = screen(&[("GITHUB_ACTIONS", "true")], Stream::Other);
    console.finish(&success()).unwrap();
    assert_eq!(tape.text(), "deployer: succeeded in 3s\n");
}

#[test]
fn what_was_held_back_comes_out_at_the_end() {
    let (mut console, tape) = terminal();
    console.job_output(Channel::Stdout, b"a\x1b[3").unwrap();
    assert_eq!(tape.text(), "a");
    console.finish(&success()).unwrap();
    assert_eq!(tape.text(), "a␛[3\ndeployer: succeeded in 3s\n");
}

#[test]
fn a_closed_standard_output_is_told_apart_from_a_broken_one() {
    let of = |kind| {
        let settings = settings(&[], Stream::Other, Stream::Other);
        let mut console = Console::new(settings, "x", Broken(kind), Tape::default());
        console.job_output(Channel::Stdout, b"work\n").unwrap_err()
    };
    let closed = of(io::ErrorKind::BrokenPipe);
    assert!(matches!(closed, OutputError::Closed("standard output")), "{closed:?}");
    assert_eq!(
        of(io::ErrorKind::StorageFull).to_string(),
        "cannot write to standard output: no storage space"
    );
}

#[test]
fn our_own_messages_survive_a_closed_standard_error() {
    let settings = settings(&[], Stream::Other, Stream::Other);
    let mut console = Console::new(settings, "x", Tape::default(), Broken(io::ErrorKind::BrokenPipe));
    console.warn("nobody reads this");
    console.job_output(Channel::Stdout, b"work\n").unwrap();
    let error = console.job_output(Channel::Stderr, b"work\n").unwrap_err();
    assert!(matches!(error, OutputError::Closed("standard error")), "{error:?}");
}

#[test]
fn a_huge_chunk_is_passed_on_in_pieces() {
    let (mut console, tape) = terminal();
    let huge = b"0123456789abcdef".repeat(100_000);
    console.job_output(Channel::Stdout, &huge).unwrap();
    assert_eq!(tape.text().as_bytes(), huge);
    assert!(
        console.out.buffer.capacity() < 4 * PIECE,
        "{}",
        console.out.buffer.capacity()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_log_of_both_channels_and_our_own_messages_never_holds_a_command_of_the_job(
        pieces in prop::collection::vec((0_u8..3, hostile()), 0..8),
    ) {
        for (variables, ci) in [
            (&[("CI", "true")] as &'static [(&str, &str)], CiSystem::Other),
            (&[("BUILDKITE", "true")], CiSystem::Buildkite),
        ] {
            let (mut console, tape) = screen(variables, Stream::Other);
            console.group = Group::Closed;
            for (writer, bytes) in &pieces {
                match writer {
                    0 => console.job_output(Channel::Stdout, bytes).unwrap(),
                    1 => console.job_output(Channel::Stderr, bytes).unwrap(),
                    _ => console.note(&String::from_utf8_lossy(bytes)),
                }
            }
            console.finish(&success()).unwrap();
            assert_harmless(Some(ci), tape.text().as_bytes());
        }
    }
}
