//! Pulls an image, unless somebody does not want the run any more.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout};

use crate::containers::{Client, EngineError};
use crate::supervisor::Job;
use crate::supervisor::room::NotInside;
use crate::supervisor::stop::Stop;
use crate::supervisor::watch::TICK;

/// The largest images over the slowest lines.
const PULL_TIMEOUT: Duration = Duration::from_mins(30);

/// Pulls. Nothing runs before it is done.
pub(super) async fn pull(client: &Client, reference: &str, job: &Job, stop: &mut Stop) -> Result<(), NotInside> {
    let failed = |reason: &str| {
        NotInside::Failed(format!(
            "image `{reference}` cannot be pulled: {reason}: {} pulls with the registry credentials that it has by itself; pull the image by hand \
             (`{} pull {reference}`) to see more",
            client.engine,
            client.engine.as_str()
        ))
    };
    let until = Instant::now() + PULL_TIMEOUT;
    let mut steps = client.pull(reference);
    loop {
        match timeout(TICK, steps.next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(Ok(news))) => {
                if let Some(error) = news.error_detail {
                    return Err(failed(
                        error.message.as_deref().unwrap_or("the engine does not say why"),
                    ));
                }
            }
            Ok(Some(Err(error @ EngineError::Unreachable { .. }))) => return Err(NotInside::Failed(error.to_string())),
            Ok(Some(Err(error))) => return Err(failed(&error.to_string())),
            Err(_nothing_new) => {}
        }
        if stop.begins(job)
            && let Some(asked) = stop.asked()
        {
            return Err(NotInside::Asked(asked));
        }
        if Instant::now() >= until {
            return Err(failed(&format!(
                "it took longer than {} minutes",
                PULL_TIMEOUT.as_secs() / 60
            )));
        }
    }
}
