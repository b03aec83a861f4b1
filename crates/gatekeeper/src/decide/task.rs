//! Size, placement and deadline of a run: what the caller asks for, against the container's ceilings.

use protocol::{LaunchType, ProblemKind, TaskRequest, TaskSize};

use crate::allow_list::ContainerRules;
use crate::fargate;
use crate::report::{Report, Words};

/// What a run gets.
pub(super) struct GrantedTask {
    pub(super) size: TaskSize,
    pub(super) launch_type: LaunchType,
    pub(super) timeout_seconds: u32,
}

/// Checks what is asked for. The result counts only if nothing was reported.
pub(super) fn check(container: &ContainerRules, asked: &TaskRequest, report: &mut Report) -> GrantedTask {
    let own = &container.spec.task;
    let path = &container.path;
    let cpu = ceiling(path, "cpu", asked.cpu, own.cpu, own.max_cpu, report);
    let memory = ceiling(path, "memory", asked.memory, own.memory, own.max_memory, report);
    let launch_type = launch_type(container, asked.launch_type, report);
    if let (Some(cpu), Some(memory), Some(launch_type)) = (cpu, memory, launch_type) {
        fargate_pair(cpu, memory, launch_type, report);
    }
    GrantedTask {
        size: TaskSize {
            cpu: cpu.unwrap_or(own.cpu),
            memory: memory.unwrap_or(own.memory),
        },
        launch_type: launch_type.unwrap_or(LaunchType::Fargate),
        timeout_seconds: deadline(container, asked.max_wait_seconds, report),
    }
}

fn ceiling(path: &str, what: &str, asked: Option<u32>, own: u32, max: u32, report: &mut Report) -> Option<u32> {
    let value = asked.unwrap_or(own);
    if (1..=max).contains(&value) {
        return Some(value);
    }
    let rule = format!("{path}.task.max_{what}");
    let word = value.to_string();
    let message = format!("{what} `{value}` is zero or over the ceiling");
    let accepted = format!("{what} from 1 to {max}");
    report.add(
        ProblemKind::Size,
        Words::outside(&word, &rule),
        message,
        accepted,
        Some(max.to_string()),
    );
    None
}

fn launch_type(container: &ContainerRules, asked: Option<LaunchType>, report: &mut Report) -> Option<LaunchType> {
    let allowed = &container.spec.task.launch_types;
    let wanted = asked.or_else(|| allowed.first().copied());
    if let Some(wanted) = wanted.filter(|wanted| allowed.contains(wanted)) {
        return Some(wanted);
    }
    let names: Vec<&str> = allowed.iter().map(|allowed| allowed.as_str()).collect();
    let word = wanted.map(LaunchType::as_str).unwrap_or_default();
    let rule = format!("{}.task.launch_types", container.path);
    let message = format!("launch type `{word}` is not one of the container's");
    let accepted = format!("one of: {}", names.join(", "));
    report.add(ProblemKind::Size, Words::outside(word, &rule), message, accepted, None);
    None
}

/// Fargate has only some pairs of CPU and memory.
fn fargate_pair(cpu: u32, memory: u32, launch_type: LaunchType, report: &mut Report) {
    let exists = match launch_type {
        LaunchType::Fargate | LaunchType::FargateSpot => fargate::valid_pair(cpu, memory),
        LaunchType::Ec2 => true,
    };
    if !exists {
        let word = format!("cpu {cpu}, memory {memory}");
        let message = format!("Fargate has no task with cpu `{cpu}` and memory `{memory}`");
        let words = Words::outside(&word, "built-in.fargate-sizes");
        report.add(ProblemKind::Size, words, message, fargate::nearest_sizes(cpu), None);
    }
}

/// The caller may wait for less time than the container grants, never for more.
fn deadline(container: &ContainerRules, asked: Option<u32>, report: &mut Report) -> u32 {
    let own = container.spec.task.timeout_seconds;
    if asked == Some(0) {
        let rule = format!("{}.task.timeout", container.path);
        let message = "a run that may take `0` seconds could never do anything".to_owned();
        let accepted = format!("1 second or more; the container's own limit is {own} seconds");
        report.add(
            ProblemKind::InvalidValue,
            Words::outside("0", &rule),
            message,
            accepted,
            None,
        );
    }
    asked.map_or(own, |asked| asked.min(own))
}
