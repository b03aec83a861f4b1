//! Runs permits as ECS tasks, and reads their logs from `CloudWatch` Logs.
//!
//! Responsible for: one `RunTask` under the call's key, reading tasks and logs, `StopTask`, and what ECS's facts say about how a run ended.
//! Never: decides whether something may run, and never sees the value of a variable or of a secret: both are in the task definition.
//!
//! # What this crate asks of AWS
//!
//! | Action | On | Why |
//! |---|---|---|
//! | `ecs:RunTask` | the task definitions of the settings (`task-definition/FAMILY:REVISION`), condition `ecs:cluster` | launch |
//! | `ecs:TagResource` | `task/CLUSTER/*`, condition `ecs:CreateAction` = `RunTask` | the tags of a launch |
//! | `iam:PassRole` | the task roles and execution roles of these task definitions, condition `iam:PassedToService` = `ecs-tasks.amazonaws.com` | launch |
//! | `ecs:DescribeTasks` | `task/CLUSTER/*` | observe, stop, a key that was used before |
//! | `ecs:ListTasks` | `*`, condition `ecs:cluster` (the action knows only container instances as resources) | how many runs share the quotas, a key that was used before |
//! | `ecs:StopTask` | `task/CLUSTER/*` | stop |
//! | `logs:GetLogEvents` | `log-group:GROUP:log-stream:PREFIX/job/*` | observe one run |
//! | `logs:FilterLogEvents` | `log-group:GROUP:*` | observe many runs |
//!
//! Nothing else: no `ecs:RegisterTaskDefinition`, no `ecs:ExecuteCommand`, no secrets, no IAM beyond the pass.

mod clock;
mod cursor;
mod denied;
#[cfg(feature = "emulated")]
pub mod emulated;
mod ending;
mod engine;
mod https;
#[cfg(feature = "in-process")]
pub mod in_process;
mod launch;
mod logs;
mod marks;
mod observe;
mod overrides;
mod pace;
mod plain;
mod policy;
mod settings;
mod stop;
mod tasks;
#[cfg(test)]
mod testing;
mod trouble;

pub use clock::{Clock, system_clock};
pub use cursor::cursor_reads_back;
pub use ending::Over;
pub use engine::EcsEngine;
pub use observe::Observer;
pub use settings::{LogPlace, LogQuotas, Settings, SettingsError, TaskDefinition, TaskNetwork};
pub use tasks::{ReadError, Task, Tasks};
