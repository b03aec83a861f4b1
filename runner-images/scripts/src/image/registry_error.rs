//! What is wrong between us and a registry, as far as the words of skopeo and of the builders tell, and whose it is to mend.
//!
//! Responsible for the exit code and the next step of each cause, and for the words that it is known by.

use std::fmt;

use crate::exit_code::{DECLARATION, INPUT_OUTPUT, NOT_THERE, REFUSED, UNAVAILABLE};
use crate::values::ImageName;

/// A registry cannot be asked, or does not take an image.
#[derive(Debug, thiserror::Error)]
#[error("cannot {access} `{name}`: {reason}; {}", cause.remedy())]
pub struct RegistryError {
    /// What was asked.
    pub access: Access,
    /// The image.
    pub name: ImageName,
    /// What is wrong.
    pub cause: Cause,
    /// The program's own words.
    pub reason: String,
}

/// What was asked of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whether it has an image.
    Ask,
    /// To take one.
    Push,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ask => "ask the registry about",
            Self::Push => "push",
        })
    }
}

/// Why a registry does not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// This machine's disk is full.
    NoSpace,
    /// The tag is there, and the registry's tags do not move.
    ImmutableTag,
    /// The registry has no such repository.
    NoRepository,
    /// Nobody vouches for the registry's certificate.
    Certificate,
    /// The credential is wrong, missing, or may not do it.
    Credential,
    /// The registry cannot be reached, or does not work.
    Unreachable,
}

/// The causes, by what programs and registries say about them; the first that fits counts.
const KNOWN_BY: [(&str, Cause); 14] = [
    ("no space left on device", Cause::NoSpace),
    ("immutable", Cause::ImmutableTag),
    ("cannot be overwritten", Cause::ImmutableTag),
    ("name unknown", Cause::NoRepository),
    ("name_unknown", Cause::NoRepository),
    ("repository name not known", Cause::NoRepository),
    ("x509", Cause::Certificate),
    ("unauthorized", Cause::Credential),
    ("authentication required", Cause::Credential),
    ("no basic auth credentials", Cause::Credential),
    ("invalid username/password", Cause::Credential),
    ("token has expired", Cause::Credential),
    ("denied", Cause::Credential),
    ("forbidden", Cause::Credential),
];

impl Cause {
    /// What a complaint in these words means.
    pub(super) fn of(complaint: &str) -> Self {
        let words = complaint.to_lowercase();
        KNOWN_BY
            .iter()
            .find(|(phrase, _)| words.contains(phrase))
            .map_or(Self::Unreachable, |(_, cause)| *cause)
    }

    /// What the script exits with.
    pub(super) const fn exit_code(self) -> u8 {
        match self {
            Self::NoSpace => INPUT_OUTPUT,
            Self::ImmutableTag => REFUSED,
            Self::NoRepository => NOT_THERE,
            Self::Certificate | Self::Credential => DECLARATION,
            Self::Unreachable => UNAVAILABLE,
        }
    }

    /// What to do.
    const fn remedy(self) -> &'static str {
        match self {
            Self::NoSpace => "free some space, or set TMPDIR to a larger place",
            Self::ImmutableTag => "tags of this repository do not move: give a new one, or ask for `--idempotent`",
            Self::NoRepository => "create the repository in the registry, or correct the name",
            Self::Certificate => "declare who vouches for the registry's certificate, with SSL_CERT_FILE",
            Self::Credential => {
                "declare or correct REGISTRY_USERNAME and REGISTRY_PASSWORD, or REGISTRY_CONFIG_JSON, for one that may do that there"
            }
            Self::Unreachable => "check the name and the container's way to the network",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_registries_say_is_known_by_its_cause() {
        for (complaint, cause) in [
            ("dial tcp 127.0.0.1:9: connect: connection refused", Cause::Unreachable),
            (
                "authenticating creds for \"h\": unauthorized: authentication required",
                Cause::Credential,
            ),
            ("denied: requested access to the resource is denied", Cause::Credential),
            (
                "reading manifest 1 in h/x: denied: Your authorization token has expired. Reauthenticate and try again.",
                Cause::Credential,
            ),
            ("received unexpected HTTP status: 403 Forbidden", Cause::Credential),
            (
                "tag invalid: The image tag '1' already exists in the 'x' repository and cannot be overwritten because the tag is immutable.",
                Cause::ImmutableTag,
            ),
            (
                "name unknown: The repository with name 'x' does not exist in the registry with id '1'",
                Cause::NoRepository,
            ),
            (
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
                Cause::Certificate,
            ),
            (
                "writing blob: storing blob to file \"/t/1\": write /t/1: no space left on device",
                Cause::NoSpace,
            ),
        ] {
            assert_eq!(Cause::of(complaint), cause, "{complaint}");
        }
    }
}
