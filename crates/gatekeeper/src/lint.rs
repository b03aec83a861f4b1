//! The linter: finds what the file's form allows but makes no sense or is not safe.
//!
//! Responsible for findings with their place and what to do about them. Never changes an allow-list, never does I/O.

mod container;
mod reference;
mod report;

pub use report::{Finding, Severity};

use crate::source::Source;
use report::Report;

/// Every finding, in the order of the file.
pub fn lint(source: &Source) -> Vec<Finding> {
    let mut report = Report::default();
    container::check(source, &mut report);
    reference::check(source, &mut report);
    report.finish()
}
