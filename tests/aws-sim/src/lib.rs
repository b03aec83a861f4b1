//! ECS, `CloudWatch` Logs and Lambda in one process, with faults, from a seed: for tests.
//!
//! Responsible for: answering the requests of the AWS SDK as the services do (shapes, errors, idempotency, tokens, quotas), letting faults
//! strike, and remembering both every request and the truth. It runs under tokio's clock, which a test may pause, and is deterministic:
//! the same seed and the same requests give the same answers at the same moments.
//! Never: uses an SDK crate, runs a real program, or is part of the product.

mod ecs;
mod faults;
mod lambda;
mod life;
mod logs;
#[cfg(feature = "server")]
mod pages;
mod program;
mod quota;
mod random;
mod record;
mod reply;
mod route;
#[cfg(feature = "server")]
mod server;
mod sim;
mod truth;
mod world;

pub use faults::{Faults, Quotas, Timing};
pub use lambda::{Function, FunctionError, Init, Instance, Invocation};
pub use life::Fate;
#[cfg(feature = "server")]
pub use pages::{Pages, RUN};
pub use random::Draw;
pub use record::{Outcome, Request, Service};
pub use reply::Break;
#[cfg(feature = "server")]
pub use server::serve;
pub use sim::Sim;
pub use truth::{Line, TaskTruth};
pub use world::{ACCOUNT, EntryPoint, REGION, TaskDefinition, World};
