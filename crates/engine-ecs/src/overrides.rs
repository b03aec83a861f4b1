//! What a permit changes in its task definition: the words of the command, the size. Never a value of a variable or of a secret: those are
//! in the pinned task definition, and the runner fails closed when one of the names that it is given here is missing there.

use ::engine::Permit;
use aws_sdk_ecs::types::{ContainerOverride, TaskOverride};
use gatekeeper::compiled::Entrypoint;
use protocol::TaskSize;
use serde_json::json;

use crate::settings::JOB_CONTAINER;

/// Most characters of the overrides of one task, JSON included (ECS API, `RunTask`).
const MAX_CHARS: usize = 8_192;
/// The runner's own time to clean up ends before ECS kills it (`stopTimeout` 120 s), so that the log gets its closing line.
const MAX_STOP_TIMEOUT_SECONDS: u32 = 115;

/// Overrides that ECS would not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the command makes {chars} characters of overrides, and ECS takes at most {MAX_CHARS}: use shorter or fewer arguments"
)]
pub(crate) struct TooLarge {
    chars: usize,
}

/// The overrides of a permit, which surely fit.
pub(crate) fn of(permit: &Permit) -> Result<TaskOverride, TooLarge> {
    fitting(command(permit), permit.size())
}

fn fitting(command: Vec<String>, size: TaskSize) -> Result<TaskOverride, TooLarge> {
    let (cpu, memory) = (size.cpu.to_string(), size.memory.to_string());
    let written = json!({
        "containerOverrides": [{"name": JOB_CONTAINER, "command": command, "cpu": size.cpu, "memory": size.memory}],
        "cpu": cpu,
        "memory": memory,
    });
    let chars = written.to_string().chars().count();
    if chars > MAX_CHARS {
        return Err(TooLarge { chars });
    }
    let job = ContainerOverride::builder()
        .name(JOB_CONTAINER)
        .set_command(Some(command))
        .cpu(i32::try_from(size.cpu).unwrap_or(i32::MAX))
        .memory(i32::try_from(size.memory).unwrap_or(i32::MAX))
        .build();
    Ok(TaskOverride::builder()
        .container_overrides(job)
        .cpu(cpu)
        .memory(memory)
        .build())
}

fn command(permit: &Permit) -> Vec<String> {
    let script = std::iter::once(permit.script()).chain(permit.args().iter().map(String::as_str));
    let script = script.map(str::to_owned);
    match permit.entrypoint() {
        Entrypoint::Image => script.collect(),
        Entrypoint::DeployRunner => {
            let mut words = vec![
                "--timeout".to_owned(),
                permit.timeout_seconds().to_string(),
                "--stop-timeout".to_owned(),
                permit.stop_timeout_seconds().min(MAX_STOP_TIMEOUT_SECONDS).to_string(),
            ];
            words.extend(
                permit
                    .environment()
                    .keys()
                    .flat_map(|name| ["--env".to_owned(), name.clone()]),
            );
            words.extend(
                permit
                    .secrets()
                    .keys()
                    .flat_map(|name| ["--secret".to_owned(), name.clone()]),
            );
            words.push("--".to_owned());
            words.extend(script);
            words
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: TaskSize = TaskSize { cpu: 256, memory: 512 };
    /// What ECS gets around one empty word; the launch's own test shows the same text on the wire.
    const AROUND: &str =
        r#"{"containerOverrides":[{"command":[""],"cpu":256,"memory":512,"name":"job"}],"cpu":"256","memory":"512"}"#;

    #[test]
    fn the_size_is_known_to_the_character_before_the_call() {
        let room = MAX_CHARS - AROUND.len();
        assert!(fitting(vec!["x".repeat(room)], SIZE).is_ok());
        let error = fitting(vec!["x".repeat(room + 1)], SIZE).expect_err("one more is too much");
        assert_eq!(error, TooLarge { chars: MAX_CHARS + 1 });
        assert!(
            error
                .to_string()
                .contains("8193 characters of overrides, and ECS takes at most 8192")
        );
    }

    #[test]
    fn what_json_escapes_counts_as_it_is_written() {
        let room = MAX_CHARS - AROUND.len();
        assert!(fitting(vec!["\"".repeat(room / 2)], SIZE).is_ok());
        assert!(fitting(vec!["\"".repeat(room / 2 + 1)], SIZE).is_err());
    }
}
