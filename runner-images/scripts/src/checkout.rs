//! Places inside the checkout.
//!
//! Responsible for a path never leaving the checkout, whatever links the commit contains, and for saying plainly what is
//! missing. Never changes a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::exit_code::{INPUT_OUTPUT, NOT_THERE, REFUSED, UNSUITABLE};
use crate::values::{PlainDirectory, RelativePath};

/// Why a path of the request cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It leads out of the checkout, or into git's own files.
    #[error("`{path}` leads out of the repository through a link: give a path whose target is inside it")]
    Outside {
        /// The path as it was given.
        path: RelativePath,
    },
    /// It is a link where none is followed.
    #[error("`{path}` goes through a link: give the directory's own path")]
    Link {
        /// The path in the repository.
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
    #[error("cannot read `{path}`: {source}; give a path that can be read")]
    Unreadable {
        /// The path as it was given.
        path: RelativePath,
        /// The system's reason.
        source: io::Error,
    },
}

impl PlaceError {
    /// What a script exits with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Outside { .. } => REFUSED,
            Self::Missing { .. } => NOT_THERE,
            Self::Link { .. } | Self::WrongKind { .. } | Self::NoCode { .. } => UNSUITABLE,
            Self::Unreadable { .. } => INPUT_OUTPUT,
        }
    }
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
    pub fn module(&self, path: &RelativePath, code: Code) -> Result<PathBuf, PlaceError> {
        let directory = self.directory(path)?;
        require_code(&directory, path, code)?;
        Ok(directory)
    }

    /// A directory below one of ours. It has to be there by its own name: the tool that gets it does not resolve links as we do.
    pub fn directory_below(&self, parent: &Path, name: &PlainDirectory) -> Result<(), PlaceError> {
        let below = parent.join(name.as_path());
        let path = self.relative(&below).unwrap_or_else(|| name.path().clone());
        let directory = self.directory(&path)?;
        if directory == below {
            Ok(())
        } else {
            Err(PlaceError::Link { path })
        }
    }

    fn directory(&self, path: &RelativePath) -> Result<PathBuf, PlaceError> {
        let directory = self.resolve(path)?;
        if directory.is_dir() {
            Ok(directory)
        } else {
            Err(PlaceError::WrongKind {
                path: path.clone(),
                expected: "directory",
            })
        }
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

/// What makes a directory one that can be deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Terraform's files.
    Terraform,
    /// `OpenTofu`'s files, or Terraform's.
    Tofu,
    /// A unit of Terragrunt.
    Unit,
    /// Units of Terragrunt somewhere below.
    Units,
}

impl Code {
    fn is_code(self, name: &str) -> bool {
        let ends_with = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        match self {
            Self::Terraform => ends_with(&[".tf", ".tf.json"]),
            Self::Tofu => ends_with(&[".tf", ".tf.json", ".tofu", ".tofu.json"]),
            Self::Unit => matches!(name, "terragrunt.hcl" | "terragrunt.hcl.json"),
            Self::Units => matches!(name, "terragrunt.hcl" | "terragrunt.hcl.json" | "terragrunt.stack.hcl"),
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::Terraform => "`.tf` files",
            Self::Tofu => "`.tf` or `.tofu` files",
            Self::Unit => "`terragrunt.hcl`",
            Self::Units => "`terragrunt.hcl` in any directory below it",
        }
    }
}

fn require_code(directory: &Path, path: &RelativePath, code: Code) -> Result<(), PlaceError> {
    let unreadable = |source| PlaceError::Unreadable {
        path: path.clone(),
        source,
    };
    let mut places = vec![directory.to_owned()];
    while let Some(place) = places.pop() {
        for entry in fs::read_dir(place).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if entry.file_name().to_str().is_some_and(|name| code.is_code(name)) {
                return Ok(());
            }
            // The kind of the entry itself: links are not followed, so the walk ends and stays inside.
            if code == Code::Units && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                places.push(entry.path());
            }
        }
    }
    Err(PlaceError::NoCode {
        path: path.clone(),
        expected: code.expected(),
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
        let module = checkout.module(&path("link"), Code::Terraform).unwrap();
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
            let refused = checkout.module(&path(&link), Code::Terraform).unwrap_err();
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
            said(checkout.module(&path("nowhere"), Code::Terraform)),
            "`nowhere` is not in the repository at this commit: correct the path or the commit"
        );
        assert_eq!(
            said(checkout.module(&path("prod/prod.tfvars"), Code::Terraform)),
            "`prod/prod.tfvars` is not a directory: give the path of one"
        );
        assert_eq!(
            said(checkout.module(&path("prod"), Code::Terraform)),
            "`prod` has no `.tf` files: give the directory of one module"
        );
        assert_eq!(
            said(checkout.module(&path("prod/network"), Code::Unit)),
            "`prod/network` has no `terragrunt.hcl`: give the directory of one module"
        );
        assert_eq!(
            said(checkout.file(&path("prod"))),
            "`prod` is not a file: give the path of one"
        );
    }
}
