//! `infrastructure-deploy-script`: checks out one commit and runs one Terraform command in one directory of it.
//!
//! Responsible for wiring the command line to the story in [`deploy_scripts::deploy`] and for the exit code. Terragrunt starts the same
//! program under the engine's name: see [`deploy_scripts::deploy::watch`].

use std::env;
use std::process::ExitCode;

use deploy_scripts::deploy::arguments::Order;
use deploy_scripts::deploy::deploy;
use deploy_scripts::deploy::watch;
use deploy_scripts::exit_code;
use deploy_scripts::handover::Handover;
use deploy_scripts::report::{Report, Script};

fn main() -> ExitCode {
    if let Some(code) = watch::stand_in_for_engine(env::args_os()) {
        return code;
    }
    let handover = match Handover::claim(Script::Deploy) {
        Ok(handover) => handover,
        Err(code) => return code,
    };
    let order = match Order::parse(env::args_os()) {
        Ok(order) => order,
        Err(refusal) => return ExitCode::from(exit_code::of_command_line(&refusal)),
    };
    match deploy(&order, Report::new(Script::Deploy, order.log_level), handover) {
        Ok(ended) => ExitCode::from(ended.exit_code()),
        Err(reason) => {
            Script::Deploy.failure(&reason);
            ExitCode::from(reason.exit_code())
        }
    }
}
