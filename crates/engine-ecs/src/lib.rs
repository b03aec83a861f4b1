//! Runs permits as ECS tasks, and reads their logs from `CloudWatch` Logs.

mod clock;
mod denied;
mod ending;
#[cfg(feature = "in-process")]
pub mod in_process;
mod launch;
mod plain;
mod settings;
mod tasks;
#[cfg(test)]
mod testing;
mod trouble;

pub use clock::{Clock, system_clock};
pub use ending::Over;
pub use settings::{LogPlace, LogQuotas, Settings, SettingsError, TaskDefinition, TaskNetwork};
pub use tasks::{ReadError, Task, Tasks};
