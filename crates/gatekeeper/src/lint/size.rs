//! Sizes, launch types and times: each must exist, and the defaults must not exceed the ceilings.

use protocol::LaunchType;

use crate::compiled::Task;
use crate::effective::effective_task;
use crate::fargate;
use crate::source::{ContainerSource, Mark, Source, TaskSource, Text};

use super::report::Report;

/// Fargate's longest `stopTimeout`, in seconds.
const FARGATE_STOP_TIMEOUT: u32 = 120;
/// A run that takes longer than this is probably stuck.
const DAY: u32 = 24 * 3600;

/// The settings that containers inherit, and the default container.
pub(super) fn check_defaults(source: &Source, report: &mut Report) {
    let Some(defaults) = &source.defaults else { return };
    if let Some(name) = &defaults.container {
        report.at("container", |report| {
            super::name::known(
                name,
                source.containers.names(),
                "container",
                "unknown-container",
                report,
            );
        });
    }
    if let Some(task) = &defaults.task {
        report.at("task", |report| launch_types(task, report));
    }
}

/// The settings that one container ends up with.
pub(super) fn check(source: &Source, name: &Text, container: &ContainerSource, report: &mut Report) {
    let defaults = source.defaults.as_ref().and_then(|defaults| defaults.task.as_ref());
    let own = container.task.as_ref();
    if let Some(task) = own {
        report.at("task", |report| launch_types(task, report));
    }
    let places = Places {
        layers: [own, defaults],
        otherwise: name.mark,
    };
    let task = effective_task(own, defaults);
    report.at("task", |report| {
        ceilings(&task, &places, report);
        fargate_sizes(&task, &places, report);
        times(&task, &places, report);
    });
}

/// Where a setting stands that counts for a container.
struct Places<'a> {
    layers: [Option<&'a TaskSource>; 2],
    otherwise: Mark,
}

impl Places<'_> {
    /// The first of some fields that is written, in the container's own settings and then in the file's.
    fn of(&self, fields: &[fn(&TaskSource) -> Option<Mark>]) -> Mark {
        let layers = self.layers.iter().flatten();
        let mut found = layers.flat_map(|layer| fields.iter().filter_map(|field| field(layer)));
        found.next().unwrap_or(self.otherwise)
    }
}

const CPU: fn(&TaskSource) -> Option<Mark> = |task| task.cpu.as_ref().map(|field| field.mark);
const MEMORY: fn(&TaskSource) -> Option<Mark> = |task| task.memory.as_ref().map(|field| field.mark);
const MAX_CPU: fn(&TaskSource) -> Option<Mark> = |task| task.max_cpu.as_ref().map(|field| field.mark);
const MAX_MEMORY: fn(&TaskSource) -> Option<Mark> = |task| task.max_memory.as_ref().map(|field| field.mark);
const TIMEOUT: fn(&TaskSource) -> Option<Mark> = |task| task.timeout.as_ref().map(|field| field.mark);
const STOP_TIMEOUT: fn(&TaskSource) -> Option<Mark> = |task| task.stop_timeout.as_ref().map(|field| field.mark);

fn ceilings(task: &Task, places: &Places<'_>, report: &mut Report) {
    let pairs = [
        ("cpu", task.cpu, task.max_cpu, CPU, MAX_CPU),
        ("memory", task.memory, task.max_memory, MEMORY, MAX_MEMORY),
    ];
    for (field, size, most, size_place, most_place) in pairs {
        if size > most {
            let message = format!("the default {field} of {size} is above its ceiling of {most}");
            let help = format!("lower `{field}` or raise `max_{field}`");
            report.error(
                "default-above-ceiling",
                places.of(&[size_place, most_place]),
                message,
                help,
            );
        }
    }
}

fn fargate_sizes(task: &Task, places: &Places<'_>, report: &mut Report) {
    if !on_fargate(task) {
        return;
    }
    let sizes = [
        ("default size", task.cpu, task.memory, places.of(&[MEMORY, CPU])),
        (
            "ceiling",
            task.max_cpu,
            task.max_memory,
            places.of(&[MAX_MEMORY, MAX_CPU, MEMORY, CPU]),
        ),
    ];
    for (what, cpu, memory, place) in sizes {
        let reported = what == "ceiling" && (cpu, memory) == (task.cpu, task.memory);
        if !reported && !fargate::valid_pair(cpu, memory) {
            let message = format!("the {what} of cpu {cpu} with memory {memory} does not exist on Fargate");
            report.error(
                "fargate-size",
                place,
                message,
                format!("choose {}", fargate::nearest_sizes(cpu)),
            );
        }
    }
}

fn on_fargate(task: &Task) -> bool {
    task.launch_types
        .iter()
        .any(|kind| matches!(kind, LaunchType::Fargate | LaunchType::FargateSpot))
}

fn times(task: &Task, places: &Places<'_>, report: &mut Report) {
    if on_fargate(task) && task.stop_timeout_seconds > FARGATE_STOP_TIMEOUT {
        let message = format!(
            "a stop timeout of {} s does not exist on Fargate",
            task.stop_timeout_seconds
        );
        report.error(
            "stop-timeout",
            places.of(&[STOP_TIMEOUT]),
            message,
            "choose `120s` or less",
        );
    }
    if task.stop_timeout_seconds >= task.timeout_seconds {
        let message = "a run has longer to clean up than to work".to_owned();
        report.warning(
            "stop-timeout",
            places.of(&[STOP_TIMEOUT, TIMEOUT]),
            message,
            "raise `timeout` or lower `stop_timeout`",
        );
    }
    if task.timeout_seconds > DAY {
        let message = "a run may take more than a day".to_owned();
        report.warning(
            "long-timeout",
            places.of(&[TIMEOUT]),
            message,
            "a job that hangs is only stopped then: choose `24h` or less",
        );
    }
}

fn launch_types(task: &TaskSource, report: &mut Report) {
    let Some(list) = &task.launch_types else { return };
    if task.launch_type.is_some() {
        let message = "`launch_type` and `launch_types` are both there";
        report.error(
            "launch-types",
            list.mark,
            message,
            "keep `launch_types`; its first is the default",
        );
    }
    if list.items.is_empty() {
        report.error(
            "launch-types",
            list.mark,
            "no launch type is left",
            "list at least one, such as `FARGATE`",
        );
    }
    for (index, item) in list.items.iter().enumerate() {
        if list.items.iter().take(index).any(|earlier| earlier.value == item.value) {
            report.warning(
                "duplicate-item",
                item.mark,
                format!("`{item}` is listed twice"),
                "remove one of them",
            );
        }
    }
}
