//! The words that the parts of deploy-runner use to talk to each other.
//!
//! Responsible for: the wire protocol (JSON, versioned), run ids, phases, endings, exit codes and the log frame format.
//! Never: performs I/O, reads a clock or makes random numbers; those come in as arguments.

mod catalogue;
mod denial;
mod ending;
mod exit_code;
pub mod frame;
mod handover;
mod ids;
mod message;
mod request;
mod response;
mod size;

pub use catalogue::{Catalogue, ContainerEntry, OptionEntry, PositionalEntry, ScriptEntry};
pub use denial::{Denial, Problem, ProblemKind};
pub use ending::{Ending, Phase, Timings};
pub use exit_code::ExitCode;
pub use handover::{MAX_SECRETS_BYTES, SECRETS_ON_STDIN, SECRETS_VARIABLE};
pub use ids::{Cursor, IdError, IdempotencyKey, RunId};
pub use message::{
    Action, DecodeError, DescribeMessage, ExplainMessage, MAX_MESSAGE_BYTES, Message, ObserveMessage, ObserveRun,
    PROTOCOL_VERSION, RunMessage, StopMessage,
};
pub use request::{Origin, RunRequest, TaskRequest};
pub use response::{
    ErrorKind, Explanation, Observation, Observed, OutputForm, Reply, Response, Started, StopOutcome, Verdict,
    WordVerdict,
};
pub use size::{LaunchType, TaskSize};
