//! Other systems have no sandbox, and without one nothing runs.

use super::LocalError;
use crate::args::{CommonArgs, LocalArgs};
use crate::runs::RunLine;
use crate::transport::{Patience, Transport, TransportError};

/// There is none.
#[derive(Debug)]
pub(crate) enum Gate {}

impl Transport for Gate {
    async fn send(&self, _: &protocol::Message) -> Result<protocol::Reply, TransportError> {
        match *self {}
    }

    fn patience(&self) -> Patience {
        match *self {}
    }

    fn unknown_run(&self, _: protocol::RunId) -> String {
        match *self {}
    }
}

/// There is none.
pub(crate) fn gate(_: &CommonArgs, _: &LocalArgs) -> Result<Gate, LocalError> {
    Err(LocalError::NotHere)
}

/// There is none.
pub(crate) fn watching(_: &CommonArgs) -> Result<Gate, LocalError> {
    Err(LocalError::NotHere)
}

/// There are none.
pub(crate) fn list(_: &CommonArgs) -> Result<Vec<RunLine>, LocalError> {
    Err(LocalError::NotHere)
}
