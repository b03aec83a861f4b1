//! Where the gate is: on this machine, or in AWS. Never: decides anything else.

use protocol::{Message, Reply, RunId};

use crate::args::{CommonArgs, LocalArgs};
use crate::check::Checked;
use crate::local::{self, LocalError};
use crate::transport::lambda::setup::{self, SetupError};
use crate::transport::{LambdaTransport, Patience, Transport, TransportError};

/// The gate of a command line.
#[derive(Debug)]
pub(crate) enum Gate {
    /// In this process, with the engines of this machine.
    Local(Box<local::Gate>),
    /// A Lambda function.
    Lambda(LambdaTransport),
}

/// Why there is no gate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GateError {
    /// Not on this machine.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// Not in AWS.
    #[error(transparent)]
    Lambda(#[from] SetupError),
}

impl GateError {
    /// The allow-list whose errors are to be shown.
    pub(crate) fn broken(&self) -> Option<&Checked> {
        match self {
            Self::Local(error) => error.broken(),
            Self::Lambda(_) => None,
        }
    }
}

impl Gate {
    /// The gate for requests.
    pub(crate) async fn deciding(common: &CommonArgs, local: &LocalArgs) -> Result<Self, GateError> {
        if common.local {
            Ok(Self::Local(Box::new(local::gate(common, local)?)))
        } else {
            Ok(Self::Lambda(lambda(common).await?))
        }
    }

    /// The gate for watching and stopping runs that exist.
    pub(crate) async fn watching(common: &CommonArgs) -> Result<Self, GateError> {
        if common.local {
            Ok(Self::Local(Box::new(local::watching(common)?)))
        } else {
            Ok(Self::Lambda(lambda(common).await?))
        }
    }
}

async fn lambda(common: &CommonArgs) -> Result<LambdaTransport, SetupError> {
    let function = setup::function(&common.invoker_function_id)?;
    let settings = setup::settings(common.aws_region.as_deref(), &function).await?;
    Ok(LambdaTransport::new(&settings, function))
}

impl Transport for Gate {
    async fn send(&self, message: &Message) -> Result<Reply, TransportError> {
        match self {
            Self::Local(gate) => gate.send(message).await,
            Self::Lambda(gate) => gate.send(message).await,
        }
    }

    fn patience(&self) -> Patience {
        match self {
            Self::Local(gate) => gate.patience(),
            Self::Lambda(gate) => gate.patience(),
        }
    }

    fn unknown_run(&self, run: RunId) -> String {
        match self {
            Self::Local(gate) => gate.unknown_run(run),
            Self::Lambda(gate) => gate.unknown_run(run),
        }
    }
}
