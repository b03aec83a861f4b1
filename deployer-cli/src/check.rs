//! Checks an allow-list file: reads it, lints it and compiles it, once, for every command that needs one.
//!
//! Responsible for: the file on disk and everything that is to be said about it. Never: decides about a request, or repairs anything.

mod report;

use std::path::{Path, PathBuf};

use gatekeeper::compile::compile;
use gatekeeper::compiled::Compiled;
use gatekeeper::lint::{Finding, Severity, lint, lint_broken};
use gatekeeper::source::{self, Broken, SourceError};

pub use report::{json, render};

/// Far above any allow-list, far below what would hurt.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Why a file could not be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refuses.
    #[error("cannot read the allow-list `{}`: {source}", .file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("`{}` is no allow-list: it has {size} bytes, and {MAX_BYTES} are the most", .file.display())]
    TooLarge {
        /// Which file.
        file: PathBuf,
        /// Its size.
        size: u64,
    },
    /// It is something else.
    #[error("`{}` is no allow-list: byte {at} is not UTF-8 text", .file.display())]
    NotText {
        /// Which file.
        file: PathBuf,
        /// Bytes of text before it.
        at: usize,
    },
}

/// An allow-list file and everything that was found out about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The file as the caller named it.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Everything that is wrong or doubtful, in the order of the file.
    pub remarks: Vec<Remark>,
    /// The compiled allow-list; present exactly when no remark is an error.
    pub compiled: Option<Compiled>,
}

/// Something that is wrong or doubtful.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Remark {
    /// `error` or `warning`.
    #[serde(serialize_with = "as_text")]
    pub severity: Severity,
    /// The rule's name.
    pub code: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Where in the allow-list; empty at the top.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// What was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// How strictly warnings are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// A warning is a remark.
    Usual,
    /// A warning is an error.
    Strict,
}

impl Checked {
    /// Reads and checks a file.
    pub fn read(file: &Path) -> Result<Self, FileError> {
        let text = text_of(file)?;
        Ok(Self::of(&file.display().to_string(), text))
    }

    /// Checks text that came from `file`.
    pub fn of(file: &str, text: String) -> Self {
        let (remarks, compiled) = match source::read_as_far_as_possible(file, &text) {
            Ok(source) => {
                let remarks = lint(&source).into_iter().map(Remark::from).collect();
                (remarks, compile(&source).ok())
            }
            Err(broken) => (remarks_on(broken), None),
        };
        Self {
            file: file.to_owned(),
            text,
            remarks,
            compiled,
        }
    }

    /// How many remarks are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.remarks.iter().filter(|remark| remark.severity == severity).count()
    }

    /// Whether the file passes.
    pub fn passes(&self, strictness: Strictness) -> bool {
        match strictness {
            Strictness::Usual => self.compiled.is_some(),
            Strictness::Strict => self.compiled.is_some() && self.remarks.is_empty(),
        }
    }
}

/// The problems of the form and of what is readable beside them, in the order of the file.
fn remarks_on(broken: Broken) -> Vec<Remark> {
    let findings = lint_broken(&broken);
    let mut remarks: Vec<Remark> = broken.errors.into_iter().map(Remark::from).collect();
    remarks.extend(findings.into_iter().map(Remark::from));
    remarks.sort_by_key(|remark| (remark.line, remark.column));
    remarks
}

fn text_of(file: &Path) -> Result<String, FileError> {
    let unreadable = |source| FileError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > MAX_BYTES {
        return Err(FileError::TooLarge {
            file: file.to_owned(),
            size,
        });
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| FileError::NotText {
        file: file.to_owned(),
        at: error.utf8_error().valid_up_to(),
    })
}

impl From<Finding> for Remark {
    fn from(finding: Finding) -> Self {
        Self {
            severity: finding.severity,
            code: finding.code.to_owned(),
            line: finding.mark.line,
            column: finding.mark.column,
            path: finding.path,
            message: finding.message,
            help: finding.help,
            suggestion: None,
        }
    }
}

impl From<SourceError> for Remark {
    fn from(error: SourceError) -> Self {
        Self {
            severity: Severity::Error,
            code: error.code.to_owned(),
            line: error.mark.line,
            column: error.mark.column,
            path: error.path,
            message: error.message,
            help: format!("expected {}", error.expected),
            suggestion: error.suggestion,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn as_text<S: serde::Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(severity)
}

#[cfg(test)]
mod tests;
