//! Places inside the checkout.
//!
//! Responsible for a path never leaving the checkout, whatever links the commit contains, and for saying plainly what is
//! missing. Never changes a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::program::Program;
use crate::values::RelativePath;

/// Why a path of the request cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It leads out of the checkout, or into git's own files.
    #[error("`{path}` leads out of the repository through a link: give a path whose target is inside it")]
    Outside {
        /// The path as it was given.
        path: RelativePath,
    },
    /// It is not there.
    #[error("`{path}` is not in the repository at this commit: correct the path or the commit")]
    Missing {
        /// The path as it was given.
        path: RelativePath,
    },
    /// It is of the wrong kind.
    #[error("`{path}` is not a {expected}: give the path of one")]
    WrongKind {
        /// The path as it was given.
        path: RelativePath,
        /// `directory` or `file`.
        expected: &'static str,
    },
    /// Nothing there to deploy.
    #[error("`{path}` has no {expected}: give the directory of one module")]
    NoCode {
        /// The path as it was given.
        path: RelativePath,
        /// The files that would make it one.
        expected: &'static str,
    },
    /// The system refuses to look.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The path as it was given.
        path: RelativePath,
        /// The system's reason.
        source: io::Error,
    },
}

/// A directory that holds one commit's files.
#[derive(Debug)]
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The checkout at this place, which has no links in it.
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The place itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory to deploy, with every link resolved.
    pub fn module(&self, path: &RelativePath, binary: Program) -> Result<PathBuf, PlaceError> {
        let directory = self.resolve(path)?;
        if !directory.is_dir() {
            return Err(PlaceError::WrongKind {
                path: path.clone(),
                expected: "directory",
            });
        }
        require_code(&directory, path, binary)?;
        Ok(directory)
    }

    /// A file, with every link resolved.
    pub fn file(&self, path: &RelativePath) -> Result<PathBuf, PlaceError> {
        let file = self.resolve(path)?;
        if file.is_file() {
            Ok(file)
        } else {
            Err(PlaceError::WrongKind {
                path: path.clone(),
                expected: "file",
            })
        }
    }

    /// Where a resolved place is, as seen from the root.
    pub fn relative(&self, place: &Path) -> Option<RelativePath> {
        let inside = place.strip_prefix(&self.root).ok()?;
        if inside.as_os_str().is_empty() {
            ".".parse().ok()
        } else {
            inside.to_str()?.parse().ok()
        }
    }

    /// A file or directory, with every link resolved.
    pub fn resolve(&self, path: &RelativePath) -> Result<PathBuf, PlaceError> {
        let absent = |error: &io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        let resolved = match self.root.join(path.as_path()).canonicalize() {
            Ok(resolved) => resolved,
            Err(error) if absent(&error) => return Err(PlaceError::Missing { path: path.clone() }),
            Err(source) => {
                return Err(PlaceError::Unreadable {
                    path: path.clone(),
                    source,
                });
            }
        };
        // `relative` also refuses `.git`, because a relative path cannot name it.
        match self.relative(&resolved) {
            Some(_) => Ok(resolved),
            None => Err(PlaceError::Outside { path: path.clone() }),
        }
    }
}

fn require_code(directory: &Path, path: &RelativePath, binary: Program) -> Result<(), PlaceError> {
    let is_code: fn(&str) -> bool = match binary {
        Program::Terragrunt => |name| matches!(name, "terragrunt.hcl" | "terragrunt.hcl.json"),
        Program::Terraform
        | Program::Git
        | Program::Packer
        | Program::Buildah
        | Program::Kaniko
        | Program::Buildctl
        | Program::Skopeo => |name| {
            let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
            extension == Some("tf") || name.ends_with(".tf.json")
        },
    };
    let entries = fs::read_dir(directory).map_err(|source| PlaceError::Unreadable {
        path: path.clone(),
        source,
    })?;
    if entries
        .filter_map(Result::ok)
        .any(|entry| entry.file_name().to_str().is_some_and(is_code))
    {
        return Ok(());
    }
    let expected = match binary {
        Program::Terragrunt => "`terragrunt.hcl`",
        Program::Terraform
        | Program::Git
        | Program::Packer
        | Program::Buildah
        | Program::Kaniko
        | Program::Buildctl
        | Program::Skopeo => "`.tf` files",
    };
    Err(PlaceError::NoCode {
        path: path.clone(),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn checkout() -> (tempfile::TempDir, Checkout) {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap().join("checkout");
        fs::create_dir_all(root.join("prod/network")).unwrap();
        fs::create_dir_all(root.join(".git/hooks")).unwrap();
        fs::create_dir_all(root.with_file_name("checkout-neighbour")).unwrap();
        fs::write(root.join("prod/network/main.tf"), "").unwrap();
        fs::write(root.join("prod/prod.tfvars"), "").unwrap();
        fs::write(root.join(".git/config"), "").unwrap();
        (place, Checkout::at(root))
    }

    fn path(text: &str) -> RelativePath {
        text.parse().unwrap()
    }

    #[test]
    fn a_link_inside_the_checkout_is_followed() {
        let (_place, checkout) = checkout();
        symlink("prod/network", checkout.root().join("link")).unwrap();
        let module = checkout.module(&path("link"), Program::Terraform).unwrap();
        assert_eq!(module, checkout.root().join("prod/network"));
        assert_eq!(checkout.relative(&module), Some(path("prod/network")));
    }

    #[test]
    fn a_link_out_of_the_checkout_is_refused_for_directories_and_files() {
        let (_place, checkout) = checkout();
        for (index, target) in ["/", "/etc", "..", "../checkout-neighbour", ".git/hooks"]
            .into_iter()
            .enumerate()
        {
            let link = format!("link{index}");
            symlink(target, checkout.root().join(&link)).unwrap();
            let refused = checkout.module(&path(&link), Program::Terraform).unwrap_err();
            assert!(matches!(refused, PlaceError::Outside { .. }), "{target}: {refused}");
        }
        symlink("/etc/passwd", checkout.root().join("prod/x.tfvars")).unwrap();
        let refused = checkout.file(&path("prod/x.tfvars")).unwrap_err();
        assert!(matches!(refused, PlaceError::Outside { .. }), "{refused}");
        symlink("../.git/config", checkout.root().join("prod/y.tfvars")).unwrap();
        let refused = checkout.file(&path("prod/y.tfvars")).unwrap_err();
        assert!(matches!(refused, PlaceError::Outside { .. }), "{refused}");
    }

    #[test]
    fn what_is_missing_is_said_plainly() {
        let (_place, checkout) = checkout();
        let said = |result: Result<PathBuf, PlaceError>| result.unwrap_err().to_string();
        assert_eq!(
            said(checkout.module(&path("nowhere"), Program::Terraform)),
            "`nowhere` is not in the repository at this commit: correct the path or the commit"
        );
        assert_eq!(
            said(checkout.module(&path("prod/prod.tfvars"), Program::Terraform)),
            "`prod/prod.tfvars` is not a directory: give the path of one"
        );
        assert_eq!(
            said(checkout.module(&path("prod"), Program::Terraform)),
            "`prod` has no `.tf` files: give the directory of one module"
        );
        assert_eq!(
            said(checkout.module(&path("prod/network"), Program::Terragrunt)),
            "`prod/network` has no `terragrunt.hcl`: give the directory of one module"
        );
        assert_eq!(
            said(checkout.file(&path("prod"))),
            "`prod` is not a file: give the path of one"
        );
    }
}
