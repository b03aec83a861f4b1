output "invoker_alias_arn" {
  description = "What CI may invoke, for the module `invoke-policy`, and what `--invoker-function-id` takes."
  value       = aws_lambda_alias.live.arn
}

output "invoker_function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.invoker.function_name
}

output "invoker_role_arn" {
  description = "Role of the function."
  value       = aws_iam_role.invoker.arn
}

output "task_roles" {
  description = "Role of the jobs of each container, by the container's name: `name`, to attach policies to, and `arn`."
  value       = { for name, role in aws_iam_role.task : name => { name = role.name, arn = role.arn } }
}

output "execution_roles" {
  description = "Role that starts the tasks of each container, by the container's name."
  value       = { for name, role in aws_iam_role.execution : name => { name = role.name, arn = role.arn } }
}

output "cluster_arn" {
  description = "The ECS cluster."
  value       = aws_ecs_cluster.this.arn
}

output "task_definitions" {
  description = "Pinned task definition of each container, as `family:revision`."
  value       = local.pinned
}

output "security_group_id" {
  description = "Security group of the tasks, for databases and the like to let in."
  value       = aws_security_group.tasks.id
}

output "job_log_group" {
  description = "Log group of the jobs."
  value       = aws_cloudwatch_log_group.jobs.name
}

output "audit_log_group" {
  description = "Log group of the function: every decision, denials included."
  value       = aws_cloudwatch_log_group.audit.name
}

output "allow_list_digest" {
  description = "Digest of the allow-list that is enforced, as in every audit record."
  value       = module.allow_list.digest
}
