//! `terraform-update-variable`: sets variables in one file of a branch, commits that and pushes it.
//!
//! Responsible for wiring the command line to the story in [`deploy_scripts::update`] and for the exit code.

use std::env;
use std::process::ExitCode;

use deploy_scripts::exit_code;
use deploy_scripts::report::{Report, Script};
use deploy_scripts::update::arguments::Order;
use deploy_scripts::update::update;

fn main() -> ExitCode {
    let order = match Order::parse(env::args_os()) {
        Ok(order) => order,
        Err(refusal) => return ExitCode::from(exit_code::of_command_line(&refusal)),
    };
    let report = Report::new(Script::UpdateVariable, order.log_level);
    match update(&order, report) {
        Ok(outcome) => {
            outcome.tell(&order, report);
            ExitCode::SUCCESS
        }
        Err(reason) => {
            Script::UpdateVariable.failure(&reason);
            ExitCode::from(reason.exit_code())
        }
    }
}
