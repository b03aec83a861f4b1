//! The commands that start nothing and need no gate: `check`, `package`, `import`, `completions` and `man`.
//!
//! Responsible for: what goes to standard output, what to standard error, and whether all is well. Never: starts a run.

use std::io::{self, Write};
use std::path::Path;

use clap_complete::Shell;
use gatekeeper::lint::Severity;

use crate::atomic_file::{self, AtomicFileError};
use crate::check::{self, Checked, FileError, Strictness};
use crate::docs_gen;
use crate::import::{self, ImportError};
use crate::layout::Look;
use crate::package::{self, Destination, LambdaError, PackageError, Places};

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
    /// The deployment package cannot be made.
    #[error(transparent)]
    Lambda(#[from] LambdaError),
    /// The configuration cannot be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The imported allow-list cannot be written.
    #[error(transparent)]
    AllowList(#[from] AtomicFileError),
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
            Self::File(_)
            | Self::Package(PackageError::File(_))
            | Self::Lambda(_)
            | Self::Import(_)
            | Self::AllowList(_)
            | Self::Json(_) => false,
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

/// `package --lambda`: the deployment package goes to its file, what there is to say about it to `out`, warnings and errors to `err`.
pub fn package_lambda(
    file: &Path,
    places: Places<'_>,
    form: Form,
    look: Look,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Verdict, VerbError> {
    let checked = Checked::read(file)?;
    let Some(compiled) = &checked.compiled else {
        err.write_all(check::render(&checked, look).as_bytes())?;
        return Ok(Verdict::Faulty);
    };
    let made = package::make(compiled, places)?;
    if checked.count(Severity::Warning) > 0 {
        err.write_all(check::render(&checked, look).as_bytes())?;
    }
    match form {
        Form::Text(_) => out.write_all(made.text().as_bytes())?,
        Form::Json => writeln!(out, "{}", serde_json::to_string(&made)?)?,
    }
    out.flush()?;
    Ok(Verdict::Good)
}

/// `import`: the allow-list goes to `output` or `out`, what there is to say about it to `err`. Nothing is written when nothing is left.
pub fn import(
    file: &Path,
    output: Option<&Path>,
    form: Form,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Verdict, VerbError> {
    let imported = import::import(file)?;
    if let Some(allow_list) = &imported.allow_list {
        match output {
            Some(file) => atomic_file::write(file, allow_list.yaml.as_bytes())?,
            None => out.write_all(allow_list.yaml.as_bytes())?,
        }
        out.flush()?;
    }
    let said = match form {
        Form::Text(look) => import::render(&imported, look),
        Form::Json => import::json(&imported)?,
    };
    err.write_all(said.as_bytes())?;
    Ok(verdict(imported.allow_list.is_some()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::tests::plain;

    const GOOD: &str = "version: 1\ncontainers: { c: { description: C., image: i, task: { cpu: 256, memory: 512, timeout: 1m }, \
                        scripts: { s: { description: S. } } } }\n";

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn packaged(text: &str) -> (Verdict, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let verdict = package(file(text).path(), None, plain(80), &mut out, &mut err).unwrap();
        (
            verdict,
            String::from_utf8(out).unwrap(),
            String::from_utf8(err).unwrap(),
        )
    }

    #[test]
    fn a_check_says_the_same_to_a_person_and_to_a_machine() {
        for (text, expected) in [(GOOD, Verdict::Good), ("version: 1\n", Verdict::Faulty)] {
            for form in [Form::Text(plain(80)), Form::Json] {
                let mut out = Vec::new();
                let verdict = check(file(text).path(), Strictness::Usual, form, &mut out).unwrap();
                assert_eq!(verdict, expected);
                assert!(!out.is_empty());
            }
        }
    }

    #[test]
    fn a_good_allow_list_is_packaged_with_nothing_else_on_standard_output() {
        let (verdict, out, err) = packaged(GOOD);
        assert_eq!(verdict, Verdict::Good);
        assert!(out.starts_with("{\"format\":1,") && out.ends_with('}'), "{out}");
        let digest = Checked::of("", GOOD.to_owned()).compiled.unwrap().digest();
        assert_eq!(err, format!("digest {digest}\n"));
    }

    #[test]
    fn an_allow_list_with_an_error_is_never_packaged() {
        let (verdict, out, err) = packaged("version: 1\n");
        assert_eq!((verdict, out.as_str()), (Verdict::Faulty, ""));
        assert!(err.contains("error["), "{err}");
    }

    #[test]
    fn a_reader_that_has_gone_is_told_apart_from_a_failure() {
        let closed = VerbError::Output(io::ErrorKind::BrokenPipe.into());
        let full = VerbError::Output(io::ErrorKind::StorageFull.into());
        assert!(closed.is_closed_output());
        assert!(!full.is_closed_output());
    }
}
