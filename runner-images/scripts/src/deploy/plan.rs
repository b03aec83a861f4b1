//! Plans as things of their own: their summary, and plans that are kept until somebody has looked at them.
//!
//! Responsible for a saved plan being applied as it was made or not at all. Never runs a tool.

pub mod keeper;
pub mod key;
pub mod sealed;
pub mod store;
pub mod summary;
pub mod units;
