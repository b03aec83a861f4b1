# What jobs print, and the record of decisions.

locals {
  job_log_group   = "/${var.name}/jobs"
  audit_log_group = "/aws/lambda/${local.function_name}"
  stream_prefix   = "deploy-runner"
  log_group_arns  = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group"
}

resource "aws_cloudwatch_log_group" "jobs" {
  # checkov:skip=CKV_AWS_338:What jobs print is kept for as long as somebody reads old deployments; the record of decisions below is kept for longer than a year.
  name              = local.job_log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = local.tags
}

resource "aws_cloudwatch_log_group" "audit" {
  name              = local.audit_log_group
  retention_in_days = var.audit_log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = local.tags
}
