//! From the command line to the request that the gate gets. Checks only what belongs to the command line; the gate checks the rest.

use protocol::{IdempotencyKey, RunRequest, TaskRequest};

use crate::args::{RunArgs, WaitTime};

/// Why there is no request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    /// Nothing to run.
    #[error("nothing to run: give `-- CONTAINER SCRIPT [ARGS]...`, or see --help")]
    NoWords,
    /// Only one word where two are needed.
    #[error("no script after the container `{0}`: give `-- CONTAINER SCRIPT [ARGS]...`, or use --default-container")]
    NoScript(String),
    /// The system has no random numbers.
    #[error("no random idempotency key can be drawn: {0}; give one with --idempotency-key")]
    Random(getrandom::Error),
}

/// The request of the command line.
pub(crate) fn request(words: &[String], run: &RunArgs) -> Result<RunRequest, RequestError> {
    let (container, script, args) = match words {
        [] => return Err(RequestError::NoWords),
        [script, args @ ..] if run.default_container => (None, script, args),
        [container] => return Err(RequestError::NoScript(container.escape_debug().take(80).collect())),
        [container, script, args @ ..] => (Some(container.clone()), script, args),
    };
    Ok(RunRequest {
        container,
        script: script.clone(),
        args: args.to_vec(),
        task: TaskRequest {
            cpu: run.task.cpu,
            memory: run.task.memory,
            launch_type: run.task.launch_type,
            max_wait_seconds: max_wait(run).map(WaitTime::seconds),
        },
    })
}

/// How long a run may take. Without `--max-wait-time` nobody waits for a `--no-wait` run, so only its container's own limit counts.
pub(crate) fn max_wait(run: &RunArgs) -> Option<WaitTime> {
    run.max_wait_time.or((!run.no_wait).then_some(WaitTime::DEFAULT))
}

/// The caller's key, or a random one.
pub(crate) fn key(run: &RunArgs) -> Result<IdempotencyKey, RequestError> {
    if let Some(key) = &run.idempotency_key {
        return Ok(key.clone());
    }
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(RequestError::Random)?;
    Ok(IdempotencyKey::from_random(bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;

    #[track_caller]
    fn read(line: &[&str]) -> Result<RunRequest, RequestError> {
        let line = ["infrastructure-deployer"].iter().chain(line);
        let cli = Cli::read(line.map(Into::into)).expect("the command line must be read");
        request(&cli.words, &cli.run)
    }

    #[test]
    fn the_first_word_is_the_container_and_the_second_the_script() {
        let request = read(&["--", "planner", "script", "--a", "b c"]).unwrap();
        assert_eq!(request.container.as_deref(), Some("planner"));
        assert_eq!(request.script, "script");
        assert_eq!(request.args, ["--a", "b c"]);
    }

    #[test]
    fn with_the_default_container_the_first_word_is_the_script() {
        let request = read(&["--default-container", "--", "script", "x"]).unwrap();
        assert_eq!((request.container, request.script.as_str()), (None, "script"));
        assert_eq!(request.args, ["x"]);
    }

    #[test]
    fn too_few_words_are_an_error_that_says_what_is_missing() {
        assert!(matches!(read(&[]), Err(RequestError::NoWords)));
        assert!(matches!(
            read(&["--default-container", "--"]),
            Err(RequestError::NoWords)
        ));
        let error = read(&["--", "pla\u{1b}nner"]).unwrap_err().to_string();
        assert!(
            error.starts_with("no script after the container `pla\\u{1b}nner`"),
            "{error}"
        );
    }

    #[test]
    fn a_run_waits_two_hours_unless_told_otherwise_and_a_run_nobody_waits_for_has_its_own_limit() {
        let limit = |line: &[&str]| read(line).unwrap().task.max_wait_seconds;
        assert_eq!(limit(&["--", "c", "s"]), Some(7200));
        assert_eq!(limit(&["--max-wait-time", "90s", "--", "c", "s"]), Some(90));
        assert_eq!(limit(&["--no-wait", "--", "c", "s"]), None);
        assert_eq!(
            limit(&["--no-wait", "--max-wait-time", "90s", "--", "c", "s"]),
            Some(90)
        );
    }

    #[test]
    fn size_and_launch_type_are_passed_on_as_asked_for() {
        let line = [
            "--task-cpu=512",
            "--task-memory=1024",
            "--task-launch-type=EC2",
            "--",
            "c",
            "s",
        ];
        let task = read(&line).unwrap().task;
        assert_eq!((task.cpu, task.memory), (Some(512), Some(1024)));
        assert_eq!(task.launch_type, Some(protocol::LaunchType::Ec2));
    }

    #[test]
    fn a_key_is_random_unless_the_caller_gives_one() {
        let args = |line: &[&str]| Cli::read(line.iter().map(Into::into)).unwrap().run;
        let random = args(&["x", "--", "c", "s"]);
        assert_ne!(key(&random).unwrap(), key(&random).unwrap());
        let given = args(&["x", "--idempotency-key=build-7", "--", "c", "s"]);
        assert_eq!(key(&given).unwrap().as_str(), "build-7");
    }
}
