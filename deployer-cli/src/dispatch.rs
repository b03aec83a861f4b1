//! From the command line to the command: one arm each. Does no work itself.

use std::io::{stderr, stdout};

use protocol::ExitCode;

use crate::args::{Cli, Command, ImportArgs, PackageArgs};
use crate::check::Strictness;
use crate::commands::{ask, run};
use crate::package::{Beside, Places};
use crate::say::{self, failed, failed_quietly};
use crate::verbs::{self, Form, VerbError, Verdict};

/// Does what the command line asks for.
pub(crate) fn dispatch(cli: &Cli) -> ExitCode {
    say::log(cli.common.log_level);
    match &cli.command {
        Some(Command::Attach(args)) => run::attach(cli, args.run),
        Some(Command::Cancel(args)) => ask::cancel(cli, args),
        Some(Command::Runs) => ask::runs(cli),
        Some(Command::Check(args)) => verb(verbs::check(
            &args.file,
            strictness(args.strict),
            form(cli),
            &mut stdout(),
        )),
        Some(Command::Package(args)) => verb(package(cli, args)),
        Some(Command::Import(args)) => verb(import(cli, args)),
        Some(Command::Completions(args)) => verb(verbs::completions(args.shell, &mut stdout())),
        Some(Command::Man) => verb(verbs::man(&mut stdout())),
        None if cli.run.describe_containers => ask::describe(cli),
        None if cli.run.explain => ask::explain(cli),
        None => run::run(cli),
    }
}

/// The compiled allow-list alone, or the deployment package around it.
fn package(cli: &Cli, args: &PackageArgs) -> Result<Verdict, VerbError> {
    let (look, out, err) = (say::look(&stderr()), &mut stdout(), &mut stderr());
    match (&args.lambda, &args.output) {
        (Some(program), Some(zip)) => {
            let beside = beside(args);
            let places = Places { program, zip, beside };
            verbs::package_lambda(&args.file, places, form(cli), look, out, err)
        }
        // Without a program, `--output` is the compiled allow-list's; a program without it is a usage error already.
        (_, output) => verbs::package(&args.file, output.as_deref(), look, out, err),
    }
}

/// The allow-list may be all that standard output carries, so everything else goes to standard error.
fn import(cli: &Cli, args: &ImportArgs) -> Result<Verdict, VerbError> {
    let form = if cli.common.json {
        Form::Json
    } else {
        Form::Text(say::look(&stderr()))
    };
    verbs::import(&args.file, args.output.as_deref(), form, &mut stdout(), &mut stderr())
}

/// A manifest without a compiled allow-list is a usage error already.
fn beside(args: &PackageArgs) -> Beside<'_> {
    match (&args.compiled, &args.manifest) {
        (Some(compiled), Some(manifest)) => Beside::Manifest { compiled, manifest },
        (Some(compiled), None) => Beside::Compiled(compiled),
        (None, _) => Beside::Nothing,
    }
}

/// Shows help or version on standard output, a usage error on standard error. Returns the exit code.
pub(crate) fn usage(error: &clap::Error) -> u8 {
    // Nobody is left to tell when the message itself cannot be written.
    let _unwritable = error.print();
    if error.use_stderr() {
        ExitCode::DeployerFailed.code()
    } else {
        0
    }
}

fn verb(done: Result<Verdict, VerbError>) -> ExitCode {
    match done {
        Ok(Verdict::Good) => ExitCode::Job(0),
        Ok(Verdict::Faulty) => ExitCode::DeployerFailed,
        Err(error) if error.is_closed_output() => failed_quietly(),
        Err(error) => failed(&error),
    }
}

const fn strictness(strict: bool) -> Strictness {
    if strict { Strictness::Strict } else { Strictness::Usual }
}

fn form(cli: &Cli) -> Form {
    if cli.common.json {
        Form::Json
    } else {
        Form::Text(say::look(&stdout()))
    }
}
