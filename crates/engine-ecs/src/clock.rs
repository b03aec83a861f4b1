//! The time of day as an argument. Never measures how long something took: that is `tokio::time`.

use std::sync::Arc;

use jiff::Timestamp;

/// Answers the time of day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of the machine.
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}
