//! ECS, CloudWatch Logs and Lambda in one process, with faults, from a seed: for tests.
