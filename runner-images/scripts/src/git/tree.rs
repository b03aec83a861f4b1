//! One file of one commit: reading it, and making the commit that differs in it alone.
//!
//! Responsible for working on git's objects, without a checkout: no file of the repository is written to a disk under its own
//! name, no link is followed, no attribute, filter or hook has a say.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Stdio;

use super::push::KeptRef;
use super::{Git, GitError};
use crate::full_disk::NoSpace;
use crate::values::{CommitId, MailAddress, PersonName, RelativePath};

/// Files of variables are small.
const MAX_FILE_BYTES: u64 = 512 * 1024;

/// Why a file of a commit cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// It is not there.
    #[error("`{path}` is not in the repository at the end of this branch: correct the path or the branch")]
    Missing {
        /// The path as it was given.
        path: RelativePath,
    },
    /// A link is on the way, or the file is one.
    #[error("`{path}` goes through the link `{link}`: give the path of the file itself")]
    Link {
        /// The path as it was given.
        path: RelativePath,
        /// What is a link.
        link: String,
    },
    /// It is something else.
    #[error("`{path}` is not a file, it is a {found}: give the path of a file")]
    WrongKind {
        /// The path as it was given.
        path: RelativePath,
        /// What it is.
        found: &'static str,
    },
    /// It is too large.
    #[error("`{path}` has {bytes} bytes: a file of variables has at most 524288; split it")]
    TooLarge {
        /// The path as it was given.
        path: RelativePath,
        /// Its size.
        bytes: u64,
    },
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// A file as a commit has it.
#[derive(Debug)]
pub struct FileOfCommit {
    /// `100644` or `100755`.
    mode: Mode,
    /// Its bytes.
    pub content: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Plain,
    Executable,
}

/// What a new commit says about itself.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'run> {
    /// Who made it.
    pub name: &'run PersonName,
    /// Their address.
    pub address: &'run MailAddress,
    /// When, in seconds since 1970.
    pub seconds: u64,
}

/// A commit that differs from its parent in one file.
#[derive(Debug, Clone, Copy)]
pub struct NewCommit<'run> {
    /// The parent.
    pub base: &'run CommitId,
    /// The file.
    pub path: &'run RelativePath,
    /// The file as the parent has it.
    pub file: &'run FileOfCommit,
    /// The file's new content.
    pub content: &'run str,
    /// The whole message.
    pub message: &'run str,
    /// Author and committer.
    pub identity: Identity<'run>,
    /// Where the commit is kept until it is pushed.
    pub kept: &'run KeptRef,
}

impl NewCommit<'_> {
    /// What `git fast-import` is told. Lengths go before texts, so no text can be taken for an order.
    fn orders(&self) -> String {
        let Identity { name, address, seconds } = self.identity;
        let mode = match self.file.mode {
            Mode::Plain => "100644",
            Mode::Executable => "100755",
        };
        // A path has no backslash and no control character, so the quote is all that needs an escape.
        let path = self.path.to_string().replace('"', "\\\"");
        let Self {
            base,
            content,
            message,
            kept,
            ..
        } = self;
        format!(
            "feature done\ncommit {kept}\nmark :1\n\
             author {name} <{address}> {seconds} +0000\ncommitter {name} <{address}> {seconds} +0000\n\
             data {}\n{message}\nfrom {base}\nM {mode} inline \"{path}\"\ndata {}\n{content}\nget-mark :1\ndone\n",
            message.len(),
            content.len(),
        )
    }
}

/// One entry of a tree.
struct Entry {
    mode: String,
    id: String,
    bytes: Option<u64>,
}

impl Git<'_> {
    /// The file that a commit has at this path.
    pub fn file_of(&mut self, commit: &CommitId, path: &RelativePath, store: &Path) -> Result<FileOfCommit, TreeError> {
        let Some(entry) = self.entry(commit, &path.to_string(), store)? else {
            return Err(self.why_missing(commit, path, store)?);
        };
        let wrong = |found| TreeError::WrongKind {
            path: path.clone(),
            found,
        };
        let mode = match entry.mode.as_str() {
            "100644" => Mode::Plain,
            "100755" => Mode::Executable,
            "120000" => {
                return Err(TreeError::Link {
                    path: path.clone(),
                    link: path.to_string(),
                });
            }
            "160000" => return Err(wrong("submodule")),
            _ => return Err(wrong("directory")),
        };
        let bytes = entry.bytes.unwrap_or(u64::MAX);
        if bytes > MAX_FILE_BYTES {
            return Err(TreeError::TooLarge {
                path: path.clone(),
                bytes,
            });
        }
        let mut read = self.command(store);
        read.args(["cat-file", "blob", &entry.id]);
        let captured = self.capture(&mut read)?;
        let content = self.require("cat-file", captured)?.stdout;
        Ok(FileOfCommit { mode, content })
    }

    /// Makes a commit that differs from its parent in one file, and returns its id.
    pub fn make_commit(&mut self, new: &NewCommit<'_>, store: &Path) -> Result<CommitId, GitError> {
        let stream = self.home.join("new-commit");
        let prepare = |source: io::Error| {
            if source.kind() == io::ErrorKind::StorageFull {
                NoSpace::In(stream.clone()).into()
            } else {
                GitError::Prepare {
                    path: stream.clone(),
                    source,
                }
            }
        };
        fs::write(&stream, new.orders()).map_err(prepare)?;
        let input = File::open(&stream).map_err(prepare)?;
        let mut import = self.command(store);
        import.args(["fast-import", "--quiet", "--done", "--date-format=raw"]);
        let captured = self.capture_with(Stdio::from(input), &mut import)?;
        let printed = self.require("fast-import", captured)?.text();
        printed.trim().parse().map_err(|_not_an_id| GitError::Failed {
            operation: "fast-import",
            reason: super::error::visible(&printed),
        })
    }

    /// The changed lines. Without their neighbours: those may hold what nobody should read in a log.
    pub fn difference(&mut self, old: &CommitId, new: &CommitId, store: &Path) -> Result<String, GitError> {
        let mut compare = self.command(store);
        compare.args([
            "diff-tree",
            "-r",
            "--patch",
            "--unified=0",
            "--no-color",
            "--no-ext-diff",
        ]);
        compare.args([
            "--no-textconv",
            "--no-renames",
            "--full-index",
            old.as_str(),
            new.as_str(),
            "--",
        ]);
        self.must("diff-tree", compare)
    }

    fn entry(&mut self, commit: &CommitId, path: &str, store: &Path) -> Result<Option<Entry>, GitError> {
        let mut list = self.command(store);
        list.args(["ls-tree", "-z", "-l", commit.as_str(), "--", path]);
        Ok(entry_of(&self.must("ls-tree", list)?, path))
    }

    /// What is in the way of a path that leads to nothing.
    fn why_missing(&mut self, commit: &CommitId, path: &RelativePath, store: &Path) -> Result<TreeError, GitError> {
        for part in path.ancestry() {
            match self.entry(commit, &part, store)?.map(|entry| entry.mode).as_deref() {
                Some("040000") => {}
                Some("120000") => {
                    return Ok(TreeError::Link {
                        path: path.clone(),
                        link: part,
                    });
                }
                Some(_) | None => break,
            }
        }
        Ok(TreeError::Missing { path: path.clone() })
    }
}

/// `<mode> <type> <id> <size or ->\t<path>\0`
fn entry_of(listing: &str, path: &str) -> Option<Entry> {
    let (facts, name) = listing.strip_suffix('\0')?.split_once('\t')?;
    if name != path {
        return None;
    }
    let mut facts = facts.split_ascii_whitespace();
    let (mode, _kind, id) = (facts.next()?, facts.next()?, facts.next()?);
    Some(Entry {
        mode: mode.to_owned(),
        id: id.to_owned(),
        bytes: facts.next()?.parse().ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_another_name_is_none() {
        let listing = "100644 blob 0123      42\ta/b.tfvars\0";
        assert_eq!(entry_of(listing, "a/b.tfvars").unwrap().bytes, Some(42));
        assert!(entry_of(listing, "a/b").is_none());
        assert!(entry_of("", "a").is_none());
        assert_eq!(entry_of("040000 tree 0123       -\ta\0", "a").unwrap().bytes, None);
    }

    #[test]
    fn texts_that_look_like_orders_are_counted_and_quoted() {
        let (base, path) = ("0".repeat(40), "a \"b\"/c.tf");
        let new = NewCommit {
            base: &base.parse().unwrap(),
            path: &path.parse().unwrap(),
            file: &FileOfCommit {
                mode: Mode::Executable,
                content: Vec::new(),
            },
            content: "x\ndone\n",
            message: "reset refs/heads/\u{fc}",
            identity: Identity {
                name: &"A B".parse().unwrap(),
                address: &"a@example.com".parse().unwrap(),
                seconds: 7,
            },
            kept: &KeptRef::new(3, &"refs/heads/release/1".parse().unwrap()),
        };
        assert_eq!(
            new.orders(),
            format!(
                "feature done\ncommit refs/made/3/heads/release/1\nmark :1\nauthor A B <a@example.com> 7 +0000\n\
                 committer A B <a@example.com> 7 +0000\ndata 19\nreset refs/heads/\u{fc}\nfrom {base}\n\
                 M 100755 inline \"a \\\"b\\\"/c.tf\"\ndata 7\nx\ndone\n\nget-mark :1\ndone\n"
            )
        );
    }
}
