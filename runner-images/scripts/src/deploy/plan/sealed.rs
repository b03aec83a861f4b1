//! A plan with what it was made for, encrypted: nobody without the key can read it, and nobody can change or make one.
//!
//! Responsible for [`Bound`] being compared in full before a plan is given out. Never touches a disk.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::key::PlanKey;
use crate::values::PlanDigest;

const MAGIC: &[u8] = b"deploy-runner saved plan 1\n";
const NONCE_BYTES: usize = 24;
/// The parts are told apart by the length of the first.
const LENGTH_BYTES: usize = 4;

/// What a plan was made for. It may be applied for exactly this and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The repository's address.
    pub repository: String,
    /// The commit.
    pub commit: String,
    /// The directory, links resolved.
    pub directory: String,
    /// Terraform's workspace.
    pub workspace: String,
    /// The program and its version.
    pub tool: String,
    /// The settings of the state backend, in order.
    pub backend: Vec<String>,
}

/// Why a plan is not applied.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RefusedPlan {
    /// The bytes are not those that were saved.
    #[error("the plan `{0}` was tampered with: its content is not what was saved; plan again")]
    Altered(PlanDigest),
    /// Another key, or made by somebody without it.
    #[error(
        "the plan `{0}` cannot be opened with this PLAN_KEY: it was saved with another key, or not by deploy-runner; plan again"
    )]
    Unopened(PlanDigest),
    /// Too old.
    #[error("the plan `{digest}` has expired {ago} ago: plan again")]
    Expired {
        /// The plan.
        digest: PlanDigest,
        /// How long ago.
        ago: Age,
    },
    /// Made for something else.
    #[error("the plan `{digest}` was made for {what} `{made_for}`, not for `{asked_for}`: plan again for that")]
    Other {
        /// The plan.
        digest: PlanDigest,
        /// What differs.
        what: &'static str,
        /// What it was made for.
        made_for: String,
        /// What is to be deployed.
        asked_for: String,
    },
}

/// A time that is told in whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age(Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() / 60 {
            minutes if minutes >= 120 => write!(f, "{} hours", minutes / 60),
            minutes => write!(f, "{minutes} minutes"),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    bound: Bound,
    expires_at: u64,
}

/// It could not be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// More than the cipher takes, or not to be put into words.
    #[error("the plan cannot be encrypted: it is too large")]
    TooLarge,
}

/// Encrypts a plan for what it was made for, and names the result by its digest.
pub fn seal(plan: &[u8], bound: Bound, expires: SystemTime, key: &PlanKey) -> Result<(PlanDigest, Vec<u8>), SealError> {
    let head = Head {
        bound,
        expires_at: seconds(expires),
    };
    let head = serde_json::to_vec(&head).map_err(|_why| SealError::TooLarge)?;
    let length = u32::try_from(head.len()).map_err(|_why| SealError::TooLarge)?;
    let message = [length.to_be_bytes().as_slice(), &head, plan].concat();
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce)?;
    let payload = Payload {
        msg: &message,
        aad: MAGIC,
    };
    let encrypted = XChaCha20Poly1305::new(key.bytes())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_why| SealError::TooLarge)?;
    let sealed = [MAGIC, &nonce, &encrypted].concat();
    Ok((digest_of(&sealed), sealed))
}

/// Gives the plan out if it is the one of this digest, made with this key, for exactly this, and not expired.
pub fn open(
    sealed: &[u8],
    digest: &PlanDigest,
    asked: &Bound,
    now: SystemTime,
    key: &PlanKey,
) -> Result<Vec<u8>, RefusedPlan> {
    if digest_of(sealed) != *digest {
        return Err(RefusedPlan::Altered(digest.clone()));
    }
    let (head, plan) = decrypt(sealed, key).ok_or_else(|| RefusedPlan::Unopened(digest.clone()))?;
    compare(&head.bound, asked, digest)?;
    let late = seconds(now).saturating_sub(head.expires_at);
    if seconds(now) >= head.expires_at {
        return Err(RefusedPlan::Expired {
            digest: digest.clone(),
            ago: Age(Duration::from_secs(late)),
        });
    }
    Ok(plan)
}

fn decrypt(sealed: &[u8], key: &PlanKey) -> Option<(Head, Vec<u8>)> {
    let (nonce, encrypted) = sealed.strip_prefix(MAGIC)?.split_first_chunk::<NONCE_BYTES>()?;
    let payload = Payload {
        msg: encrypted,
        aad: MAGIC,
    };
    let message = XChaCha20Poly1305::new(key.bytes())
        .decrypt(&XNonce::from(*nonce), payload)
        .ok()?;
    let (length, rest) = message.split_first_chunk::<LENGTH_BYTES>()?;
    let (head, plan) = rest.split_at_checked(u32::from_be_bytes(*length).try_into().ok()?)?;
    Some((serde_json::from_slice(head).ok()?, plan.to_vec()))
}

fn compare(made: &Bound, asked: &Bound, digest: &PlanDigest) -> Result<(), RefusedPlan> {
    let backend = |bound: &Bound| bound.backend.join(" ");
    let pairs = [
        ("the repository", made.repository.clone(), asked.repository.clone()),
        ("the commit", made.commit.clone(), asked.commit.clone()),
        ("the directory", made.directory.clone(), asked.directory.clone()),
        ("the workspace", made.workspace.clone(), asked.workspace.clone()),
        ("the tool", made.tool.clone(), asked.tool.clone()),
        ("the backend settings", backend(made), backend(asked)),
    ];
    match pairs.into_iter().find(|(_, made, asked)| made != asked) {
        None => Ok(()),
        Some((what, made_for, asked_for)) => Err(RefusedPlan::Other {
            digest: digest.clone(),
            what,
            made_for,
            asked_for,
        }),
    }
}

fn digest_of(sealed: &[u8]) -> PlanDigest {
    PlanDigest::of(&Sha256::digest(sealed).into())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
