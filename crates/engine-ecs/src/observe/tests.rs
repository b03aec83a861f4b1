//! Observation against a model of ECS and `CloudWatch` Logs that does everything a store may do, under a paused clock, from seeds.

mod behaviour;
mod drive;
mod model;
mod pacing;
mod random;
mod schedules;
