//! What Packer told, judged.
//!
//! Responsible for never calling a run a success that built nothing and found nothing.

use super::arguments::{Order, Repetition};
use super::failure::Failure;
use super::messages::{Artifact, Told};
use super::outcome::{Found, Outcome};

/// Judges it.
pub(super) fn judge(told: Told, order: &Order) -> Result<Outcome, Failure> {
    let found: Option<Vec<_>> = told
        .failures
        .iter()
        .map(|failure| {
            let ami = failure.existing_ami()?.to_owned();
            let build = failure.build.clone();
            Some(Found::ByName { build, ami })
        })
        .collect();
    match (told.ended, found) {
        (Some(ended), _) if ended.is_success() && told.artifacts.is_empty() => Err(Failure::Nothing {
            path: order.template.clone(),
            build: order.build.clone(),
        }),
        (Some(ended), _) if ended.is_success() => Ok(Outcome {
            built: distinct(told.artifacts),
            found: Vec::new(),
        }),
        (Some(_), Some(found))
            if order.repetition != Repetition::Refused && !found.is_empty() && found.len() == told.error_count =>
        {
            Ok(Outcome {
                built: distinct(told.artifacts),
                found,
            })
        }
        (Some(ended), _) => Err(Failure::of_packer(ended, &told.artifacts, &order.repetition)),
        (None, _) => Err(Failure::Unended),
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
    use crate::packer::outcome::Origin;
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
        let outcome = judge(told(0, &[], 0, 0), &order(&[]));
        assert!(matches!(outcome, Err(Failure::Nothing { .. })), "{outcome:?}");
        assert!(judge(told(1, &[], 0, 0), &order(&[])).is_ok());
        assert!(matches!(judge(Told::default(), &order(&[])), Err(Failure::Unended)));
    }

    #[test]
    fn the_amis_of_a_region_are_those_built_there_and_those_of_a_name() {
        let mut told = told(1, &[EXISTS], 1, 1);
        told.artifacts[0].id = "eu-west-1:ami-2,us-east-1:ami-3".to_owned();
        let outcome = judge(told, &order(&["--idempotent"])).unwrap();
        let amis = |region: &str| -> Vec<_> {
            let amis = outcome.amis_in(region);
            amis.iter().map(|ami| (ami.id.to_owned(), ami.origin)).collect()
        };
        let named = ("ami-1".to_owned(), Origin::Named);
        assert_eq!(amis("eu-west-1"), [("ami-2".to_owned(), Origin::Built), named.clone()]);
        assert_eq!(amis("eu-west-2"), [named]);
        assert_eq!(
            outcome.to_string(),
            "built `eu-west-1:ami-2,us-east-1:ami-3`, found `ami-1`"
        );
        assert_eq!(Outcome::exists("eu-west-1:ami-2".to_owned()).amis_in("eu-west-1"), []);
    }

    #[test]
    fn what_a_failed_build_leaves_is_told_only_where_the_next_run_would_take_it_for_everything() {
        let tags = order(&["--idempotent", "--idempotent-tag=a=1"]);
        for (order, id, partly) in [
            (&tags, "eu-west-1:ami-2", true),
            (&tags, "made.txt", false),
            (&order(&["--idempotent"]), "eu-west-1:ami-2", false),
        ] {
            let mut told = told(1, &["Error: x"], 1, 1);
            told.artifacts[0].id = id.to_owned();
            match judge(told, order) {
                Err(Failure::Partly { amis, .. }) => assert_eq!((amis.as_str(), partly), ("`eu-west-1:ami-2`", true)),
                Err(Failure::Packer(_)) => assert!(!partly, "{id}"),
                other => panic!("{other:?}"),
            }
        }
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
            let outcome = judge(told, order);
            match expected {
                Some(expected) => assert_eq!(outcome.unwrap().properties(order)["outcome"], expected),
                None => assert!(matches!(outcome, Err(Failure::Packer(Ended::Exited(1)))), "{outcome:?}"),
            }
        }
    }
}
