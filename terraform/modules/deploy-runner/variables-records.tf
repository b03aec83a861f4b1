# What is kept, with which key, and who is told.

variable "log_retention_days" {
  description = "Days that the output of jobs is kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "`log_retention_days`: CloudWatch has 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653"
  }
}

variable "audit_log_retention_days" {
  description = "Days that the function's log is kept, which is the record of every decision."
  type        = number
  default     = 400

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.audit_log_retention_days)
    error_message = "`audit_log_retention_days`: CloudWatch has 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653"
  }
}

variable "log_kms_key_arn" {
  description = "KMS key of both log groups. Its policy must let CloudWatch Logs of this Region use it. Without: CloudWatch's own encryption."
  type        = string
  default     = null

  validation {
    condition     = var.log_kms_key_arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/", var.log_kms_key_arn))
    error_message = "`log_kms_key_arn`: expected the ARN of a key (`arn:aws:kms:…:key/…`), not of an alias"
  }
}

variable "secret_kms_key_arns" {
  description = "KMS keys of your own that the declared secrets are encrypted with."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.secret_kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/", arn))])
    error_message = "`secret_kms_key_arns`: expected ARNs of keys (`arn:aws:kms:…:key/…`), not of aliases: a policy on an alias allows nothing"
  }
}

variable "container_insights" {
  description = "CloudWatch Container Insights of the cluster, which costs by the metric."
  type        = string
  default     = "disabled"

  validation {
    condition     = contains(["disabled", "enabled", "enhanced"], var.container_insights)
    error_message = "`container_insights`: expected `disabled`, `enabled` or `enhanced`"
  }
}

variable "alarms" {
  description = <<-EOT
    Who is told about tasks that failed and about denials. Without: nobody.
    - `topic_arn`: SNS topic, whose policy must let `events.amazonaws.com` and `cloudwatch.amazonaws.com` publish.
    - `denials`: denials within five minutes that raise the alarm.
  EOT
  type = object({
    topic_arn = string
    denials   = optional(number, 5)
  })
  default = null

  validation {
    condition     = var.alarms == null ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.alarms.topic_arn))
    error_message = "`alarms`: `topic_arn` must be the ARN of an SNS topic"
  }

  validation {
    condition     = var.alarms == null ? true : var.alarms.denials >= 1
    error_message = "`alarms`: `denials` must be 1 or more"
  }
}
