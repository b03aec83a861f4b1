//! What a failed fetch means for the next step.
//!
//! git has one exit code for every failure, so its words (always in English, see `LC_ALL`) are all there is. Responsible for
//! reading them; a failure that is not recognised counts as passing, and the retries are bounded.

/// What to do after a failed fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// The server does not give out this commit by its id: ask for its branches instead.
    NotGivenById,
    /// This machine's disk is full.
    NoSpace,
    /// Trying again cannot help.
    Lasting,
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

/// Servers ask for patience with these, although the others of their class are final.
const PASSING: [&str; 2] = ["returned error: 408", "returned error: 429"];

const LASTING: [&str; 15] = [
    "authentication failed",
    "could not read username",
    "could not read password",
    "repository not found",
    "' not found",
    "does not appear to be a git repository",
    "permission denied",
    "access denied",
    "host key verification failed",
    "not allowed",
    "returned error: 4",
    "returned error: 3",
    "certificate",
    "fsck error",
    // A server that takes no pushes in git's own protocol.
    "git-http-push failed",
];

impl FailureKind {
    pub(super) fn of(stderr: &str) -> Self {
        let words = stderr.to_lowercase();
        let says = |phrase: &&str| words.contains(*phrase);
        if words.contains("no space left on device") {
            Self::NoSpace
        } else if NOT_GIVEN_BY_ID.iter().any(says) {
            Self::NotGivenById
        } else if LASTING.iter().any(says) && !PASSING.iter().any(says) {
            Self::Lasting
        } else {
            Self::Passing
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
            ("fatal: Authentication failed for 'https://h/x'", FailureKind::Lasting),
            (
                "fatal: could not read Username for 'https://h': terminal prompts disabled",
                FailureKind::Lasting,
            ),
            ("fatal: repository 'https://h/x/' not found", FailureKind::Lasting),
            (
                "fatal: unable to access 'https://h/x/': The requested URL returned error: 403",
                FailureKind::Lasting,
            ),
            ("fatal: transport 'ext' not allowed", FailureKind::Lasting),
            (
                "fatal: unable to access 'https://h/x/': The requested URL returned error: 503",
                FailureKind::Passing,
            ),
            (
                "fatal: unable to access 'https://h/x/': Could not resolve host: h",
                FailureKind::Passing,
            ),
            ("fatal: the remote end hung up unexpectedly", FailureKind::Passing),
            (
                "fatal: unable to access 'https://h/x/': The requested URL returned error: 429",
                FailureKind::Passing,
            ),
            (
                "fatal: unable to access 'https://h/x/': The requested URL returned error: 301",
                FailureKind::Lasting,
            ),
            (
                "fatal: sha1 file '/w/pack' write error: No space left on device",
                FailureKind::NoSpace,
            ),
            (
                "error: Cannot access URL https://h/x/, return code 22\nfatal: git-http-push failed",
                FailureKind::Lasting,
            ),
            ("", FailureKind::Passing),
        ] {
            assert_eq!(FailureKind::of(stderr), kind, "{stderr}");
        }
    }
}
