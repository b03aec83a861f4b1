//! Turns the configuration of Gruntwork's ECS Deploy Runner into an allow-list that permits no more than it did.
//!
//! Responsible for: the allow-list as YAML that passes `check`, and a list of everything that became stricter, was left out or needs a
//! person's decision. Never: widens a rule, guesses what a field means that it does not know, or writes what does not pass.

mod configuration;
mod convert;
mod draft;
mod pattern;
mod remark;
mod settle;
mod view;
mod yaml;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use configuration::Configuration;

pub use remark::{Kind, Remark};
pub use view::{json, render};

/// Far above any configuration, far below what would hurt.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// The name that stands for standard input.
const STANDARD_INPUT: &str = "-";
/// What is read.
const INPUTS: &str =
    "give what `terraform output -json` prints, a `.tfvars.json` file, or the map of `container_images` itself";

/// Why there is nothing to turn into an allow-list.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The system refuses.
    #[error("cannot read `{}`: {source}", .file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{}` is no configuration: it has more than {MAX_BYTES} bytes", .file.display())]
    TooLarge {
        /// Which file.
        file: PathBuf,
    },
    /// It is not JSON, or has a key twice.
    #[error("`{file}` cannot be read as JSON: line {line}, column {column}: {reason}; {INPUTS}")]
    Json {
        /// Which file.
        file: String,
        /// Line, from 1; 0 at the very beginning.
        line: usize,
        /// Column, from 1; 0 at the very beginning.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// It is JSON, but no container is in it.
    #[error("`{file}` has no `container_images` {found}; {INPUTS}")]
    NoContainers {
        /// Which file.
        file: String,
        /// What there is instead.
        found: String,
    },
    /// A field that is unknown or of another type: what it restricts would be lost.
    #[error(
        "`{path}` cannot be read: {reason}; correct it, or remove the field if it restricts nothing, and import again"
    )]
    Field {
        /// Where, by the names of the configuration.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

/// What became of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The allow-list, which passes `check`; absent when nothing is left that callers may run.
    pub allow_list: Option<AllowListText>,
    /// Everything that is to be said, what is left out first.
    pub remarks: Vec<Remark>,
}

/// An allow-list that passes `check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowListText {
    /// The YAML.
    pub yaml: String,
    /// The digest of its compiled form.
    pub digest: String,
    /// How many warnings `check` has for it.
    pub warnings: usize,
}

/// Reads a file, or standard input for `-`, and turns it into an allow-list.
pub fn import(file: &Path) -> Result<Imported, ImportError> {
    let text = text_of(file)?;
    import_text(&file.display().to_string(), &text)
}

/// Turns text that came from `file` into an allow-list.
pub fn import_text(file: &str, text: &str) -> Result<Imported, ImportError> {
    let configuration = Configuration::read(file, text)?;
    let (draft, mut remarks) = convert::convert(&configuration);
    let allow_list = settle::settle(draft, &mut remarks);
    Ok(Imported {
        allow_list,
        remarks: remarks.finish(),
    })
}

/// Text that is not UTF-8 is a JSON error with its place, so it is kept as it is as far as possible.
fn text_of(file: &Path) -> Result<String, ImportError> {
    let unreadable = |source| ImportError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let source: Box<dyn Read> = if file == Path::new(STANDARD_INPUT) {
        Box::new(io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(unreadable)?)
    };
    let mut bytes = Vec::new();
    source.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(ImportError::TooLarge { file: file.to_owned() });
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error.utf8_error().valid_up_to();
        let read = error.as_bytes().get(..before).unwrap_or_default();
        let line_start = read.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        ImportError::Json {
            file: file.display().to_string(),
            line: read.split(|byte| *byte == b'\n').count(),
            column: before - line_start + 1,
            reason: "a byte that is not UTF-8 text".to_owned(),
        }
    })
}

#[cfg(test)]
mod tests;
