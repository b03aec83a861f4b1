//! The whole story of `infrastructure-deploy-script`, step by step.
//!
//! Responsible for the order of the steps: nothing of the repository runs before its commit is verified, its paths are
//! resolved and the operation has its clearance.

pub mod arguments;
mod clearance;
pub mod failure;
mod help;
pub mod plan;
mod plans;
mod planted;
mod state_place;
mod tool;
mod toolbox;
pub mod watch;

use std::path::Path;

use crate::checkout::Checkout;
use crate::git::{Credential, Git};
use crate::handover::Handover;
use crate::interruption::Interruptions;
use crate::process::Ended;
use crate::program::ToolName;
use crate::report::Report;
use crate::working_place::WorkingPlace;
use arguments::{Order, Scope};
use clearance::{Clearance, Places, Trust};
use failure::Failure;
use plan::keeper::{KeepError, Keeper};
use plan::key::PlanKey;
use tool::{Outcome, Programs, Tool, ToolError};
use toolbox::Toolbox;
use watch::Watch;

use plans::Plans;

const NOTHING_CHANGED: &str = "nothing was changed";
const CHANGED_ELSEWHERE: &str = "nothing was changed there, and what became of other units is above";
const NOT_INITIALISED: &str = "not every unit can be initialised yet, as said above: the others are changed first, and each state's place is looked at before its unit is changed";

/// Does what was ordered. The result is how the tool ended.
pub fn deploy(order: &Order, report: Report, handover: Handover) -> Result<Ended, Failure> {
    let mut interruptions = Interruptions::catch().map_err(Failure::Signals)?;
    let key = PlanKey::from_environment().map_err(KeepError::from)?;
    let trust = if key.is_some() {
        Trust::ReviewedOnly
    } else {
        Trust::AnyCommit
    };
    let keeper = Keeper::of(order, key)?;
    let toolbox = Toolbox::at(order.tools_dir.as_ref());
    for tool in tools_of(order) {
        toolbox.require_any(tool)?;
    }
    let place = WorkingPlace::make()?;

    let checkout = Checkout::at(place.checkout());
    let mut git = Git::prepare(
        place.git_home(),
        &order.repository,
        Credential::from_environment(&order.repository).as_ref(),
        report,
        &mut interruptions,
    )?;
    report.step(format_args!("fetching `{}` from `{}`", order.commit, order.repository));
    git.check_out(&order.commit, checkout.root())?;

    let directory = checkout.module(&order.deploy_path, order.code())?;
    require_filtered_directories(order, &checkout, &directory)?;
    let resolved = checkout.relative(&directory);
    let history = place.history();
    let places = Places {
        checkout: checkout.root(),
        history: &history,
    };
    let clearance = Clearance::obtain(order, resolved.as_ref(), &mut git, trust, places, report)?;
    drop(git);

    let mut programs = pick_programs(order, &toolbox, &checkout, &directory, report, &mut interruptions)?;
    planted::refuse(order, &checkout, &directory)?;
    let plans = Plans::of(order, resolved.as_ref(), keeper, &programs, &mut interruptions)?;
    let watch = watch_units(order, &mut programs, &place)?;
    let mut tool = Tool::prepare(order, clearance, programs, &checkout, directory, report)?;
    plans.before(&mut tool, &place, &mut interruptions)?;
    initialise(order, &tool, &place, watch.as_ref(), report, &mut interruptions)?;
    plans.choose_place(&mut tool, &checkout, &place, report, &handover)?;
    let outcome = tool.run(&mut interruptions)?;
    // Also when Terragrunt ended well: the code may tell it to ignore errors.
    watch.map_or(Ok(()), |watch| watch.require_no_refusal(CHANGED_ELSEWHERE))?;
    match outcome {
        Outcome::Ended(ended) => {
            plans.after(ended, &tool, &place, report, handover, &mut interruptions)?;
            Ok(ended)
        }
        Outcome::Stale => Err(Failure::Stale),
    }
}

/// What is started, and for Terragrunt what it starts.
fn tools_of(order: &Order) -> impl Iterator<Item = ToolName> {
    let engine = (order.engine != order.binary).then_some(order.engine);
    std::iter::once(order.binary).chain(engine)
}

fn pick_programs(
    order: &Order,
    toolbox: &Toolbox,
    checkout: &Checkout,
    directory: &Path,
    report: Report,
    interruptions: &mut Interruptions,
) -> Result<Programs, Failure> {
    let mut pick = |tool: ToolName| -> Result<_, Failure> {
        let picked = toolbox.pick(tool, checkout, directory, interruptions)?;
        if let Some(version) = &picked.version {
            report.step(format_args!("{} {version}", tool.name()));
        }
        Ok(picked)
    };
    let started = pick(order.binary)?;
    let engine = if order.engine == order.binary {
        started.clone()
    } else {
        pick(order.engine)?
    };
    Ok(Programs { started, engine })
}

/// A filter that matches nothing would be a misunderstanding: of what is left out, or of what is changed.
fn require_filtered_directories(order: &Order, checkout: &Checkout, directory: &Path) -> Result<(), Failure> {
    if let Scope::Units { include, exclude } = &order.scope {
        for filter in include.iter().chain(exclude) {
            checkout.directory_below(directory, filter)?;
        }
    }
    Ok(())
}

/// Lets Terragrunt start what looks after the states, if something is to be changed.
fn watch_units(order: &Order, programs: &mut Programs, place: &WorkingPlace) -> Result<Option<Watch>, Failure> {
    if order.binary != ToolName::Terragrunt || !order.operation.is_change() {
        return Ok(None);
    }
    let watch = Watch::over(&programs.engine.program, order.engine, place)?;
    watch.program().clone_into(&mut programs.engine.program);
    Ok(Some(watch))
}

/// Before anything is changed, everything is initialised that can be, and each state's place is looked at.
///
/// Only with `--all` something may be left: a unit that needs the outputs of another cannot be initialised before that one was
/// applied for the first time. It is looked at when its turn comes.
fn initialise(
    order: &Order,
    tool: &Tool<'_>,
    place: &WorkingPlace,
    watch: Option<&Watch>,
    report: Report,
    interruptions: &mut Interruptions,
) -> Result<(), Failure> {
    let initialised = tool.init(interruptions);
    match watch {
        Some(watch) => watch.require_no_refusal(NOTHING_CHANGED)?,
        None if initialised.is_ok() && order.operation.is_change() => {
            state_place::require_durable(tool.directory(), None, place.root())?;
        }
        None => {}
    }
    match (initialised, &order.scope) {
        (Err(ToolError::Init(_)), Scope::Units { .. }) => report.step(NOT_INITIALISED),
        (initialised, _) => initialised?,
    }
    Ok(())
}
