//! The rules about which commit may change what.
//!
//! Responsible for one thing: an apply or a destroy gets its [`Clearance`] only for reviewed history, before anything of the
//! repository runs. Never runs Terraform, never looks at a file of the checkout for a rule.

use std::path::Path;

use super::arguments::{DestroyGrant, Keep, Operation, Order};
use crate::git::history::Tip;
use crate::git::{Git, GitError};
use crate::report::Report;
use crate::values::{CommitId, RefName, RelativePath};

/// Why the operation is not allowed with this commit.
#[derive(Debug, thiserror::Error)]
pub enum ClearanceError {
    /// Nobody said which history is reviewed.
    #[error(
        "`{0}` needs a protected ref, and none is declared: add `protected_refs` to the repository in the allow-list"
    )]
    NoProtectedRefs(&'static str),
    /// The commit is not part of reviewed history.
    #[error(
        "`{operation}` is only for commits of a protected ref: `{commit}` is not in the history of {refs}; merge it first"
    )]
    NotReviewed {
        /// What was asked for.
        operation: &'static str,
        /// The commit.
        commit: CommitId,
        /// The refs, each in backticks.
        refs: String,
    },
    /// The code is still wanted.
    #[error(
        "`destroy` is only for code that is gone: `{path}` is still there at `{name}`; remove it there first, or let the allow-list grant `--allow-destroy`"
    )]
    StillThere {
        /// The directory.
        path: RelativePath,
        /// The ref that has it.
        name: RefName,
    },
    /// The facts cannot be had.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The proof that an operation may run; there is no other way to run the tool.
#[derive(Debug)]
pub(super) struct Clearance<'run> {
    operation: &'run Operation,
}

impl<'run> Clearance<'run> {
    /// What may run.
    pub(super) const fn operation(&self) -> &'run Operation {
        self.operation
    }

    /// Checks the operation against reviewed history. `resolved` is the directory that `--deploy-path` leads to.
    pub(super) fn obtain(
        order: &'run Order,
        resolved: Option<&RelativePath>,
        git: &mut Git<'_>,
        trust: Trust,
        places: Places<'_>,
        report: Report,
    ) -> Result<Self, ClearanceError> {
        match &order.operation {
            Operation::Plan(_, _, Keep::Nothing)
            | Operation::Validate(..)
            | Operation::Output(..)
            | Operation::Find(_)
            | Operation::HclValidate
                if trust == Trust::AnyCommit => {}
            Operation::Plan(..)
            | Operation::Validate(..)
            | Operation::Output(..)
            | Operation::Find(_)
            | Operation::HclValidate
            | Operation::Apply(_)
            | Operation::ApplySaved(_)
            | Operation::Destroy(_, DestroyGrant::Anything) => {
                require_reviewed(order, git, places, report)?;
            }
            Operation::Destroy(_, DestroyGrant::RemovedCode) => {
                let tips = require_reviewed(order, git, places, report)?;
                for path in resolved.into_iter().chain([&order.deploy_path]) {
                    require_gone(path, &tips, git, places)?;
                }
            }
        }
        Ok(Self {
            operation: &order.operation,
        })
    }
}

/// What the container holds decides whose code may run in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Operations that change nothing run with any commit.
    AnyCommit,
    /// Every operation needs a reviewed commit: the container holds the key of saved plans, and code that runs beside it could use
    /// it to make a plan that nobody has reviewed.
    ReviewedOnly,
}

/// Where git may work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'run> {
    /// The checkout.
    pub checkout: &'run Path,
    /// A directory for commits without files, made when it is needed.
    pub history: &'run Path,
}

fn require_reviewed(
    order: &Order,
    git: &mut Git<'_>,
    places: Places<'_>,
    report: Report,
) -> Result<Vec<Tip>, ClearanceError> {
    let operation = order.operation.name();
    if order.protected_refs.is_empty() {
        return Err(ClearanceError::NoProtectedRefs(operation));
    }
    let tips = git.tips(&order.protected_refs, places.checkout)?;
    match git.reached_from(&order.commit, &tips, places.history)? {
        Some(name) => {
            report.step(format_args!("`{}` is in the history of `{name}`", order.commit));
            Ok(tips)
        }
        None => Err(ClearanceError::NotReviewed {
            operation,
            commit: order.commit.clone(),
            refs: order
                .protected_refs
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

fn require_gone(
    path: &RelativePath,
    tips: &[Tip],
    git: &mut Git<'_>,
    places: Places<'_>,
) -> Result<(), ClearanceError> {
    for tip in tips {
        if git.tip_has(tip, path, places.checkout)? {
            return Err(ClearanceError::StillThere {
                path: path.clone(),
                name: tip.name.clone(),
            });
        }
    }
    Ok(())
}
