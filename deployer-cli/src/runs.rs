//! The list of runs on this machine, for people and for machines.

use jiff::Timestamp;
use protocol::{Ending, Phase, RunId};
use serde::Serialize;

/// One run in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RunLine {
    /// Its id.
    pub(crate) run: RunId,
    /// The container's name.
    pub(crate) container: String,
    /// The script's name.
    pub(crate) script: String,
    /// What holds it: `sandbox`, `docker` or `podman`.
    pub(crate) engine: &'static str,
    /// Where it is.
    pub(crate) phase: Phase,
    /// When it was launched.
    pub(crate) started: Timestamp,
    /// How it ended, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ending: Option<Ending>,
}

/// The list for a machine.
pub(crate) fn json(runs: &[RunLine]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(runs).map(|text| text + "\n")
}

/// The list for a person: one line each, the latest first.
pub(crate) fn render(runs: &[RunLine]) -> String {
    if runs.is_empty() {
        return "no runs on this machine\n".to_owned();
    }
    runs.iter().map(line).collect()
}

fn line(run: &RunLine) -> String {
    format!(
        "{}  {:.0}  {:<24}  {:<7}  {} / {}\n",
        run.run,
        run.started,
        state(run),
        run.engine,
        run.container,
        run.script
    )
}

fn state(run: &RunLine) -> String {
    match &run.ending {
        None => run.phase.as_str().to_owned(),
        Some(Ending::Exited { code }) => format!("exited with {code}"),
        Some(Ending::Signalled { signal }) => format!("ended by signal {signal}"),
        Some(Ending::TimedOut { .. }) => "timed out".to_owned(),
        Some(Ending::Cancelled { .. }) => "cancelled".to_owned(),
        Some(Ending::OutOfMemory { .. }) => "out of memory".to_owned(),
        Some(Ending::FailedToStart { .. }) => "failed to start".to_owned(),
        Some(Ending::HostLost { .. }) => "lost its host".to_owned(),
        Some(Ending::Unknown { .. }) => "nobody can say".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(phase: Phase, ending: Option<Ending>) -> RunLine {
        RunLine {
            run: RunId::from_random([0xab; 16]),
            container: "planner".into(),
            script: "plan".into(),
            engine: "sandbox",
            phase,
            started: "2026-01-02T03:04:05.678Z".parse().unwrap(),
            ending,
        }
    }

    #[test]
    fn each_run_is_one_line_with_where_it_is_or_how_it_ended() {
        let runs = [
            run(Phase::Running, None),
            run(Phase::Ended, Some(Ending::Exited { code: 3 })),
        ];
        let id = "ab".repeat(16);
        let expected = format!(
            "{id}  2026-01-02T03:04:05Z  running                   sandbox  planner / plan\n\
             {id}  2026-01-02T03:04:05Z  exited with 3             sandbox  planner / plan\n"
        );
        assert_eq!(render(&runs), expected);
        assert_eq!(render(&[]), "no runs on this machine\n");
    }

    #[test]
    fn a_machine_reads_the_ending_whole() {
        let text = json(&[run(Phase::Ended, Some(Ending::OutOfMemory { limit_mib: 512 }))]).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value[0]["ending"],
            serde_json::json!({"how": "out_of_memory", "limit_mib": 512})
        );
        assert_eq!(value[0]["phase"], "ended");
        assert_eq!(value[0]["engine"], "sandbox");
    }
}
