//! The commands that talk to a gate.

pub(crate) mod ask;
pub(crate) mod run;

use std::future::Future;

use crate::origin;
use crate::say::variable;

/// Where this call comes from.
fn origin() -> protocol::Origin {
    origin::detect(variable)
}

/// Runs a future to its end on this thread. What it leaves behind, such as a launch that we did not wait for, is not waited for.
fn block_on<T>(future: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(done)
}
