//! The key of saved plans.
//!
//! Whoever holds it can make plans that `apply` believes. Responsible for it never being shown, and for being long enough.

use std::env;
use std::fmt;

use chacha20poly1305::Key;
use sha2::{Digest as _, Sha256};

const VARIABLE: &str = "PLAN_KEY";
/// Shorter secrets can be guessed by whoever holds a saved plan.
const LEAST_CHARACTERS: usize = 32;

/// The declared key cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanKeyError {
    /// Nobody declared one.
    #[error("saved plans need a key: declare the secret PLAN_KEY for this container in the allow-list")]
    Absent,
    /// Too short.
    #[error(
        "the secret PLAN_KEY has less than {LEAST_CHARACTERS} characters: use a random one, such as 64 hexadecimal digits"
    )]
    Short,
}

/// The key.
#[derive(Clone)]
pub struct PlanKey(Key);

impl PlanKey {
    /// The declared `PLAN_KEY`, if there is one.
    pub fn from_environment() -> Result<Option<Self>, PlanKeyError> {
        match env::var(VARIABLE) {
            Ok(text) if !text.is_empty() => Self::of(&text).map(Some),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// The key that belongs to a random secret.
    pub fn of(secret: &str) -> Result<Self, PlanKeyError> {
        if secret.chars().count() < LEAST_CHARACTERS {
            return Err(PlanKeyError::Short);
        }
        let digest = Sha256::new()
            .chain_update(b"deploy-runner saved plan 1\0")
            .chain_update(secret)
            .finalize();
        Ok(Self(Key::from(<[u8; 32]>::from(digest))))
    }

    pub(super) const fn bytes(&self) -> &Key {
        &self.0
    }
}

impl fmt::Debug for PlanKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlanKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_key_is_refused_and_a_key_is_never_shown() {
        assert_eq!(PlanKey::of(&"x".repeat(31)).unwrap_err(), PlanKeyError::Short);
        let key = PlanKey::of(&"hunter2-".repeat(4)).unwrap();
        assert_eq!(format!("{key:?}"), "PlanKey(…)");
    }
}
