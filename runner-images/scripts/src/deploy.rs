//! The whole story of `infrastructure-deploy-script`, step by step.
//!
//! Responsible for the order of the steps: nothing of the repository runs before its commit is verified, its paths are
//! resolved and the operation has its clearance.

use std::path::Path;

use crate::arguments::{Operation, Order, Scope};
use crate::checkout::{Checkout, Code};
use crate::clearance::{Clearance, Places};
use crate::failure::Failure;
use crate::git::{Credential, Git};
use crate::interruption::Interruptions;
use crate::process::Ended;
use crate::program::ToolName;
use crate::report::Report;
use crate::state_place;
use crate::tool::{Programs, Tool};
use crate::toolbox::Toolbox;
use crate::working_place::WorkingPlace;

/// Does what was ordered. The result is how the tool ended.
pub fn deploy(order: &Order, report: Report) -> Result<Ended, Failure> {
    let mut interruptions = Interruptions::catch().map_err(Failure::Signals)?;
    let toolbox = Toolbox::at(order.tools_dir.as_ref());
    for tool in tools_of(order) {
        toolbox.require_any(tool)?;
    }
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

    let directory = checkout.module(&order.deploy_path, Code::of(order))?;
    require_filtered_directories(order, &checkout, &directory)?;
    let resolved = checkout.relative(&directory);
    let history = place.history();
    let places = Places {
        checkout: checkout.root(),
        history: &history,
    };
    let clearance = Clearance::obtain(order, resolved.as_ref(), &mut git, places, report)?;
    drop(git);

    let programs = pick_programs(order, &toolbox, &checkout, &directory, report, &mut interruptions)?;
    let tool = Tool::prepare(order, clearance, programs, &checkout, directory, report)?;
    tool.init(&mut interruptions)?;
    require_durable_state(order, &tool, place.root())?;
    Ok(tool.run(&mut interruptions)?)
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

/// Terragrunt keeps its working directories and its state's settings elsewhere, so only the other two can be asked.
fn require_durable_state(order: &Order, tool: &Tool<'_>, temporary: &Path) -> Result<(), Failure> {
    match (order.binary, &order.operation) {
        (ToolName::Terraform | ToolName::Tofu, Operation::Apply(_) | Operation::Destroy(..)) => {
            Ok(state_place::require_durable(tool.directory(), temporary)?)
        }
        (ToolName::Terraform | ToolName::Tofu | ToolName::Terragrunt, _) => Ok(()),
    }
}
