//! The part of the story that is about plans: which one is applied, and what becomes of one that was made.

use std::env;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::arguments::{Keep, Operation, Order, Scope};
use super::failure::Failure;
use super::plan::keeper::{KeepError, Keeper};
use super::plan::sealed::Bound;
use super::plan::summary::{About, Summary};
use super::plan::units;
use super::state_place;
use super::tool::{CHANGES, PlanPlace, Programs, Tool};
use super::toolbox::{Picked, version_of};
use crate::checkout::Checkout;
use crate::handover::Handover;
use crate::interruption::Interruptions;
use crate::process::Ended;
use crate::program::ToolName;
use crate::report::Report;
use crate::values::{PlanDigest, RelativePath};
use crate::working_place::WorkingPlace;

const MADE_ELSEWHERE: &str = "the plan will have no summary: it is made elsewhere (backend `remote` or `cloud`)";
const PERHAPS_NOT_WRITTEN: &str = "the plan will have no summary: the code speaks of a backend that plans elsewhere, or of errors to ignore, so there may be no file to look at";

/// What an order has to do with plans.
pub(super) struct Plans<'run> {
    order: &'run Order,
    directory: String,
    /// Key, store, and what a saved plan is bound to; only for orders that save a plan or apply a saved one.
    kept: Option<(Keeper, Bound)>,
}

impl<'run> Plans<'run> {
    pub(super) fn of(
        order: &'run Order,
        resolved: Option<&RelativePath>,
        keeper: Option<Keeper>,
        programs: &Programs,
        interruptions: &mut Interruptions,
    ) -> Result<Self, Failure> {
        let directory = resolved.unwrap_or(&order.deploy_path).to_string();
        let kept = match keeper {
            Some(keeper) => Some((keeper, bound(order, &directory, programs, interruptions)?)),
            None => None,
        };
        Ok(Self { order, directory, kept })
    }

    /// Gets the saved plan that is to be applied, before anything of the repository runs.
    pub(super) fn before(
        &self,
        tool: &mut Tool<'_>,
        place: &WorkingPlace,
        interruptions: &mut Interruptions,
    ) -> Result<(), Failure> {
        if let (Operation::ApplySaved(digest), Some((keeper, bound))) = (&self.order.operation, &self.kept) {
            keeper.fetch(digest, bound, &place.plan(), interruptions)?;
            tool.use_plan(PlanPlace::File(place.plan()));
        }
        Ok(())
    }

    /// Lets the plan be written where it is needed: to save it, or to tell about it when somebody listens.
    pub(super) fn choose_place(
        &self,
        tool: &mut Tool<'_>,
        checkout: &Checkout,
        place: &WorkingPlace,
        report: Report,
        handover: &Handover,
    ) -> Result<(), Failure> {
        let Operation::Plan(_, _, keep) = &self.order.operation else {
            return Ok(());
        };
        let (chosen, is_here, no_summary) = match &self.order.scope {
            _ if *keep == Keep::Nothing && !handover.is_there() => return Ok(()),
            Scope::Directory => (
                PlanPlace::File(place.plan()),
                state_place::plans_are_here(tool.directory()),
                MADE_ELSEWHERE,
            ),
            Scope::Units { .. } => (
                PlanPlace::Units(place.shown_plans()),
                state_place::units_write_their_plans(checkout.root()),
                PERHAPS_NOT_WRITTEN,
            ),
        };
        match keep {
            _ if is_here => tool.use_plan(chosen),
            Keep::Saved => return Err(KeepError::Elsewhere.into()),
            Keep::Nothing => report.step(no_summary),
        }
        Ok(())
    }

    /// Saves the plan, tells about it, or forgets it when it was applied.
    pub(super) fn after(
        &self,
        ended: Ended,
        tool: &Tool<'_>,
        place: &WorkingPlace,
        report: Report,
        handover: Handover,
        interruptions: &mut Interruptions,
    ) -> Result<(), Failure> {
        let planned = ended.is_success() || ended == CHANGES;
        match (&self.order.operation, tool.plan()) {
            (Operation::ApplySaved(digest), _) if ended.is_success() => {
                if let Some((keeper, _)) = &self.kept {
                    keeper.forget(digest);
                }
            }
            (Operation::Plan(..), PlanPlace::File(plan)) if planned => {
                let saved = self.save(plan, report, interruptions)?;
                let summary = summary_of(plan, tool, place, &handover, interruptions);
                self.tell(summary, saved.as_ref(), report, handover);
            }
            // Some units may have failed: what the others would change is told, and which those are.
            (Operation::Plan(..), PlanPlace::Units(shown)) => {
                let summary = self.summary_of_units(shown, tool);
                self.tell(summary, None, report, handover);
            }
            _ => {}
        }
        Ok(())
    }

    fn save(
        &self,
        plan: &Path,
        report: Report,
        interruptions: &mut Interruptions,
    ) -> Result<Option<PlanDigest>, Failure> {
        let Some((keeper, bound)) = &self.kept else {
            return Ok(None);
        };
        if !plan.is_file() {
            return Err(KeepError::NotWritten(self.order.binary.name()).into());
        }
        let digest = keeper.save(plan, bound.clone(), interruptions)?;
        report.step(format_args!("saved the plan: apply exactly it with --plan={digest}"));
        Ok(Some(digest))
    }

    fn summary_of_units(&self, shown: &Path, tool: &Tool<'_>) -> Option<Summary> {
        let Scope::Units { include, exclude } = &self.order.scope else {
            return None;
        };
        units::summary(shown, tool.directory(), include, exclude).ok()
    }

    /// A plan without a summary is still a plan, so nothing here is a failure.
    fn tell(&self, summary: Option<Summary>, saved: Option<&PlanDigest>, report: Report, mut handover: Handover) {
        if !handover.is_there() {
            return;
        }
        let about = About {
            directory: &self.directory,
            tool: self.order.binary.name(),
            saved_as: saved.map(PlanDigest::as_str),
        };
        let told = summary
            .and_then(|summary| summary.report(about))
            .is_some_and(|summary| handover.send(&summary).is_ok());
        if !told {
            report.step("the plan has no summary: its text above is all there is");
        }
    }
}

fn summary_of(
    plan: &Path,
    tool: &Tool<'_>,
    place: &WorkingPlace,
    handover: &Handover,
    interruptions: &mut Interruptions,
) -> Option<Summary> {
    if !handover.is_there() || !plan.is_file() {
        return None;
    }
    let file = place.shown_plan();
    let ended = tool.show_plan(plan, File::create(&file).ok()?, interruptions);
    ended.ok().filter(|ended| ended.is_success())?;
    Summary::read(BufReader::new(File::open(&file).ok()?)).ok()
}

/// What a plan of this order is bound to.
fn bound(
    order: &Order,
    directory: &str,
    programs: &Programs,
    interruptions: &mut Interruptions,
) -> Result<Bound, Failure> {
    let mut exactly = |name: ToolName, picked: &Picked| -> Result<_, Failure> {
        let version = match &picked.version {
            Some(version) => version.clone(),
            None => version_of(&picked.program, interruptions)?,
        };
        Ok(format!("{} {version}", name.name()))
    };
    let engine = exactly(order.engine, &programs.engine)?;
    let tool = match order.binary {
        ToolName::Terraform | ToolName::Tofu => engine,
        ToolName::Terragrunt => format!("{} running {engine}", exactly(order.binary, &programs.started)?),
    };
    let workspace = env::var("TF_WORKSPACE").ok().filter(|name| !name.is_empty());
    Ok(Bound {
        repository: order.repository.to_string(),
        commit: order.commit.to_string(),
        directory: directory.to_owned(),
        workspace: workspace.unwrap_or_else(|| "default".to_owned()),
        tool,
        backend: order.backend_config.iter().map(ToString::to_string).collect(),
    })
}
