//! The linter: finds what the file's form allows but makes no sense or is not safe.
//!
//! Responsible for findings with their place and what to do about them. Never changes an allow-list, never does I/O.

mod container;
mod glob;
mod item;
mod language;
mod mount;
mod name;
mod option;
mod pattern;
mod positional;
mod privilege;
mod report;
mod repository;
mod script;
mod size;
mod value;
mod variable;

pub use report::{Finding, Severity};

use crate::source::{Broken, Source};
use report::Report;

/// Every finding, in the order of the file.
pub fn lint(source: &Source) -> Vec<Finding> {
    let mut report = Report::default();
    report.at("repositories", |report| repository::check(source, report));
    report.at("volumes", |report| mount::check_volumes(source, report));
    report.at("defaults", |report| size::check_defaults(source, report));
    report.at("containers", |report| container::check(source, report));
    report.finish()
}

/// Errors in what is readable of a broken file, so that they can be mended together with those of its form.
///
/// Leaves out what only follows from a problem of the form: findings about the same record, and about names that may be missing
/// because their entry is broken.
pub fn lint_broken(broken: &Broken) -> Vec<Finding> {
    let mut findings = broken.readable.as_deref().map(lint).unwrap_or_default();
    findings.retain(|finding| {
        finding.severity == Severity::Error
            && !about_what_is_missing(finding.code)
            && !broken.errors.iter().any(|error| error.path == finding.path)
    });
    findings
}

fn about_what_is_missing(code: &str) -> bool {
    code.starts_with("unknown-") || code.starts_with("no-")
}
