//! Containers: descriptions, sizes, limits.

use protocol::LaunchType;

use crate::compile::effective_task;
use crate::fargate;
use crate::source::{ContainerSource, Source, Text};

use super::report::Report;

pub(super) fn check(source: &Source, report: &mut Report) {
    for (name, container) in &source.containers.entries {
        report.at("containers", |report| {
            report.at(name, |report| check_one(source, name, container, report));
        });
    }
}

fn check_one(source: &Source, name: &Text, container: &ContainerSource, report: &mut Report) {
    if container.description.is_none() {
        let help = "say in `description` what it is for: callers see it";
        report.warning(
            "no-description",
            name.mark,
            format!("the container `{name}` has no description"),
            help,
        );
    }
    size(source, name, container, report);
}

/// The default size and the ceilings: each must exist on Fargate, and the first must not exceed the second.
fn size(source: &Source, name: &Text, container: &ContainerSource, report: &mut Report) {
    let defaults = source.defaults.as_ref().and_then(|defaults| defaults.task.as_ref());
    let task = effective_task(container.task.as_ref(), defaults);
    let mark = container.task.as_ref().map_or(name.mark, |task| task.mark);
    for (field, size, most) in [
        ("cpu", task.cpu, task.max_cpu),
        ("memory", task.memory, task.max_memory),
    ] {
        if size > most {
            let message = format!("the default {field} of {size} is above its ceiling of {most}");
            report.error(
                "default-above-ceiling",
                mark,
                message,
                format!("lower `{field}` or raise `max_{field}`"),
            );
        }
    }
    if task.launch_types.iter().all(|kind| *kind == LaunchType::Ec2) {
        return;
    }
    for (what, cpu, memory) in [
        ("default size", task.cpu, task.memory),
        ("ceiling", task.max_cpu, task.max_memory),
    ] {
        if !fargate::valid_pair(cpu, memory) {
            let message = format!("the {what} of cpu {cpu} with memory {memory} does not exist on Fargate");
            report.error(
                "fargate-size",
                mark,
                message,
                format!("nearest: {}", fargate::nearest_sizes(cpu)),
            );
        }
    }
}
