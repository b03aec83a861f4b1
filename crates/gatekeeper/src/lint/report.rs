//! Findings and how they are collected.

use std::fmt;

use crate::source::{Mark, join};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The allow-list cannot be used.
    Error,
    /// The allow-list can be used; somebody should look.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that makes no sense or is not safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule, for machines: a name in kebab case.
    pub code: &'static str,
    /// Where in the file.
    pub mark: Mark,
    /// Where in the allow-list, such as `containers.planner.task.cpu`.
    pub path: String,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it, in one line.
    pub help: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            severity,
            code,
            mark,
            path,
            message,
            help,
        } = self;
        write!(
            f,
            "{}:{}: {severity}[{code}]: `{path}`: {message}: {help}",
            mark.line, mark.column
        )
    }
}

/// Collects findings and knows where in the allow-list the linter stands.
#[derive(Debug, Default)]
pub(super) struct Report {
    path: Vec<String>,
    findings: Vec<Finding>,
}

impl Report {
    /// Looks at something one step further down.
    pub(super) fn at<T>(&mut self, step: &str, look: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step.to_owned());
        let result = look(self);
        self.path.pop();
        result
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        mark: Mark,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Error, code, mark, message.into(), help.into());
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        mark: Mark,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Warning, code, mark, message.into(), help.into());
    }

    fn add(&mut self, severity: Severity, code: &'static str, mark: Mark, message: String, help: String) {
        let path = join(&self.path);
        self.findings.push(Finding {
            severity,
            code,
            mark,
            path,
            message,
            help,
        });
    }

    /// The findings in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.findings.sort_by_key(|finding| finding.mark);
        self.findings
    }
}
