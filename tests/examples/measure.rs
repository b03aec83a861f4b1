//! Measures what a caller waits for, and prints it as a ratio to what the machine can do at best.
//!
//! `make bench` runs it on the built programs. Exits with 1 if a promise is not kept.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use e2e::product::{self, Place};
use protocol::Message;

const ROUNDS: usize = 200;
/// What starting the CLI may cost, in starts of `true`.
const START_RATIO: f64 = 4.0;
/// What a denial and a hostile message may take.
const DENIAL: Duration = Duration::from_millis(50);
/// Size of the hostile message.
const HOSTILE_BYTES: usize = 6 * 1024 * 1024;

fn main() -> ExitCode {
    let place = Place::new();
    let nothing = median(&mut quiet(product::command("/bin/true".as_ref())));
    println!("starting `true`: {}", shown(nothing));

    // The first byte of work is the allow-list's, so one that is not there ends the program just where it would begin.
    let start = median(quiet(place.jobs()).args(["--config=/nonexistent/allow-list.yaml", "--", "jobs", "count"]));
    let ratio = start.as_secs_f64() / nothing.as_secs_f64();
    let kept = [
        promise(
            &format!(
                "starting the CLI, up to its first byte of work: {}, {ratio:.1} x `true` (at most {START_RATIO} x)",
                shown(start)
            ),
            ratio <= START_RATIO,
        ),
        denial(&place, nothing),
        hostile(),
    ];
    if kept.into_iter().all(|kept| kept) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn denial(place: &Place, nothing: Duration) -> bool {
    let took = median(quiet(place.jobs()).args(["--", "jobs", "count", "--lines=many", "--exti=1"]));
    let ratio = took.as_secs_f64() / nothing.as_secs_f64();
    promise(
        &format!(
            "a denied request, from start to exit 120: {}, {ratio:.1} x `true` (at most {})",
            shown(took),
            shown(DENIAL)
        ),
        took <= DENIAL,
    )
}

fn hostile() -> bool {
    let message = "[".repeat(HOSTILE_BYTES);
    let begun = Instant::now();
    let refused = Message::decode(message.as_bytes()).is_err();
    let took = begun.elapsed();
    promise(
        &format!(
            "a hostile message of 6 MiB, decided: {} (at most {})",
            shown(took),
            shown(DENIAL)
        ),
        refused && took <= DENIAL,
    )
}

fn promise(text: &str, kept: bool) -> bool {
    println!("{} {text}", if kept { "kept  " } else { "BROKEN" });
    kept
}

fn quiet(mut command: Command) -> Command {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn median(command: &mut Command) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            command.status().expect("the program starts");
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

fn shown(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}
