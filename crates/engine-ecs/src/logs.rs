//! Reads the log streams of runs from `CloudWatch` Logs: pages forward, several runs at once, and again where something is missing.
//!
//! Never decides when to read (see `pace`) or that a run is over. A late entry, an entry that comes twice and a lost answer are normal here.

mod client;
mod follow;
mod ledger;
mod memory;
mod repair;
mod room;
mod take;
mod together;

pub(crate) use client::{LogClient, LogError};
pub(crate) use follow::{Reach, follow};
#[cfg(test)]
pub(crate) use memory::{Closing, Sweep};
pub(crate) use memory::{LogReading, is_default};
pub(crate) use repair::{Missing, plan, sweep};
pub(crate) use room::Room;
pub(crate) use together::read_together;

use crate::clock::Millis;
use protocol::{OutputForm, RunId};

/// One entry of a log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it was written, by the clock of the host that wrote it.
    pub(crate) at: Millis,
    /// How long after that it reached the store, in milliseconds.
    pub(crate) held: Millis,
    /// One line.
    pub(crate) text: String,
}

/// The log of one run, while one call reads it.
#[derive(Debug)]
pub(crate) struct RunLog<'a> {
    pub(crate) run: RunId,
    pub(crate) output: OutputForm,
    pub(crate) place: &'a mut LogReading,
    /// New entries, for the answer.
    pub(crate) entries: &'a mut Vec<String>,
}
