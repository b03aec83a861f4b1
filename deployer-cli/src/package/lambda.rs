//! Makes the deployment package of the Lambda function, and what there is to say about it.
//!
//! Responsible for: the checks before, the files, and the digests that a deployment can be compared with. Never: talks to AWS.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gatekeeper::compiled::Compiled;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zip::result::ZipError;

use super::bootstrap::{self, BootstrapError};
use super::manifest::{ManifestError, Names};
use super::zip::pack;
use crate::atomic_file::{self, AtomicFileError};

/// Where everything goes.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The program that Lambda is to start.
    pub program: &'a Path,
    /// The zip file.
    pub zip: &'a Path,
    /// What is written beside it for Terraform.
    pub beside: Beside<'a>,
}

/// What is written beside the zip file.
#[derive(Debug, Clone, Copy)]
pub enum Beside<'a> {
    /// Nothing.
    Nothing,
    /// The compiled allow-list once more.
    Compiled(&'a Path),
    /// The compiled allow-list, and the manifest that says what belongs together.
    Manifest {
        /// The compiled allow-list.
        compiled: &'a Path,
        /// The manifest.
        manifest: &'a Path,
    },
}

impl<'a> Beside<'a> {
    const fn compiled(self) -> Option<&'a Path> {
        match self {
            Self::Nothing => None,
            Self::Compiled(compiled) | Self::Manifest { compiled, .. } => Some(compiled),
        }
    }
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// The zip file.
    pub file: PathBuf,
    /// Its size in bytes.
    pub size: usize,
    /// SHA-256 of the zip file in base64: what Lambda shows as `CodeSha256`.
    pub code_sha256: String,
    /// The architecture that the function must be made with.
    pub architecture: &'static str,
    /// SHA-256 of the compiled allow-list, lower-case hexadecimal.
    pub allow_list_digest: String,
}

/// Why there is no deployment package.
#[derive(Debug, thiserror::Error)]
pub enum LambdaError {
    /// The program cannot be read.
    #[error("cannot read the program `{}`: {source}: build it with `make package`", .file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Lambda could not start it.
    #[error("`{}` cannot be the function's program: {source}", .file.display())]
    Program {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: BootstrapError,
    },
    /// It cannot be packed.
    #[error("cannot pack the deployment package: {0}")]
    Zip(#[from] ZipError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] AtomicFileError),
    /// There can be no manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest has no JSON form.
    #[error("cannot write the manifest as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Checks the program, and writes the deployment package.
pub fn make(compiled: &Compiled, places: Places<'_>) -> Result<Made, LambdaError> {
    let file = || places.program.to_owned();
    let program = std::fs::read(places.program).map_err(|source| LambdaError::Unreadable { file: file(), source })?;
    let architecture = bootstrap::check(&program).map_err(|source| LambdaError::Program { file: file(), source })?;
    let announced = announced(places)?;
    let allow_list = compiled.canonical_bytes();
    let zip = pack(&program, &allow_list)?;
    let made = Made {
        file: places.zip.to_owned(),
        size: zip.len(),
        code_sha256: BASE64_STANDARD.encode(Sha256::digest(&zip)),
        architecture: architecture.as_str(),
        allow_list_digest: compiled.digest(),
    };
    if let Some(file) = places.beside.compiled() {
        atomic_file::write(file, &allow_list)?;
    }
    atomic_file::write(places.zip, &zip)?;
    // The manifest is last: while it is the old one, it contradicts the new files, and nobody deploys half a package.
    if let Some((file, names)) = announced {
        let mut text = serde_json::to_vec_pretty(&names.manifest(&made))?;
        text.push(b'\n');
        atomic_file::write(file, &text)?;
    }
    Ok(made)
}

/// The manifest to be written and the names in it, which are wrong or right before anything is written.
fn announced(places: Places<'_>) -> Result<Option<(&Path, Names)>, ManifestError> {
    match places.beside {
        Beside::Manifest { compiled, manifest } => {
            Names::beside(manifest, places.zip, compiled).map(|names| Some((manifest, names)))
        }
        Beside::Nothing | Beside::Compiled(_) => Ok(None),
    }
}

impl Made {
    /// For a person.
    pub fn text(&self) -> String {
        format!(
            "package     {}\nsize        {} bytes\nCodeSha256  {}\nallow-list  {}\nruntime     provided.al2023, {}\n",
            self.file.display(),
            self.size,
            self.code_sha256,
            self.allow_list_digest,
            self.architecture,
        )
    }
}

#[cfg(test)]
mod tests;
