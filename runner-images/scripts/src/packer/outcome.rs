//! What a run of `build-packer-artifact` came to, and how it is told.
//!
//! Responsible for the one line of JSON on standard output that a pipeline can go on with.

use std::fmt;
use std::io::{self, Write as _};

use serde_json::{Value, json};

use super::arguments::{Order, Properties};
use super::messages::Artifact;
use crate::handover::Handover;
use crate::report::Report;

/// What a run came to: at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub(super) built: Vec<Artifact>,
    pub(super) found: Vec<Found>,
}

/// An AMI that was there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It has the name that a build wanted to give. Packer does not say in which Region.
    ByName { build: String, ami: String },
    /// It has the tags; with its Region.
    ByTags { ami: String },
}

/// One of the AMIs that a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ami<'outcome> {
    /// `ami-…`
    pub(super) id: &'outcome str,
    /// How the run came to it.
    pub(super) origin: Origin,
}

/// How a run came to an AMI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It was built.
    Built,
    /// It has the name that a build wanted to give.
    Named,
}

impl Outcome {
    /// Nothing had to be built.
    pub(super) fn exists(ami: String) -> Self {
        Self {
            built: Vec::new(),
            found: vec![Found::ByTags { ami }],
        }
    }

    /// The AMIs that are in this Region, or may be.
    pub(super) fn amis_in(&self, here: &str) -> Vec<Ami<'_>> {
        let built = self.built.iter().flat_map(Artifact::amis);
        let built = built.filter(|(region, _)| *region == here).map(|(_, id)| Ami {
            id,
            origin: Origin::Built,
        });
        let named = self.found.iter().filter_map(|found| match found {
            Found::ByName { ami, .. } => Some(Ami {
                id: ami,
                origin: Origin::Named,
            }),
            Found::ByTags { .. } => None,
        });
        built.chain(named).collect()
    }

    /// Says it: for people on standard error, for programs on standard output and in the run's result.
    pub fn tell(&self, order: &Order, report: Report, handover: &mut Handover) {
        for made in &self.built {
            report.step(format_args!("built `{}` with `{}`", made.id, made.build));
        }
        for found in &self.found {
            match found {
                Found::ByName { build, ami } => report.step(format_args!(
                    "`{build}` was not built again: its name is taken by `{ami}`"
                )),
                // Said when it was found, with its tags.
                Found::ByTags { .. } => {}
            }
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

    pub(super) fn properties(&self, order: &Order) -> Value {
        let built = self.built.iter().map(|made| {
            json!({
                "outcome": "built",
                "build": made.build,
                "builder": made.builder,
                "id": made.id,
                "files": made.files,
            })
        });
        let found = self.found.iter().map(|found| {
            let (name, ami) = match found {
                Found::ByName { build, ami } => (Some(build), ami),
                Found::ByTags { ami } => (None, ami),
            };
            json!({ "outcome": "exists", "build": name, "builder": null, "id": ami, "files": [] })
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

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let built = self.built.iter().map(|made| format!("built `{}`", made.id));
        let found = self.found.iter().map(|found| match found {
            Found::ByName { ami, .. } | Found::ByTags { ami } => format!("found `{ami}`"),
        });
        f.write_str(&built.chain(found).collect::<Vec<_>>().join(", "))
    }
}
