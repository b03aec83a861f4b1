//! The whole way in virtual time: the real follower and its Lambda transport, the real gate and ECS engine, and a simulated AWS.
//!
//! Responsible for: what only shows over many runs, many faults and long times. Nothing but AWS, the clock and the random source of the
//! SDK's pauses is replaced. Every test here gives the same result each time.

#![expect(
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "a measurement shows its figures; none of them comes near the limits of a float"
)]

mod caller;
mod cost;
mod delay;
mod fleet;
mod ground;
mod judge;
mod once;
mod scale;
