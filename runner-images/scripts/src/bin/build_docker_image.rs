//! `build-docker-image`: builds one image of one commit and pushes it.
//!
//! Responsible for wiring the command line to the story in [`deploy_scripts::image`] and for the exit code.

use std::env;
use std::process::ExitCode;

use deploy_scripts::exit_code;
use deploy_scripts::handover::Handover;
use deploy_scripts::image::arguments::Order;
use deploy_scripts::image::build;
use deploy_scripts::report::{Report, Script};

fn main() -> ExitCode {
    let mut handover = match Handover::claim(Script::BuildDockerImage) {
        Ok(handover) => handover,
        Err(code) => return code,
    };
    let order = match Order::parse(env::args_os()) {
        Ok(order) => order,
        Err(refusal) => return ExitCode::from(exit_code::of_command_line(&refusal)),
    };
    let report = Report::new(Script::BuildDockerImage, order.log_level);
    match build(&order, report) {
        Ok(outcome) => {
            outcome.tell(&order, report, &mut handover);
            ExitCode::SUCCESS
        }
        Err(reason) => {
            Script::BuildDockerImage.failure(&reason);
            ExitCode::from(reason.exit_code())
        }
    }
}
