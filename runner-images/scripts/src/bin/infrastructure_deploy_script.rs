//! `infrastructure-deploy-script`: checks out one commit and runs one Terraform command in one directory of it.
//!
//! Responsible for wiring the command line to the story in [`deploy_scripts::deploy`] and for the exit code.

use std::env;
use std::process::ExitCode;

use deploy_scripts::arguments::Order;
use deploy_scripts::deploy::deploy;
use deploy_scripts::failure;
use deploy_scripts::report::{self, Report};

fn main() -> ExitCode {
    let order = match Order::parse(env::args_os()) {
        Ok(order) => order,
        Err(refusal) => return answer(&refusal),
    };
    match deploy(&order, Report::new(order.log_level)) {
        Ok(ended) => ExitCode::from(ended.exit_code()),
        Err(reason) => {
            report::failure(&reason);
            ExitCode::from(reason.exit_code())
        }
    }
}

/// Prints clap's message, which may also be the help that was asked for.
fn answer(message: &clap::Error) -> ExitCode {
    let printed = message.print().is_ok();
    if message.use_stderr() || !printed {
        ExitCode::from(failure::USAGE)
    } else {
        ExitCode::SUCCESS
    }
}
