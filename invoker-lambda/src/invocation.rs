//! One invocation: the bytes of its event as they came, and the moment by which it must be answered.
//!
//! `lambda_runtime` reads every event as JSON before its handler sees it. A second reading is a second opinion, and an event that it
//! cannot read would never be recorded. So a layer takes the bytes out before that, and nothing but the invoker reads them.

use std::task::{self, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use engine::Engine;
use invoker::{AuditLog, Invoker};
use lambda_runtime::tower::Layer;
use lambda_runtime::{Error, LambdaInvocation, Service};
use protocol::Response;
use serde::{Deserialize, Deserializer};
use tokio::task::futures::TaskLocalFuture;
use tokio::time::Instant;

/// What is kept of Lambda's time for writing the answer and its audit line.
const RESERVE: Duration = Duration::from_millis(500);

tokio::task_local! {
    static CURRENT: Invocation;
}

/// What is known of the invocation that is being served.
#[derive(Debug, Clone)]
pub struct Invocation {
    event: Bytes,
    answer_by: Instant,
}

impl Invocation {
    fn new(event: Bytes, deadline_ms: u64) -> Self {
        let deadline = UNIX_EPOCH + Duration::from_millis(deadline_ms);
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        Self {
            event,
            answer_by: Instant::now() + left.saturating_sub(RESERVE),
        }
    }
}

/// When the invocation that is being served must be answered; absent outside of one.
pub(crate) fn answer_by() -> Option<Instant> {
    CURRENT.try_with(|invocation| invocation.answer_by).ok()
}

/// Answers the invocation that is being served. Everything but a bug of this program is an answer.
pub async fn answer<E: Engine, A: AuditLog>(invoker: &Invoker<E, A>) -> Result<Response, Error> {
    let event = CURRENT.try_with(|invocation| invocation.event.clone())?;
    Ok(invoker.handle(&event).await)
}

/// Stands where `lambda_runtime` wants a type to read an event into, and reads nothing.
#[derive(Debug, Clone, Copy)]
pub struct Unread;

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

/// Keeps the bytes of each event for [`answer`].
#[derive(Debug, Clone, Copy)]
pub struct Verbatim;

/// What [`Verbatim`] makes of the services below it.
#[derive(Debug, Clone)]
pub struct VerbatimService<S>(S);

impl<S> Layer<S> for Verbatim {
    type Service = VerbatimService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        VerbatimService(inner)
    }
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for VerbatimService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = InInvocation<S::Future>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let event = std::mem::take(&mut invocation.body);
        let current = Invocation::new(event, invocation.context.deadline);
        CURRENT.scope(current, self.0.call(invocation))
    }
}

/// A future that knows the invocation it belongs to.
pub type InInvocation<F> = TaskLocalFuture<Invocation, F>;

#[cfg(test)]
mod tests;
