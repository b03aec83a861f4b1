//! What a run of `terraform-update-variable` came to, and how it is told.
//!
//! Responsible for the last line of standard output: one JSON object that a pipeline can go on with.

use std::io::{self, Write as _};

use serde_json::json;

use super::arguments::{Destination, Order};
use crate::report::Report;
use crate::values::{CommitId, VariableName};

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The commit at which the file was read.
    pub base: CommitId,
    /// What came of it.
    pub ending: Ending,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The commit is on its branch.
    Pushed {
        /// The commit.
        commit: CommitId,
        /// What it sets.
        changed: Vec<VariableName>,
    },
    /// Everything has the value already.
    Unchanged,
    /// The changed lines, for print.
    WouldChange {
        /// As `git diff` writes them.
        difference: String,
        /// What would be set.
        changed: Vec<VariableName>,
    },
}

impl Outcome {
    /// Says it: for people on standard error, for programs on standard output.
    pub fn tell(&self, order: &Order, report: Report) {
        match &self.ending {
            Ending::Unchanged => report.step(format_args!(
                "nothing to change: `{}` has these values already at `{}`; nothing was committed",
                order.path, self.base
            )),
            Ending::WouldChange { .. } => {
                report.step(format_args!("dry run: nothing was pushed to `{}`", order.target()));
            }
            Ending::Pushed { commit, .. } => match &order.destination {
                Destination::Branch => report.step(format_args!("pushed `{commit}` to `{}`", order.branch)),
                Destination::NewBranch(new) => report.step(format_args!(
                    "pushed `{commit}` to the new branch `{new}`: open a pull request from it to `{}`",
                    order.branch
                )),
            },
        }
        // Nobody may be reading any more; that must not change how a push ends.
        drop(io::stdout().lock().write_all(self.printed(order).as_bytes()));
    }

    fn printed(&self, order: &Order) -> String {
        let (outcome, commit, changed, difference) = match &self.ending {
            Ending::Pushed { commit, changed } => ("pushed", Some(commit.as_str()), changed.as_slice(), ""),
            Ending::Unchanged => ("unchanged", None, [].as_slice(), ""),
            Ending::WouldChange { difference, changed } => ("dry_run", None, changed.as_slice(), difference.as_str()),
        };
        let line = json!({
            "outcome": outcome,
            "repository": order.repository.as_str(),
            "file": order.path.to_string(),
            "variables": changed.iter().map(VariableName::as_str).collect::<Vec<_>>(),
            "base": order.branch.as_str(),
            "base_commit": self.base.as_str(),
            "branch": order.target().as_str(),
            "commit": commit,
        });
        format!("{difference}{line}\n")
    }
}
