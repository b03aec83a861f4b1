//! The whole story of `build-packer-artifact`, step by step.
//!
//! Responsible for the order of the steps: nothing of the repository runs before its commit is verified and the template's path is
//! resolved. A template is code: what it does is limited by the role of the container, not by this script.

pub mod arguments;
mod call;
pub mod failure;
mod help;
mod judgement;
mod messages;
pub mod outcome;
pub mod tagged;

use crate::full_disk::NoSpace;
use crate::interruption::Interruptions;
use crate::program::Program;
use crate::report::Report;
use crate::working_place::WorkingPlace;

use arguments::Order;
use call::Call;
use failure::Failure;
use judgement::judge;
use outcome::Outcome;
use tagged::Tagged;

/// Does what was ordered.
pub fn build(order: &Order, report: Report) -> Result<Outcome, Failure> {
    let mut interruptions = Interruptions::catch().map_err(Failure::Signals)?;
    let program = Program::Packer.find()?;
    let tagged = Tagged::of(order)?;
    let place = WorkingPlace::make()?;
    let checkout = order.source.fetch(&place, report, &mut interruptions)?;
    let template = checkout.resolve(&order.template)?;

    if let Some(tagged) = &tagged
        && let Some(exists) = tagged.find(report, &mut interruptions)?
    {
        return Ok(exists);
    }
    let packer = Call::prepare(order, program, template, &place, report)?;
    packer.validate(&mut interruptions)?;
    let told = packer.build(&mut interruptions)?;
    let outcome = judge(told, order).map_err(|failure| for_want_of_space(failure, &place))?;
    if let Some(tagged) = &tagged {
        tagged.verify(&outcome, &mut interruptions)?;
    }
    Ok(outcome)
}

/// Packer's words may be those of another machine that it builds on, so only the disk is asked.
fn for_want_of_space(failure: Failure, place: &WorkingPlace) -> Failure {
    match NoSpace::in_place(place.root()) {
        Some(full) if matches!(failure, Failure::Packer(_)) => full.into(),
        _ => failure,
    }
}
