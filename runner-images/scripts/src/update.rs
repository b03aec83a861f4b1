//! The whole story of `terraform-update-variable`, step by step.
//!
//! Responsible for the order of the steps and for nothing being lost: the file is read at the branch's end, changed, committed
//! on top of exactly that commit, and pushed without force. If somebody was faster, all of it is done again on what they left.
//! Never runs anything of the repository.

pub mod arguments;
mod attempt;
pub mod failure;
mod help;
mod message;
pub mod outcome;

use crate::git::{Credential, Git};
use crate::hcl::FileKind;
use crate::interruption::Interruptions;
use crate::report::Report;
use crate::values::BranchName;
use crate::working_place::WorkingPlace;

use arguments::{Destination, Order};
use attempt::Attempts;
use failure::Failure;
use outcome::Outcome;

/// Does what was ordered.
pub fn update(order: &Order, report: Report) -> Result<Outcome, Failure> {
    let mut interruptions = Interruptions::catch().map_err(Failure::Signals)?;
    let kind = FileKind::of(&order.path).ok_or_else(|| Failure::FileKind(order.path.clone()))?;
    let place = WorkingPlace::make()?;
    let mut git = Git::prepare(
        place.git_home(),
        &order.repository,
        Credential::from_environment(&order.repository).as_ref(),
        report,
        &mut interruptions,
    )?;
    report.step(format_args!("reading `{}` of `{}`", order.branch, order.repository));
    prepare_store(order, &place, &mut git)?;
    Attempts::new(order, kind, &place, &mut git, report).run()
}

/// Objects are named differently in different repositories, so the store is made after a first look at the branch.
fn prepare_store(order: &Order, place: &WorkingPlace, git: &mut Git<'_>) -> Result<(), Failure> {
    let tips = git.branches(&[&order.branch, order.target()])?;
    let at = |branch: &BranchName| tips.iter().find(|tip| tip.name == *branch.as_ref());
    let Some(base) = at(&order.branch) else {
        return Err(Failure::NoBranch {
            url: order.repository.to_string(),
            branch: order.branch.clone(),
        });
    };
    match &order.destination {
        Destination::NewBranch(new) if at(new).is_some() => Err(Failure::BranchExists(new.clone())),
        Destination::NewBranch(_) | Destination::Branch => Ok(git.create_object_store(&place.objects(), &base.commit)?),
    }
}
