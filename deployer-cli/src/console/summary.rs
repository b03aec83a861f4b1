//! The last words about a run: one line of what happened and how long it took, and what to do next when it went wrong.
//!
//! Never: decides how a run ended; that comes in as an [`Ending`].

use std::time::Duration;

use protocol::{Ending, RunId, Timings};

use super::elapsed::precise;

/// Good or bad, for the colour and for CI systems that unfold the output of what failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The job exited with 0.
    Success,
    /// Anything else.
    Failure,
}

/// Whether all of the job's output was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logs {
    /// All of it, proven by the log's trailer.
    Complete,
    /// Some is missing, or nothing proves that none is though something should.
    Incomplete,
    /// Nothing can prove it.
    NotProven,
}

/// What is known about a run that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report<'a> {
    /// Which run.
    pub run: RunId,
    /// How it ended.
    pub ending: &'a Ending,
    /// How long each part took, as the engine tells.
    pub timings: &'a Timings,
    /// From the ending to the last line of output.
    pub drain: Option<Duration>,
    /// From the request to now, as the caller felt it.
    pub total: Duration,
    /// Whether all of the output was seen.
    pub logs: Logs,
    /// The command that shows the run again.
    pub attach: &'a str,
}

/// The last words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Good or bad.
    pub outcome: Outcome,
    /// One line.
    pub summary: String,
    /// What to do next, one line each.
    pub advice: Vec<String>,
}

impl Closing {
    /// The last words about a run.
    pub fn of(report: &Report<'_>) -> Self {
        let succeeded = matches!(report.ending, Ending::Exited { code: 0 });
        Self {
            outcome: if succeeded { Outcome::Success } else { Outcome::Failure },
            summary: format!(
                "{} after {}{}{}",
                headline(report.ending),
                precise(report.total),
                parts(report),
                reason(report.ending)
            ),
            advice: advice(report),
        }
    }
}

fn headline(ending: &Ending) -> String {
    match ending {
        Ending::Exited { code: 0 } => "succeeded".to_owned(),
        Ending::Exited { code } => format!("exited with {code}"),
        Ending::Signalled { signal } => format!("ended by signal {signal}"),
        Ending::TimedOut { after_seconds } => {
            format!(
                "stopped at its deadline of {}",
                precise(Duration::from_secs(*after_seconds))
            )
        }
        Ending::Cancelled { code: Some(code) } => format!("cancelled, cleaned up and exited with {code}"),
        Ending::Cancelled { code: None } => "cancelled and killed".to_owned(),
        Ending::OutOfMemory { limit_mib } => format!("out of memory (ceiling {limit_mib} MiB)"),
        Ending::FailedToStart { .. } => "failed to start".to_owned(),
        Ending::HostLost { .. } => "lost its host".to_owned(),
        Ending::Unknown { .. } => "ended, nobody can say how,".to_owned(),
    }
}

fn reason(ending: &Ending) -> String {
    match ending {
        Ending::FailedToStart { reason } | Ending::HostLost { reason } | Ending::Unknown { reason } => {
            format!(": {reason}")
        }
        Ending::Exited { .. }
        | Ending::Signalled { .. }
        | Ending::TimedOut { .. }
        | Ending::Cancelled { .. }
        | Ending::OutOfMemory { .. } => String::new(),
    }
}

fn parts(report: &Report<'_>) -> String {
    let ms = Duration::from_millis;
    let timings = report.timings;
    let parts = [
        ("queue", timings.queued_ms.map(ms)),
        ("pull", timings.pull_ms.map(ms)),
        ("start", timings.start_ms.map(ms)),
        ("run", timings.run_ms.map(ms)),
        ("drain", report.drain),
    ];
    let known: Vec<String> = parts
        .iter()
        .filter_map(|(name, time)| time.map(|time| format!("{name} {}", precise(time))))
        .collect();
    if known.is_empty() {
        String::new()
    } else {
        format!(" ({})", known.join(", "))
    }
}

fn advice(report: &Report<'_>) -> Vec<String> {
    let attach = report.attach;
    let mut advice = Vec::new();
    match report.ending {
        Ending::Exited { code: 0 } | Ending::Cancelled { code: Some(_) } => {}
        Ending::Exited { .. } | Ending::Signalled { .. } => advice.push(format!(
            "the output above says why; `{attach}` shows it again"
        )),
        Ending::TimedOut { .. } => advice.push(
            "check whether the job left a state lock; a longer run needs a higher `--max-wait-time` and, in the allow-list, \
             a higher `timeout`"
                .to_owned(),
        ),
        Ending::Cancelled { code: None } => {
            advice.push("it had no time to clean up: check whether it left a state lock before running it again".to_owned());
        }
        Ending::OutOfMemory { .. } => advice.push(
            "ask for more with `--task-memory`; `--describe-containers` shows how much is allowed".to_owned(),
        ),
        Ending::FailedToStart { .. } => advice.push("nothing ran: it is safe to try again".to_owned()),
        Ending::HostLost { .. } | Ending::Unknown { .. } => advice.push(format!(
            "it may have changed something: compare with a plan before running it again; `{attach}` \
             shows what is known"
        )),
    }
    if report.logs == Logs::Incomplete {
        advice.push(format!("the output above is not complete; `{attach}` reads it again"));
    }
    advice
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(ending: &Ending, logs: Logs) -> Closing {
        Closing::of(&Report {
            run: RunId::from_random([0xab; 16]),
            ending,
            timings: &Timings {
                queued_ms: Some(1_200),
                pull_ms: Some(40_000),
                start_ms: Some(41_000),
                run_ms: Some(90_000),
                drain_ms: None,
            },
            drain: Some(Duration::from_millis(300)),
            total: Duration::from_millis(133_500),
            logs,
            attach: "infrastructure-deployer attach abababababababababababababababab",
        })
    }

    #[test]
    fn a_success_is_one_line_with_where_the_time_went() {
        let closing = closing(&Ending::Exited { code: 0 }, Logs::Complete);
        assert_eq!(
            closing.summary,
            "succeeded after 2m 13s (queue 1.2s, pull 40s, start 41s, run 1m 30s, drain 0.3s)"
        );
        assert_eq!(closing.outcome, Outcome::Success);
        assert_eq!(closing.advice, Vec::<String>::new());
    }

    #[test]
    fn every_other_ending_is_a_failure_that_says_what_happened_and_what_to_do() {
        let reason = || "the image is gone".to_owned();
        let endings = [
            Ending::Exited { code: 3 },
            Ending::Signalled { signal: 11 },
            Ending::TimedOut { after_seconds: 7200 },
            Ending::Cancelled { code: Some(1) },
            Ending::Cancelled { code: None },
            Ending::OutOfMemory { limit_mib: 512 },
            Ending::FailedToStart { reason: reason() },
            Ending::HostLost { reason: reason() },
            Ending::Unknown { reason: reason() },
        ];
        let text: Vec<String> = endings
            .iter()
            .map(|ending| {
                let closing = closing(ending, Logs::Complete);
                assert_eq!(closing.outcome, Outcome::Failure, "{ending:?}");
                let lines = [vec![closing.summary], closing.advice].concat();
                lines.join("\n  next: ") + "\n"
            })
            .collect();
        insta::assert_snapshot!(text.concat());
    }

    #[test]
    fn output_that_is_not_complete_is_mentioned_even_after_a_success() {
        let closing = closing(&Ending::Exited { code: 0 }, Logs::Incomplete);
        assert_eq!(closing.outcome, Outcome::Success);
        assert!(closing.advice.concat().contains("not complete"), "{:?}", closing.advice);
    }
}
