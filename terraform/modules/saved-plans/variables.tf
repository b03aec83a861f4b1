variable "bucket" {
  description = "Name of the bucket, without dots: the certificate of S3 does not cover them. In the Region of the tasks."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "`bucket`: expected 3 to 63 lower-case letters, digits and dashes that begin and end with a letter or digit"
  }
}

variable "planner_role_names" {
  description = "Task roles of the containers that save plans, by the container's name: `{ terraform-planner = module.deploy_runner.task_roles[\"terraform-planner\"].name }`."
  type        = map(string)
}

variable "applier_role_names" {
  description = "Task roles of the containers that apply saved plans, by the container's name."
  type        = map(string)
}

variable "expire_after_days" {
  description = "When a plan is deleted. `--plan-lifetime` decides how long it may be applied, a week at most. `null` makes no rule."
  type        = number
  default     = 8

  validation {
    condition     = var.expire_after_days == null ? true : var.expire_after_days >= 1 && floor(var.expire_after_days) == var.expire_after_days
    error_message = "`expire_after_days`: expected a whole number of days, 1 or more, or null"
  }
}

variable "force_destroy" {
  description = "Let `terraform destroy` delete the bucket with the plans in it."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of the bucket."
  type        = map(string)
  default     = {}
}
