//! The time of a decision: a message's bytes in, a permit or a denial out.
//!
//! The budgets are those of the design: 10 µs for an honest request against 50 scripts with 32 arguments, 50 ms for the worst that a
//! hostile caller can send. Each benchmark prints its share of the budget.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark is a test: it stops at what it does not expect, and prints what it measures"
)]

#[path = "../tests/gate/lists.rs"]
mod lists;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use gatekeeper::compiled::{Container, OptionRule, PositionalRule, ValueType};
use gatekeeper::{AllowList, Decision, decide};
use protocol::{Denial, IdempotencyKey, MAX_MESSAGE_BYTES, Message, Origin, RunMessage, RunRequest};

const HONEST_BUDGET: Duration = Duration::from_micros(10);
const HOSTILE_BUDGET: Duration = Duration::from_millis(50);
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Fifty scripts, each with everything that the standard one has and a long list of choices.
fn fifty_scripts() -> AllowList {
    let mut script = lists::deploy_script();
    let many: Vec<String> = (0..1_000)
        .map(|number| format!("environment-number-{number}"))
        .collect();
    script.options.insert(
        "--environment".to_owned(),
        lists::option(ValueType::Choice { one_of: many }),
    );
    script
        .options
        .insert("--detailed-exitcode".to_owned(), lists::option(ValueType::Flag));
    script.options.insert(
        "--target".to_owned(),
        OptionRule {
            max_repeats: 256,
            ..lists::option(ValueType::Text(lists::matching("[a-z_]+(?:\\.[a-z_]+)*")))
        },
    );
    script.positionals = vec![PositionalRule {
        max_repeats: 256,
        ..lists::positional("targets", lists::choice(&["all", "some", "none"]))
    }];
    let mut container: Container = lists::container([]);
    for number in 0..50 {
        container
            .scripts
            .insert(format!("infrastructure-script-{number}"), script.clone());
    }
    lists::load(&lists::compiled([("terraform-planner", container)]))
}

fn message(args: Vec<String>) -> Vec<u8> {
    Message::Run(RunMessage {
        request: RunRequest {
            container: Some("terraform-planner".to_owned()),
            script: "infrastructure-script-37".to_owned(),
            args,
            ..RunRequest::default()
        },
        idempotency_key: IdempotencyKey::from_random([7; 16]),
        origin: Origin::default(),
    })
    .encode()
    .unwrap()
}

fn honest_message() -> Vec<u8> {
    let args = [
        "--repo",
        "live",
        "--ref",
        COMMIT,
        "--binary",
        "terragrunt",
        "--command",
        "plan",
        "--deploy-path",
        "prod/eu-west-1/network",
        "--environment",
        "environment-number-900",
        "--parallelism",
        "16",
        "--verbose",
        "--detailed-exitcode",
        "--var",
        "image_version=v1.2.3",
        "--var",
        "count=3",
        "--var=image_version=v1.2.4",
        "--var=count=4",
        "--target",
        "module.network.aws_vpc",
        "--target",
        "module.network.aws_subnet",
        "--target=aws_instance.web",
        "--target=aws_instance.db",
        "all",
        "some",
        "none",
        "all",
    ];
    assert_eq!(args.len(), 32);
    message(lists::words(&args))
}

/// The decision as the invoker makes it.
fn answer(list: &AllowList, bytes: &[u8]) -> Option<Decision> {
    match Message::decode(bytes) {
        Ok(Message::Run(run)) => Some(decide(list, &run.request)),
        Ok(_) => panic!("the message is a run"),
        Err(_) => None,
    }
}

fn denial(list: &AllowList, bytes: &[u8]) -> Denial {
    match answer(list, bytes) {
        Some(Decision::Denied(denial)) => denial,
        other => panic!("must be denied: {other:?}"),
    }
}

/// As many words as fit into the largest message that is read.
fn full(word: &str, most: usize) -> Vec<u8> {
    let encoded = serde_json::to_string(word).unwrap().len() + 1;
    let count = ((MAX_MESSAGE_BYTES - 400) / encoded).min(most);
    let bytes = message(vec![word.to_owned(); count]);
    assert!(bytes.len() <= MAX_MESSAGE_BYTES, "{} bytes", bytes.len());
    bytes
}

fn hostile_messages() -> Vec<(&'static str, Vec<u8>)> {
    let long = format!("--{}", "x".repeat(MAX_MESSAGE_BYTES - 500));
    let wide = format!("a{}", "\u{301}\u{316}".repeat(50_000));
    vec![
        (
            "6 MB of arguments",
            format!("{{\"protocol\":1,\"args\":[{}", "\"x\",".repeat(1_500_000)).into_bytes(),
        ),
        ("6 MB of brackets", vec![b'['; 6_000_000]),
        ("85,000 empty arguments", full("", usize::MAX)),
        ("one endless argument", message(vec![long])),
        ("one argument of combining marks", message(vec![wide])),
        ("256 options with a typing mistake", full("--detailed-exitcodf", 256)),
        (
            "256 values near to one of a thousand",
            full("--environment=environment-number-90x", 256),
        ),
        (
            "256 values that a pattern nearly matches",
            full(&format!("--target={}!", "a.".repeat(400)), 256),
        ),
        (
            "256 unsafe words",
            full(&format!("--var=image_version={}\u{202e}", "\u{fc}".repeat(450)), 256),
        ),
    ]
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn time(mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn report(name: &str, took: Duration, budget: Duration) {
    let share = took.as_secs_f64() / budget.as_secs_f64() * 100.0;
    println!("{name}: median {took:?}, {share:.0} % of {budget:?}");
}

fn honest(criterion: &mut Criterion) {
    let list = fifty_scripts();
    let bytes = honest_message();
    match answer(&list, &bytes) {
        Some(Decision::Permitted(_)) => {}
        other => panic!("must be permitted: {other:?}"),
    }
    let mut run = || drop(black_box(answer(&list, black_box(&bytes))));
    let took = median((0..20_000).map(|_| time(&mut run)).collect());
    report("50 scripts, 32 arguments", took, HONEST_BUDGET);
    criterion.bench_function("decision/50 scripts, 32 arguments", |bencher| bencher.iter(&mut run));
}

fn hostile(criterion: &mut Criterion) {
    let list = fifty_scripts();
    let mut group = criterion.benchmark_group("hostile");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(1))
        .warm_up_time(Duration::from_millis(200));
    for (name, bytes) in hostile_messages() {
        if bytes.len() <= MAX_MESSAGE_BYTES {
            assert!(!denial(&list, &bytes).problems.is_empty());
        } else {
            assert!(answer(&list, &bytes).is_none());
        }
        let mut run = || drop(black_box(answer(&list, black_box(&bytes))));
        let took = median((0..11).map(|_| time(&mut run)).collect());
        report(name, took, HOSTILE_BUDGET);
        group.bench_function(name, |bencher| bencher.iter(&mut run));
    }
    group.finish();
}

criterion_group!(benches, honest, hostile);
criterion_main!(benches);
