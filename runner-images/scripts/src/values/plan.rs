//! Saved plans: their names, and how long they live.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::ValueError;

const DIGEST_CHARACTERS: usize = 64;
const MOST_MINUTES: u64 = 7 * 24 * 60;

/// The SHA-256 of a saved plan as it is kept. Safe as the name of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanDigest(String);

impl PlanDigest {
    /// The digest of these bytes.
    pub fn of(digest: &[u8; 32]) -> Self {
        Self(hex::encode(digest))
    }

    /// What the plan is called in its store.
    pub fn file_name(&self) -> String {
        format!("{}.plan", self.0)
    }

    /// The digest in hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlanDigest {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == DIGEST_CHARACTERS && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::PlanDigest(text.to_owned()))
        }
    }
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How long a saved plan may be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanLifetime(Duration);

impl PlanLifetime {
    /// The time itself.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl Default for PlanLifetime {
    fn default() -> Self {
        Self(Duration::from_hours(24))
    }
}

impl FromStr for PlanLifetime {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let minutes_per_unit = match text.as_bytes().last() {
            Some(b'm') => 1,
            Some(b'h') => 60,
            Some(_) | None => 0,
        };
        let number = text.strip_suffix(['m', 'h']).unwrap_or_default();
        let plain = (1..=5).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        let minutes = number.parse::<u64>().unwrap_or_default() * minutes_per_unit;
        if plain && (1..=MOST_MINUTES).contains(&minutes) {
            Ok(Self(Duration::from_mins(minutes)))
        } else {
            Err(ValueError::PlanLifetime(text.to_owned()))
        }
    }
}
