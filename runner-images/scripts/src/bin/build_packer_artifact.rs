//! `build-packer-artifact`: builds one Packer template of one commit.
//!
//! Responsible for wiring the command line to the story in [`deploy_scripts::packer`] and for the exit code.

use std::env;
use std::process::ExitCode;

use deploy_scripts::exit_code;
use deploy_scripts::handover::Handover;
use deploy_scripts::packer::arguments::Order;
use deploy_scripts::packer::build;
use deploy_scripts::report::{Report, Script};

fn main() -> ExitCode {
    let mut handover = match Handover::claim(Script::BuildPackerArtifact) {
        Ok(handover) => handover,
        Err(code) => return code,
    };
    let order = match Order::parse(env::args_os()) {
        Ok(order) => order,
        Err(refusal) => return ExitCode::from(exit_code::of_command_line(&refusal)),
    };
    let report = Report::new(Script::BuildPackerArtifact, order.log_level);
    match build(&order, report) {
        Ok(outcome) => {
            outcome.tell(&order, report, &mut handover);
            ExitCode::SUCCESS
        }
        Err(reason) => {
            Script::BuildPackerArtifact.failure(&reason);
            ExitCode::from(reason.exit_code())
        }
    }
}
