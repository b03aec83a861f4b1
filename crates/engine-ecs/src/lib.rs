//! Runs permits as ECS tasks, and reads their logs from CloudWatch Logs.
