//! The whole story of `infrastructure-deploy-script`, step by step.
//!
//! Responsible for the order of the steps: nothing of the repository runs before its commit is verified, its paths are
//! resolved and the operation has its clearance.

use std::path::Path;

use crate::arguments::{Operation, Order};
use crate::checkout::Checkout;
use crate::clearance::{Clearance, Places};
use crate::failure::Failure;
use crate::git::{Credential, Git};
use crate::interruption::Interruptions;
use crate::process::Ended;
use crate::program::Program;
use crate::report::Report;
use crate::state_place;
use crate::tool::Tool;
use crate::working_place::WorkingPlace;

/// Does what was ordered. The result is how the tool ended.
pub fn deploy(order: &Order, report: Report) -> Result<Ended, Failure> {
    let mut interruptions = Interruptions::catch().map_err(Failure::Signals)?;
    let program = order.binary.find()?;
    let place = WorkingPlace::make()?;

    let checkout = Checkout::at(place.checkout());
    let mut git = Git::prepare(
        place.git_home(),
        &order.repository,
        Credential::from_environment().as_ref(),
        report,
        &mut interruptions,
    )?;
    report.step(format_args!("fetching `{}` from `{}`", order.commit, order.repository));
    git.check_out(&order.commit, checkout.root())?;

    let directory = checkout.module(&order.deploy_path, order.binary)?;
    let resolved = checkout.relative(&directory);
    let history = place.history();
    let places = Places {
        checkout: checkout.root(),
        history: &history,
    };
    let clearance = Clearance::obtain(order, resolved.as_ref(), &mut git, places, report)?;
    drop(git);

    let tool = Tool::prepare(order, clearance, program, &checkout, directory, report)?;
    tool.init(&mut interruptions)?;
    require_durable_state(order, &tool, place.root())?;
    Ok(tool.run(&mut interruptions)?)
}

/// Terragrunt keeps its working directories and its state's settings elsewhere, so only Terraform can be asked.
fn require_durable_state(order: &Order, tool: &Tool<'_>, temporary: &Path) -> Result<(), Failure> {
    match (order.binary, &order.operation) {
        (Program::Terraform, Operation::Apply(_) | Operation::Destroy(..)) => {
            Ok(state_place::require_durable(tool.directory(), temporary)?)
        }
        (
            Program::Terraform
            | Program::Terragrunt
            | Program::Git
            | Program::Packer
            | Program::Buildah
            | Program::Kaniko
            | Program::Buildctl
            | Program::Skopeo,
            _,
        ) => Ok(()),
    }
}
