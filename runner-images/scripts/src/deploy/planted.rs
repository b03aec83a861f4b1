//! Files of a commit that the tool would take for its own notes.
//!
//! Responsible for refusing a commit that brings a `.terraform` or a `.terragrunt-cache`: it would choose the state, the providers,
//! the workspace or the modules that run, past everything that was asked for and reviewed as code. Never removes anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::arguments::Order;
use crate::checkout::Checkout;
use crate::program::ToolName;

const NOTES: [&str; 2] = [".terraform", ".terragrunt-cache"];

/// Why nothing is run.
#[derive(Debug, thiserror::Error)]
pub enum PlantedError {
    /// It is there.
    #[error(
        "`{0}` is in the repository, and the tool would take it for its own notes about state and providers: remove it there"
    )]
    Planted(String),
    /// It cannot be looked for.
    #[error("cannot read `{path}`: {source}; set TMPDIR to another place")]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Terraform and `OpenTofu` look into their own directory only; Terragrunt also works in units elsewhere.
pub(super) fn refuse(order: &Order, checkout: &Checkout, directory: &Path) -> Result<(), PlantedError> {
    let found = match order.binary {
        ToolName::Terraform | ToolName::Tofu => NOTES
            .iter()
            .map(|name| directory.join(name))
            .find(|place| place.symlink_metadata().is_ok()),
        ToolName::Terragrunt => anywhere(checkout.root())?,
    };
    match found {
        Some(place) => {
            let inside = place.strip_prefix(checkout.root()).unwrap_or(&place);
            Err(PlantedError::Planted(
                inside.to_string_lossy().escape_debug().to_string(),
            ))
        }
        None => Ok(()),
    }
}

fn anywhere(root: &Path) -> Result<Option<PathBuf>, PlantedError> {
    let mut places = vec![root.to_owned()];
    while let Some(place) = places.pop() {
        let unreadable = |source| PlantedError::Unreadable {
            path: place.clone(),
            source,
        };
        for entry in fs::read_dir(&place).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if NOTES.iter().any(|name| entry.file_name() == *name) {
                return Ok(Some(entry.path()));
            }
            if entry.file_type().map_err(unreadable)?.is_dir() {
                places.push(entry.path());
            }
        }
    }
    Ok(None)
}
