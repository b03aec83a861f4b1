//! What a run of `build-packer-artifact` came to, and how it is told.
//!
//! Responsible for never calling a run a success that built nothing and found nothing, and for the one line of JSON on standard
//! output that a pipeline can go on with.

use std::io::{self, Write as _};

use serde_json::{Value, json};

use super::arguments::{Order, Properties, Repetition};
use super::failure::Failure;
use super::messages::{Artifact, Told};
use crate::handover::Handover;
use crate::report::Report;

/// What a run came to: at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    built: Vec<Artifact>,
    found: Vec<Found>,
}

/// An AMI that was there already.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    build: String,
    ami: String,
}

impl Outcome {
    /// Judges what Packer told.
    pub(super) fn of(told: Told, order: &Order) -> Result<Self, Failure> {
        let found: Option<Vec<_>> = told
            .failures
            .iter()
            .map(|failure| {
                let ami = failure.existing_ami()?.to_owned();
                let build = failure.build.clone();
                Some(Found { build, ami })
            })
            .collect();
        match (told.ended, found) {
            (Some(ended), _) if ended.is_success() && told.artifacts.is_empty() => Err(Failure::Nothing {
                path: order.template.clone(),
                build: order.build.clone(),
            }),
            (Some(ended), _) if ended.is_success() => Ok(Self {
                built: distinct(told.artifacts),
                found: Vec::new(),
            }),
            (Some(_), Some(found))
                if order.repetition == Repetition::Done && !found.is_empty() && found.len() == told.error_count =>
            {
                Ok(Self {
                    built: distinct(told.artifacts),
                    found,
                })
            }
            (Some(ended), _) => Err(Failure::Packer(ended)),
            (None, _) => Err(Failure::Unended),
        }
    }

    /// Says it: for people on standard error, for programs on standard output and in the run's result.
    pub fn tell(&self, order: &Order, report: Report, handover: &mut Handover) {
        for made in &self.built {
            report.step(format_args!("built `{}` with `{}`", made.id, made.build));
        }
        for Found { build, ami } in &self.found {
            report.step(format_args!(
                "`{build}` was not built again: its name is taken by `{ami}`"
            ));
        }
        if order.properties == Properties::Printed {
            let properties = self.properties(order);
            // Nobody may be reading any more; that must not change how a build ends.
            drop(writeln!(io::stdout().lock(), "{properties}"));
            if let Err(reason) = handover.send_result("artifacts", &properties) {
                report.step(format_args!("the artifacts are not in the run's result: {reason}"));
            }
        }
    }

    fn properties(&self, order: &Order) -> Value {
        let built = self.built.iter().map(|made| {
            json!({
                "outcome": "built",
                "build": made.build,
                "builder": made.builder,
                "id": made.id,
                "files": made.files,
            })
        });
        let found = self.found.iter().map(|Found { build, ami }| {
            json!({ "outcome": "exists", "build": build, "builder": null, "id": ami, "files": [] })
        });
        json!({
            "outcome": if self.built.is_empty() { "exists" } else { "built" },
            "repository": order.source.repository.as_str(),
            "commit": order.source.commit.as_str(),
            "template": order.template.to_string(),
            "artifacts": built.chain(found).collect::<Vec<_>>(),
        })
    }
}

/// A post-processor that makes nothing of its own passes the artifact on, and Packer tells it again.
fn distinct(told: Vec<Artifact>) -> Vec<Artifact> {
    let mut distinct: Vec<Artifact> = Vec::new();
    for artifact in told {
        if !distinct.iter().any(|known| known.is_same(&artifact)) {
            distinct.push(artifact);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packer::messages::BuildFailure;
    use crate::process::Ended;

    const EXISTS: &str = "Error: AMI Name: 'x' is used by an existing AMI: ami-1";

    fn order(words: &[&str]) -> Order {
        let fixed = [
            "x",
            "--repo=file:///r",
            "--ref=0123456789abcdef0123456789abcdef01234567",
            "--template-path=a.json",
        ];
        Order::parse(fixed.iter().chain(words).map(Into::into)).unwrap()
    }

    fn told(artifacts: usize, reasons: &[&str], error_count: usize, code: u8) -> Told {
        Told {
            artifacts: vec![Artifact::default(); artifacts],
            failures: reasons
                .iter()
                .map(|reason| BuildFailure {
                    build: "b".to_owned(),
                    reason: (*reason).to_owned(),
                })
                .collect(),
            error_count,
            ended: Some(Ended::Exited(code)),
            ..Told::default()
        }
    }

    #[test]
    fn a_success_without_an_artifact_is_none() {
        let outcome = Outcome::of(told(0, &[], 0, 0), &order(&[]));
        assert!(matches!(outcome, Err(Failure::Nothing { .. })), "{outcome:?}");
        assert!(Outcome::of(told(1, &[], 0, 0), &order(&[])).is_ok());
        assert!(matches!(
            Outcome::of(Told::default(), &order(&[])),
            Err(Failure::Unended)
        ));
    }

    #[test]
    fn an_ami_of_the_same_name_is_a_success_only_when_asked_for_and_when_nothing_else_failed() {
        let idempotent = order(&["--idempotent"]);
        for (told, order, expected) in [
            (told(0, &[EXISTS], 1, 1), &idempotent, Some("exists")),
            (told(1, &[EXISTS], 1, 1), &idempotent, Some("built")),
            (told(0, &[EXISTS], 1, 1), &order(&[]), None),
            (told(0, &[EXISTS, "Error: x"], 2, 1), &idempotent, None),
            // Packer counts a failure that it did not name.
            (told(0, &[EXISTS], 2, 1), &idempotent, None),
            (told(0, &[], 0, 1), &idempotent, None),
        ] {
            let outcome = Outcome::of(told, order);
            match expected {
                Some(expected) => assert_eq!(outcome.unwrap().properties(order)["outcome"], expected),
                None => assert!(matches!(outcome, Err(Failure::Packer(Ended::Exited(1)))), "{outcome:?}"),
            }
        }
    }
}
