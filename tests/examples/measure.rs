//! Measures what a caller waits for, and prints it as a ratio to what the machine can do at best.
//!
//! `make bench` runs it on the built programs. Exits with 1 if a promise is not kept.

use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use e2e::product::{self, Place};
use protocol::Message;

const ROUNDS: usize = 200;
/// What starting the CLI may cost, in starts of `true`.
const START_RATIO: f64 = 4.0;
/// What the CLI may need from its start to the first byte of its first request to a gate in AWS, in starts of `true`.
const FIRST_REQUEST_RATIO: f64 = 6.0;
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
        first_request(nothing),
        denial(&place, nothing),
        hostile(),
    ];
    if kept.into_iter().all(|kept| kept) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A listener notes the first byte that the CLI sends to Lambda: its start, its settings, its signature and its connection are done then.
fn first_request(nothing: Duration) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("the port"));
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let mut command = quiet(product::command(&product::programs().join("infrastructure-deployer")));
            command
                .args(["--aws-region=us-west-2", "--describe-containers"])
                .env("AWS_ENDPOINT_URL_LAMBDA", &endpoint)
                .env("AWS_ACCESS_KEY_ID", "AKIDMEASURED")
                .env("AWS_SECRET_ACCESS_KEY", "nothing-behind-it");
            let begun = Instant::now();
            let mut child = command.spawn().expect("the program starts");
            let (mut connection, _) = listener.accept().expect("the program connects");
            let mut byte = [0];
            connection.read_exact(&mut byte).expect("the program sends a request");
            let took = begun.elapsed();
            assert_eq!(byte, *b"P", "the request is a POST");
            child.kill().expect("the program runs");
            child.wait().expect("the program ends");
            took
        })
        .collect();
    times.sort();
    let took = times[ROUNDS / 2];
    let ratio = took.as_secs_f64() / nothing.as_secs_f64();
    promise(
        &format!(
            "starting the CLI, up to the first byte of its first request to AWS: {}, {ratio:.1} x `true` (at most {FIRST_REQUEST_RATIO} x)",
            shown(took)
        ),
        ratio <= FIRST_REQUEST_RATIO,
    )
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
