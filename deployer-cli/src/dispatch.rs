//! From the command line to the command: one arm each. Does no work itself.

use std::io::{self, Write as _};

use protocol::ExitCode;

use crate::args::{CheckArgs, Cli, Command, PackageArgs};
use crate::check::Strictness;
use crate::console::Stream;
use crate::layout::Look;
use crate::request::{key, request};
use crate::verbs::{self, Form, VerbError, Verdict};

/// The exit code of a command that did its work and found nothing wrong.
const DONE: u8 = 0;

/// Does what the command line asks for. Returns the exit code.
pub(crate) fn dispatch(cli: &Cli) -> u8 {
    match &cli.command {
        Some(Command::Check(args)) => answer(check(args, cli.common.json)),
        Some(Command::Package(args)) => answer(package(args)),
        Some(Command::Completions(args)) => answer(verbs::completions(args.shell, &mut io::stdout())),
        Some(Command::Man) => answer(verbs::man(&mut io::stdout())),
        Some(Command::Attach(_) | Command::Cancel(_) | Command::Runs) => {
            failed("this command is not part of this build").code()
        }
        None => match request(&cli.words, &cli.run, &cli.view).and_then(|_request| key(&cli.run)) {
            Ok(_key) => failed("this build speaks only --local: give `--local --config FILE`").code(),
            Err(error) => failed(&error.to_string()).code(),
        },
    }
}

fn check(args: &CheckArgs, json: bool) -> Result<Verdict, VerbError> {
    let strictness = if args.strict {
        Strictness::Strict
    } else {
        Strictness::Usual
    };
    let form = if json {
        Form::Json
    } else {
        Form::Text(Look::detect(variable, Stream::of(&io::stdout())))
    };
    verbs::check(&args.file, strictness, form, &mut io::stdout())
}

fn package(args: &PackageArgs) -> Result<Verdict, VerbError> {
    let look = Look::detect(variable, Stream::of(&io::stderr()));
    verbs::package(
        &args.file,
        args.output.as_deref(),
        look,
        &mut io::stdout(),
        &mut io::stderr(),
    )
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn answer(result: Result<Verdict, VerbError>) -> u8 {
    match result {
        Ok(Verdict::Good) => DONE,
        Ok(Verdict::Faulty) => ExitCode::DeployerFailed.code(),
        Err(error) if error.is_closed_output() => ExitCode::DeployerFailed.code(),
        Err(error) => failed(&error.to_string()).code(),
    }
}

fn failed(message: &str) -> ExitCode {
    // Nobody is left to tell when the message itself cannot be written.
    let _unwritable = writeln!(std::io::stderr(), "infrastructure-deployer: {message}");
    ExitCode::DeployerFailed
}

/// Shows help or version on standard output, a usage error on standard error. Returns the exit code.
pub(crate) fn usage(error: &clap::Error) -> u8 {
    // Nobody is left to tell when the message itself cannot be written.
    let _unwritable = error.print();
    if error.use_stderr() {
        ExitCode::DeployerFailed.code()
    } else {
        DONE
    }
}
