//! The part of the story that is about plans: which one is applied, and what becomes of one that was made.

use std::env;
use std::fs::File;
use std::io::BufReader;

use crate::arguments::{Keep, Operation, Order, Scope};
use crate::failure::Failure;
use crate::handover::Handover;
use crate::interruption::Interruptions;
use crate::plan::keeper::Keeper;
use crate::plan::sealed::Bound;
use crate::plan::summary::{About, Summary};
use crate::process::Ended;
use crate::program::ToolName;
use crate::report::Report;
use crate::tool::{Programs, Tool};
use crate::toolbox::version_of;
use crate::values::{PlanDigest, RelativePath};
use crate::working_place::WorkingPlace;

/// Terraform's exit code for a plan with changes, with `-detailed-exitcode`.
const CHANGES: Ended = Ended::Exited(2);

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
            tool.use_plan(place.plan());
        }
        Ok(())
    }

    /// A plan's file is needed to save it, or to tell about it when somebody listens.
    pub(super) fn wants_a_file(&self, handover: &Handover) -> bool {
        match (&self.order.operation, &self.order.scope, self.order.binary) {
            (Operation::Plan(_, _, Keep::Saved), ..) => true,
            (Operation::Plan(..), Scope::Directory, ToolName::Terraform | ToolName::Tofu) => handover.is_there(),
            _ => false,
        }
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
        match (&self.order.operation, &self.kept) {
            (Operation::ApplySaved(digest), Some((keeper, _))) if ended.is_success() => keeper.forget(digest),
            (Operation::Plan(..), _) if ended.is_success() || ended == CHANGES => {
                let saved = self.save(tool, report, interruptions)?;
                self.tell(saved.as_ref(), tool, place, report, handover, interruptions);
            }
            _ => {}
        }
        Ok(())
    }

    fn save(
        &self,
        tool: &Tool<'_>,
        report: Report,
        interruptions: &mut Interruptions,
    ) -> Result<Option<PlanDigest>, Failure> {
        let (Some((keeper, bound)), Some(plan)) = (&self.kept, tool.written_plan()) else {
            return Ok(None);
        };
        let digest = keeper.save(plan, bound.clone(), interruptions)?;
        report.step(format_args!("saved the plan: apply exactly it with --plan={digest}"));
        Ok(Some(digest))
    }

    /// A plan without a summary is still a plan, so nothing here is a failure.
    fn tell(
        &self,
        saved: Option<&PlanDigest>,
        tool: &Tool<'_>,
        place: &WorkingPlace,
        report: Report,
        mut handover: Handover,
        interruptions: &mut Interruptions,
    ) {
        let Some(plan) = tool.written_plan().filter(|_| handover.is_there()) else {
            return;
        };
        let file = place.shown_plan();
        let shown = File::create(&file).is_ok_and(|to| {
            let ended = tool.show_plan(plan, to, interruptions);
            ended.is_ok_and(Ended::is_success)
        });
        let summary = File::open(&file).ok().filter(|_| shown);
        let summary = summary.and_then(|file| Summary::read(BufReader::new(file)).ok());
        let about = About {
            directory: &self.directory,
            tool: self.order.engine.name(),
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

/// What a plan of this order is bound to.
fn bound(
    order: &Order,
    directory: &str,
    programs: &Programs,
    interruptions: &mut Interruptions,
) -> Result<Bound, Failure> {
    let version = match &programs.engine.version {
        Some(version) => version.clone(),
        None => version_of(&programs.engine.program, interruptions)?,
    };
    let workspace = env::var("TF_WORKSPACE").ok().filter(|name| !name.is_empty());
    Ok(Bound {
        repository: order.repository.to_string(),
        commit: order.commit.to_string(),
        directory: directory.to_owned(),
        workspace: workspace.unwrap_or_else(|| "default".to_owned()),
        tool: format!("{} {version}", order.engine.name()),
        backend: order.backend_config.iter().map(ToString::to_string).collect(),
    })
}
