//! A report: what a job tells about itself for machines, such as the summary of a plan. It is the job's word, and nobody else's.
//!
//! Responsible for its bounds and for its text in a frame. Never judges what it says.

use serde_json::{Map, Value};

use super::MAX_FRAME_BYTES;
use super::escape::escape;

/// Names the descriptor on which a script hands over its reports, one JSON object a line.
pub const REPORTS_VARIABLE: &str = "DEPLOY_RUNNER_REPORTS_FD";
/// A report is at most so long, as compact JSON.
pub const MAX_REPORT_BYTES: usize = 7_000;
/// The brace that begins the object, in a way that the encoder never writes a byte of a job's output.
pub(super) const MARK: &[u8] = br"\x7b";
/// The sequence, two blanks and the letter.
const HEAD_BYTES: usize = 24;

/// One JSON object that fits into one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report(Map<String, Value>);

/// Why something is not a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Not one JSON object.
    #[error("a report is one JSON object: {0}")]
    NotAnObject(#[from] serde_json::Error),
    /// More than fits into a frame.
    #[error("a report has at most {MAX_REPORT_BYTES} bytes, this one has {0}")]
    TooLong(usize),
}

impl Report {
    /// Reads one JSON object.
    pub fn parse(json: &[u8]) -> Result<Self, ReportError> {
        if json.len() > MAX_FRAME_BYTES {
            return Err(ReportError::TooLong(json.len()));
        }
        Self::new(serde_json::from_slice(json)?)
    }

    /// Takes an object that fits.
    pub fn new(object: Map<String, Value>) -> Result<Self, ReportError> {
        let report = Self(object);
        let bytes = report.text()?.len();
        if bytes > MAX_REPORT_BYTES || report.escaped()?.len() > MAX_FRAME_BYTES - HEAD_BYTES {
            return Err(ReportError::TooLong(bytes));
        }
        Ok(report)
    }

    /// What it says.
    pub const fn object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The text of its frame.
    pub(super) fn escaped(&self) -> Result<Vec<u8>, ReportError> {
        let text = self.text()?;
        let mut out = MARK.to_vec();
        escape(text.as_bytes().get(1..).unwrap_or_default(), usize::MAX, &mut out);
        Ok(out)
    }

    fn text(&self) -> Result<String, ReportError> {
        Ok(serde_json::to_string(&self.0)?)
    }
}
