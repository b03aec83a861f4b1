//! What a failed fetch means for the next step.
//!
//! git has one exit code for every failure, so its words (always in English, see `LC_ALL`) are all there is. Responsible for
//! reading them; a failure that is not recognised counts as passing, and the retries are bounded.

use super::cause::Cause;

/// What to do after a failed fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// The server does not give out this commit by its id: ask for its branches instead.
    NotGivenById,
    /// This machine's disk is full.
    NoSpace,
    /// git found no room here for another process or thread, or no memory: it may be there in a moment.
    NoRoom,
    /// Trying again cannot help.
    Lasting(Cause),
    /// It may work in a moment.
    Passing,
}

const NOT_GIVEN_BY_ID: [&str; 5] = [
    "not our ref",
    "does not allow request for unadvertised object",
    "unadvertised object",
    "does not support shallow",
    "couldn't find remote ref",
];

const NO_ROOM: [&str; 5] = [
    "resource temporarily unavailable",
    "cannot fork",
    "cannot allocate memory",
    "out of memory",
    "too many open files",
];

impl FailureKind {
    pub(super) fn of(stderr: &str) -> Self {
        let words = stderr.to_lowercase();
        // A server is its owner's to look after.
        let is_said_here = |phrase: &str| {
            let mut of_this_machine = words.lines().filter(|line| !line.starts_with("remote:"));
            of_this_machine.any(|line| line.contains(phrase))
        };
        if is_said_here("no space left on device") {
            Self::NoSpace
        } else if NO_ROOM.iter().any(|phrase| is_said_here(phrase)) {
            Self::NoRoom
        } else if NOT_GIVEN_BY_ID.iter().any(|phrase| words.contains(phrase)) {
            Self::NotGivenById
        } else {
            Cause::that_lasts(stderr).map_or(Self::Passing, Self::Lasting)
        }
    }

    /// What is wrong when nothing is left to try.
    pub(super) const fn cause(self) -> Cause {
        match self {
            Self::Lasting(cause) => cause,
            Self::NotGivenById | Self::NoSpace | Self::NoRoom | Self::Passing => Cause::Unreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gits_words_decide_between_asking_otherwise_giving_up_and_trying_again() {
        for (stderr, kind) in [
            (
                "fatal: remote error: upload-pack: not our ref 0123",
                FailureKind::NotGivenById,
            ),
            (
                "error: Server does not allow request for unadvertised object 0123",
                FailureKind::NotGivenById,
            ),
            (
                "fatal: dumb http transport does not support shallow capabilities",
                FailureKind::NotGivenById,
            ),
            (
                "fatal: Authentication failed for 'https://h/x'",
                FailureKind::Lasting(Cause::Credential),
            ),
            ("fatal: the remote end hung up unexpectedly", FailureKind::Passing),
            (
                "fatal: sha1 file '/w/pack' write error: No space left on device",
                FailureKind::NoSpace,
            ),
            (
                "error: cannot fork() for git-upload-pack '/o': Resource temporarily unavailable",
                FailureKind::NoRoom,
            ),
            (
                "error: cannot create async thread: Resource temporarily unavailable\nfatal: fetch-pack: x",
                FailureKind::NoRoom,
            ),
            ("remote: fatal: Out of memory, malloc failed", FailureKind::Passing),
            (
                "remote: fatal: write error: No space left on device\nfatal: early EOF",
                FailureKind::Passing,
            ),
            ("", FailureKind::Passing),
        ] {
            assert_eq!(FailureKind::of(stderr), kind, "{stderr}");
        }
    }
}
