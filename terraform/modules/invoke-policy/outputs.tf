output "policy_json" {
  description = "The policy: one action on one alias."
  value       = jsonencode(local.policy)
}

output "trust_policy_json" {
  description = "Who may take the role."
  value       = jsonencode(local.trust_policy)
}

output "role_arn" {
  description = "The role, if one was made: what a CI job assumes."
  value       = one(aws_iam_role.ci[*].arn)
}
