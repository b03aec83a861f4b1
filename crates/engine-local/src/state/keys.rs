//! Idempotency keys: which run a key belongs to. The key itself is not stored, only its digest.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

use protocol::{IdempotencyKey, RunId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{State, StateError, write_whole};

/// SHA-256 of an idempotency key: a file name that a key cannot choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct KeyDigest(String);

impl KeyDigest {
    pub(crate) fn of(key: &IdempotencyKey) -> Self {
        Self(hex::encode(Sha256::digest(String::from(key.clone()))))
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom a key belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claim {
    /// The run that has the key, or is about to.
    pub(crate) run: RunId,
    /// The request that the run was made for.
    pub(crate) request_digest: String,
}

impl State {
    /// Whom the key belongs to, if to anybody.
    pub(crate) fn claim(&self, key: &KeyDigest) -> Result<Option<Claim>, StateError> {
        let path = self.key_file(key);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| StateError::Damaged { path, source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StateError::io("read", &path)(source)),
        }
    }

    /// Gives a free key to a run. Needs the launch lock, so that nobody else finds it free.
    pub(crate) fn give(&self, key: &KeyDigest, claim: &Claim) -> Result<(), StateError> {
        let path = self.key_file(key);
        let bytes = serde_json::to_vec(claim).map_err(|source| StateError::Damaged {
            path: path.clone(),
            source,
        })?;
        write_whole(&path, &bytes)
    }

    /// Frees a key.
    pub(crate) fn free(&self, key: &KeyDigest) -> Result<(), StateError> {
        let path = self.key_file(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(StateError::io("remove", &path)),
        }
    }

    fn key_file(&self, key: &KeyDigest) -> PathBuf {
        self.keys().join(&key.0)
    }
}
