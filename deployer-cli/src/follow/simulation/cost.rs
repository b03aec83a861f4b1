//! What watching a run costs, by the record of requests and the price list.

use aws_sim::{Faults, Service};
use protocol::ExitCode;
use protocol::frame::Channel;

use super::caller::{Screen, follow, key, message, no_signal};
use super::ground::{Ground, in_virtual_time};
use crate::conclusion::MissingLines;

/// List prices in US dollars, us-east-1, x86-64, without the free tier; see `docs/aws-costs-and-quotas.md`.
/// A million calls of a function: <https://aws.amazon.com/lambda/pricing/>.
const MILLION_INVOCATIONS: f64 = 0.20;
/// A second of a function with a gigabyte: the same list.
const GB_SECOND: f64 = 0.000_016_666_7;
/// The function's memory, as the document gives it.
const FUNCTION_GB: f64 = 0.125;
/// The price list of `CloudWatch` names none for `GetLogEvents` and `FilterLogEvents`, and ECS itself has none:
/// <https://aws.amazon.com/cloudwatch/pricing/>, <https://aws.amazon.com/ecs/pricing/>.
const LOGS_OR_ECS_REQUEST: f64 = 0.0;

/// What may be spent on a run besides its task and its log.
const MOST: f64 = 0.000_5;

#[test]
fn a_job_of_half_an_hour_with_five_megabytes_costs_at_most_a_twentieth_of_a_cent_above_its_log() {
    let script = "print --lines=54000 --errors=0 --rate=30 --width=93";
    in_virtual_time(30, async {
        let ground = Ground::new(30, Faults::quotas());
        let screen = Screen::default();
        let conclusion = follow(&ground, message(&key(30), script, None), &screen, no_signal).await;
        assert_eq!(
            conclusion.exit_code(MissingLines::Fail),
            ExitCode::Job(0),
            "{conclusion:?}"
        );
        let task = ground.sim.tasks().pop().expect("a task");
        let minutes = (task.ended.expect("ended") - task.started.expect("started")) / 60_000;
        let bytes = screen.text(Channel::Stdout).len();
        assert!(
            (29..=30).contains(&minutes) && bytes >= 5_000_000,
            "{minutes} minutes, {bytes} bytes"
        );

        let record = ground.sim.record();
        let of = |service| record.iter().filter(|request| request.service == service).count() as f64;
        let invocations = of(Service::Lambda);
        let others = of(Service::Logs) + of(Service::Ecs);
        let billed: u64 = ground
            .sim
            .invocations()
            .iter()
            .map(|invocation| invocation.billed)
            .sum();
        let gb_seconds = billed as f64 / 1_000.0 * FUNCTION_GB;
        let calls = invocations * MILLION_INVOCATIONS / 1_000_000.0;
        let time = gb_seconds * GB_SECOND;
        let costs = calls + time + others * LOGS_OR_ECS_REQUEST;
        eprintln!(
            "{invocations} calls of the function (${calls:.6}), {gb_seconds:.1} GB-seconds (${time:.6}), {others} requests to Logs and ECS: ${costs:.6}"
        );
        assert!(costs <= MOST, "${costs:.6}");
    });
}
