//! Whether a program that failed ran out of disk space.
//!
//! Responsible for calling a full disk that and nothing else. The file system of the working place is asked right after the failure: what
//! is left on a full disk is less than any program writes at once. Nothing is asked after a success, so a disk that is nearly full is no
//! failure by itself. Programs that clean up after themselves leave room again: of those the system's words count too, but only where they
//! can be about no other machine's disk. What a command of a template or a module prints never counts: it may run elsewhere.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

/// A disk is full.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoSpace {
    /// The disk of this place.
    #[error("there is no space left in `{0}`: free some, or set TMPDIR to a larger place")]
    In(PathBuf),
    /// A disk that the program named, and that has room by now.
    #[error(
        "{0} found no space left on a disk, and its own messages above say where: free some there, or set TMPDIR to a larger place"
    )]
    Told(&'static str),
}

/// Programs write in blocks of 4 to 64 KiB; the last one that fits may leave this much.
const FULL_BELOW: u64 = 64 * 1024;
/// How programs say it. The second is all that buildah says when it cannot write a layer.
const WORDS: [&str; 2] = ["no space left on device", "to file: io: read/write on closed pipe"];

impl NoSpace {
    /// Of a program that failed, which works in this place.
    pub fn in_place(place: &Path) -> Option<Self> {
        is_full(place).then(|| Self::In(place.to_owned()))
    }

    /// Of a program that failed and said this, none of it about another machine.
    pub fn told_by(program: &'static str, said: &str, place: &Path) -> Option<Self> {
        Self::in_place(place).or_else(|| says_so(said).then_some(Self::Told(program)))
    }
}

/// A file system that cannot be asked is not called full.
fn is_full(place: &Path) -> bool {
    statvfs(place).is_ok_and(|disk| {
        let free = disk.blocks_available().saturating_mul(disk.fragment_size());
        // Some file systems have no size, and some no count of files.
        let no_more_bytes = disk.blocks() > 0 && free < FULL_BELOW;
        let no_more_files = disk.files() > 0 && disk.files_available() == 0;
        no_more_bytes || no_more_files
    })
}

/// Terraform breaks its lines anywhere.
fn says_so(said: &str) -> bool {
    let words: Vec<_> = said.split_whitespace().collect();
    let said = words.join(" ").to_lowercase();
    WORDS.iter().any(|words| said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_are_found_over_the_ends_of_lines() {
        let place = Path::new("/proc/self");
        for (said, told) in [
            ("write x: no space\n  left on device.\n", true),
            ("Error: No space left on device", true),
            (
                "Error: storing layer \"01\" to file: io: read/write on closed pipe",
                true,
            ),
            ("no space left", false),
            ("", false),
        ] {
            assert_eq!(
                NoSpace::told_by("x", said, place),
                told.then_some(NoSpace::Told("x")),
                "{said}"
            );
        }
    }
}
