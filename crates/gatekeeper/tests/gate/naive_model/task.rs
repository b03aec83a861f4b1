//! Ceilings and the sizes that Fargate has, written out from AWS's table.

use gatekeeper::compiled::Task;
use protocol::{LaunchType, ProblemKind, TaskRequest};

pub(super) fn complaints(own: &Task, asked: &TaskRequest) -> Vec<ProblemKind> {
    let mut kinds = Vec::new();
    let cpu = asked.cpu.unwrap_or(own.cpu);
    let memory = asked.memory.unwrap_or(own.memory);
    let launch_type = asked.launch_type.unwrap_or(own.launch_types[0]);
    let too_big = cpu == 0 || cpu > own.max_cpu || memory == 0 || memory > own.max_memory;
    let elsewhere = !own.launch_types.contains(&launch_type);
    let no_such_pair = launch_type != LaunchType::Ec2 && !fargate_has(cpu, memory);
    if too_big || elsewhere || no_such_pair {
        kinds.push(ProblemKind::Size);
    }
    if asked.max_wait_seconds == Some(0) {
        kinds.push(ProblemKind::InvalidValue);
    }
    kinds
}

fn fargate_has(cpu: u32, memory: u32) -> bool {
    let gib = memory / 1_024;
    let whole = memory.is_multiple_of(1_024);
    match cpu {
        256 => memory == 512 || memory == 1_024 || memory == 2_048,
        512 => whole && (1..=4).contains(&gib),
        1_024 => whole && (2..=8).contains(&gib),
        2_048 => whole && (4..=16).contains(&gib),
        4_096 => whole && (8..=30).contains(&gib),
        8_192 => whole && (16..=60).contains(&gib) && gib.is_multiple_of(4),
        16_384 => whole && (32..=120).contains(&gib) && gib.is_multiple_of(8),
        _ => false,
    }
}
