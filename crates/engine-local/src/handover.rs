//! What a launcher and a run's supervisor say to each other. Neither writes any of it to a disk.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a supervisor is told through its pipe. Printing it shows no value.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {
    secrets: BTreeMap<String, String>,
}

impl Payload {
    pub(crate) const fn new(secrets: BTreeMap<String, String>) -> Self {
        Self { secrets }
    }

    pub(crate) fn into_secrets(self) -> BTreeMap<String, String> {
        self.secrets
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.secrets.keys()).finish()
    }
}

/// What a supervisor answers, in one line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Ack {
    /// The run is supervised, whatever becomes of it.
    Supervised { notices: Vec<String> },
    /// Nothing has run, and nothing will.
    Refused { reason: String },
}
