//! What is wrong between us and a repository, as far as git's words tell, and whose it is to mend.
//!
//! Responsible for the exit code and the next step of each cause, and for the words that it is known by. Never decides what happens next.

use crate::exit_code::{DECLARATION, NOT_THERE, REFUSED, UNAVAILABLE};
use crate::repository_url::Transport;

/// Why a repository cannot be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The credential is wrong, missing, or may not do it.
    Credential,
    /// No host key is declared that the server has.
    UnknownHost,
    /// The server has another host key than the declared one.
    OtherHostKey,
    /// Nobody vouches for the server's certificate.
    Certificate,
    /// The server sends elsewhere, or is none of git's.
    Address,
    /// The server has no such repository, or does not show it.
    NoRepository,
    /// git's own checks refuse what the repository holds.
    Content,
    /// The server cannot be reached, or does not work.
    Unreachable,
}

/// Servers ask for patience with these, although the others of their class are final.
const PASSING: [&str; 2] = ["returned error: 408", "returned error: 429"];

/// What lasts, by what git, ssh and servers say about it; the first that fits counts.
const KNOWN_BY: [(&str, Cause); 28] = [
    (
        "has changed and you have requested strict checking",
        Cause::OtherHostKey,
    ),
    ("host key verification failed", Cause::UnknownHost),
    ("fsck error", Cause::Content),
    // A transport that the address does not have.
    ("' not allowed", Cause::Content),
    ("repository not found", Cause::NoRepository),
    ("' not found", Cause::NoRepository),
    ("could not be found", Cause::NoRepository),
    ("does not appear to be a git repository", Cause::NoRepository),
    ("returned error: 404", Cause::NoRepository),
    ("returned error: 410", Cause::NoRepository),
    ("authentication failed", Cause::Credential),
    ("could not read username", Cause::Credential),
    ("could not read password", Cause::Credential),
    ("permission denied", Cause::Credential),
    ("access denied", Cause::Credential),
    ("denied to", Cause::Credential),
    ("not allowed", Cause::Credential),
    ("returned error: 401", Cause::Credential),
    ("returned error: 403", Cause::Credential),
    ("certificate", Cause::Certificate),
    ("returned error: 301", Cause::Address),
    ("returned error: 302", Cause::Address),
    ("returned error: 303", Cause::Address),
    ("returned error: 307", Cause::Address),
    ("returned error: 308", Cause::Address),
    // A server that takes no pushes in git's own protocol.
    ("git-http-push failed", Cause::Address),
    ("returned error: 3", Cause::Unreachable),
    ("returned error: 4", Cause::Unreachable),
];

impl Cause {
    /// What lasts of what git complains about in these words; nothing if it may pass.
    pub(super) fn that_lasts(stderr: &str) -> Option<Self> {
        let words = stderr.to_lowercase();
        if PASSING.iter().any(|phrase| words.contains(phrase)) {
            return None;
        }
        KNOWN_BY
            .iter()
            .find(|(phrase, _)| words.contains(phrase))
            .map(|(_, cause)| *cause)
    }

    /// What a script exits with.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Credential | Self::UnknownHost | Self::Certificate | Self::Address => DECLARATION,
            Self::OtherHostKey | Self::Content => REFUSED,
            Self::NoRepository => NOT_THERE,
            Self::Unreachable => UNAVAILABLE,
        }
    }

    /// What to do.
    pub(super) const fn remedy(self, transport: Transport) -> &'static str {
        match (self, transport) {
            (Self::Credential, Transport::Https | Transport::Http) => {
                "declare or correct GIT_TOKEN for this host, one that may do that there"
            }
            (Self::Credential, Transport::Ssh) => "declare or correct SSH_PRIVATE_KEY, one that may do that there",
            (Self::Credential, Transport::File) => "let the container's user do that",
            (Self::UnknownHost, _) => "declare the server's host key in SSH_KNOWN_HOSTS",
            (Self::OtherHostKey, _) => {
                "ask who runs the server why, and declare the new key in SSH_KNOWN_HOSTS only if it is theirs"
            }
            (Self::Certificate, _) => "declare who vouches for the server's certificate, with SSL_CERT_FILE",
            (Self::Address, _) => "correct its address in the allow-list: redirects are not followed",
            (Self::NoRepository, Transport::File) => "correct its address in the allow-list",
            (Self::NoRepository, _) => {
                "correct its address in the allow-list, or let the declared credential see it: servers hide what it may not read"
            }
            (Self::Content, _) => "mend its history: what git's own checks refuse is never used",
            (Self::Unreachable, Transport::File) => "see whether it is whole and can be read there",
            (Self::Unreachable, _) => "check the address and the container's way to the network",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cases: &[(&str, Option<Cause>)]) {
        for (stderr, cause) in cases {
            assert_eq!(Cause::that_lasts(stderr), *cause, "{stderr}");
        }
    }

    #[test]
    fn a_credential_and_a_repository_that_is_not_shown_are_told_apart() {
        check(&[
            (
                "fatal: Authentication failed for 'https://h/x'",
                Some(Cause::Credential),
            ),
            (
                "fatal: could not read Username for 'https://h': terminal prompts disabled",
                Some(Cause::Credential),
            ),
            (
                "fatal: unable to access 'https://h/x/': The requested URL returned error: 403",
                Some(Cause::Credential),
            ),
            ("git@h: Permission denied (publickey).", Some(Cause::Credential)),
            (
                "ERROR: Permission to a/b.git denied to deploy-key",
                Some(Cause::Credential),
            ),
            (
                "remote: You are not allowed to push code to this project.",
                Some(Cause::Credential),
            ),
            ("fatal: repository 'https://h/x/' not found", Some(Cause::NoRepository)),
            (
                "remote: The project you were looking for could not be found or you don't have permission to view it.",
                Some(Cause::NoRepository),
            ),
            (
                "fatal: '/srv/x.git' does not appear to be a git repository",
                Some(Cause::NoRepository),
            ),
        ]);
    }

    #[test]
    fn what_is_wrong_with_a_server_or_its_content_is_known_by_its_words() {
        check(&[
            (
                "No ED25519 host key is known for h and you have requested strict checking.\r\nHost key verification failed.",
                Some(Cause::UnknownHost),
            ),
            (
                "Host key for h has changed and you have requested strict checking.\r\nHost key verification failed.",
                Some(Cause::OtherHostKey),
            ),
            (
                "error: object 01: gitmodulesUrl: disallowed submodule url: -x\nfatal: fsck error in packed object",
                Some(Cause::Content),
            ),
            ("fatal: transport 'ext' not allowed", Some(Cause::Content)),
            (
                "fatal: unable to access 'https://h/x/': The requested URL returned error: 301",
                Some(Cause::Address),
            ),
            (
                "error: Cannot access URL https://h/x/, return code 22\nfatal: git-http-push failed",
                Some(Cause::Address),
            ),
            (
                "fatal: unable to access 'https://h/x/': server certificate verification failed. CAfile: none",
                Some(Cause::Certificate),
            ),
            (
                "fatal: unable to access 'https://h/x/': The requested URL returned error: 400",
                Some(Cause::Unreachable),
            ),
            (
                "fatal: unable to access 'https://h/x/': The requested URL returned error: 503",
                None,
            ),
            (
                "fatal: unable to access 'https://h/x/': The requested URL returned error: 429",
                None,
            ),
            (
                "fatal: unable to access 'https://h/x/': Could not resolve host: h",
                None,
            ),
            ("fatal: the remote end hung up unexpectedly", None),
            ("", None),
        ]);
    }
}
