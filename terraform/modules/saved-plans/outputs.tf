output "plan_store" {
  description = "What the allow-list fixes as `--plan-store`."
  value       = "s3://${var.bucket}"
}

output "bucket_arn" {
  description = "The bucket."
  value       = local.bucket_arn
}
