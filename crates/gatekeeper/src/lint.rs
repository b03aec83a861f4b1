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
mod report;
mod repository;
mod script;
mod size;
mod value;
mod variable;

pub use report::{Finding, Severity};

use crate::source::Source;
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
