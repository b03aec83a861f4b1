//! The commands that start nothing and need no gate: `check`, `package`, `completions` and `man`.
//!
//! Responsible for: what goes to standard output, what to standard error, and whether all is well. Never: starts a run.

use std::io::{self, Write};
use std::path::Path;

use clap_complete::Shell;
use gatekeeper::lint::Severity;

use crate::check::{self, Checked, FileError, Strictness};
use crate::docs_gen;
use crate::layout::Look;
use crate::package::{self, Destination, PackageError};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For a person.
    Text(Look),
    /// For a machine.
    Json,
}

/// Whether all is well. What is wrong has been said already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Good,
    /// Something is wrong with the allow-list.
    Faulty,
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum VerbError {
    /// The allow-list cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The result cannot be written.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The answer cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    /// The answer has no JSON form.
    #[error("cannot write the answer as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl VerbError {
    /// The reader of standard output has gone, as `head` does. There is nothing to say then.
    pub fn is_closed_output(&self) -> bool {
        match self {
            Self::Output(error) | Self::Package(PackageError::Stream(error)) => {
                error.kind() == io::ErrorKind::BrokenPipe
            }
            Self::File(_) | Self::Package(PackageError::File(_)) | Self::Json(_) => false,
        }
    }
}

/// `check`: everything that is to be said about an allow-list goes to `out`.
pub fn check(file: &Path, strictness: Strictness, form: Form, out: &mut dyn Write) -> Result<Verdict, VerbError> {
    let checked = Checked::read(file)?;
    let text = match form {
        Form::Text(look) => check::render(&checked, look),
        Form::Json => check::json(&checked)?,
    };
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(verdict(checked.passes(strictness)))
}

/// `package`: the compiled allow-list goes to `output` or `out`; its digest, warnings and errors go to `err`.
pub fn package(
    file: &Path,
    output: Option<&Path>,
    look: Look,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Verdict, VerbError> {
    let checked = Checked::read(file)?;
    let Some(compiled) = &checked.compiled else {
        err.write_all(check::render(&checked, look).as_bytes())?;
        return Ok(Verdict::Faulty);
    };
    let digest = package::write(compiled, output.map_or(Destination::Stream(out), Destination::File))?;
    if checked.count(Severity::Warning) > 0 {
        err.write_all(check::render(&checked, look).as_bytes())?;
    } else {
        writeln!(err, "digest {digest}")?;
    }
    Ok(Verdict::Good)
}

/// `completions`: a script for the shell goes to `out`.
pub fn completions(shell: Shell, out: &mut dyn Write) -> Result<Verdict, VerbError> {
    docs_gen::completions(shell, out)?;
    out.flush()?;
    Ok(Verdict::Good)
}

/// `man`: the manual page goes to `out`.
pub fn man(out: &mut dyn Write) -> Result<Verdict, VerbError> {
    docs_gen::man(out)?;
    out.flush()?;
    Ok(Verdict::Good)
}

const fn verdict(good: bool) -> Verdict {
    if good { Verdict::Good } else { Verdict::Faulty }
}
