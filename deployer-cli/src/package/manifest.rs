//! The manifest of a deployment package: which zip file and which compiled allow-list belong together, and for whom.
//!
//! Terraform reads it and compares the digests with the files beside it. Responsible for its shape and its names. Never reads a package.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Stands for everything that a release's package and the Terraform module agree on: this shape, the compiled form, the function's settings.
const FORMAT: u32 = 1;

/// What the manifest says. The same package always has the same manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) release: &'static str,
    /// Name of the zip file, in the manifest's folder.
    pub(super) package: String,
    /// Its SHA-256 in base64.
    pub(super) code_sha256: String,
    pub(super) architecture: &'static str,
    /// Name of the compiled allow-list, in the manifest's folder.
    pub(super) allow_list: String,
    /// Its SHA-256, lower-case hexadecimal.
    pub(super) allow_list_digest: String,
}

/// Why there can be no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The manifest names files by their names alone, so that the folder can be moved.
    #[error("`{}` is not in the folder of the manifest `{}`: write all three files into one folder", .file.display(), .manifest.display())]
    Elsewhere {
        /// Which file.
        file: PathBuf,
        /// The manifest.
        manifest: PathBuf,
    },
    /// A name that JSON cannot hold.
    #[error("the name of `{}` is no Unicode text: choose another", .0.display())]
    Name(PathBuf),
    /// The folder of a file is not there.
    #[error("cannot find the folder of `{}`: {source}: make it first", .file.display())]
    Folder {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The names of both files, which lie beside the manifest.
#[derive(Debug)]
pub(super) struct Names {
    package: String,
    allow_list: String,
}

impl Names {
    /// The names as the manifest will have them.
    pub(super) fn beside(manifest: &Path, package: &Path, allow_list: &Path) -> Result<Self, ManifestError> {
        let folder = folder_of(manifest)?;
        let name = |file: &Path| {
            if folder_of(file)? != folder {
                return Err(ManifestError::Elsewhere {
                    file: file.to_owned(),
                    manifest: manifest.to_owned(),
                });
            }
            let name = file.file_name().and_then(|name| name.to_str());
            name.map(str::to_owned)
                .ok_or_else(|| ManifestError::Name(file.to_owned()))
        };
        Ok(Self {
            package: name(package)?,
            allow_list: name(allow_list)?,
        })
    }

    /// The whole manifest.
    pub(super) fn manifest(self, made: &super::Made) -> Manifest {
        Manifest {
            format: FORMAT,
            release: env!("CARGO_PKG_VERSION"),
            package: self.package,
            code_sha256: made.code_sha256.clone(),
            architecture: made.architecture,
            allow_list: self.allow_list,
            allow_list_digest: made.allow_list_digest.clone(),
        }
    }
}

fn folder_of(file: &Path) -> Result<PathBuf, ManifestError> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    folder.canonicalize().map_err(|source| ManifestError::Folder {
        file: file.to_owned(),
        source,
    })
}
