//! The time of day as an argument. Never measures how long something took: that is `tokio::time`.

use std::sync::Arc;

use jiff::Timestamp;

/// Answers the time of day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of the machine.
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// Milliseconds since 1970.
pub(crate) type Millis = i64;

/// The year 9999, in milliseconds: times beyond it are nobody's.
const MAX_MILLIS: Millis = 253_402_300_799_999;

/// Whether a number that comes from outside can be a time.
pub(crate) fn is_a_time(millis: Millis) -> bool {
    (0..=MAX_MILLIS).contains(&millis)
}
