# The function: the gate.

variable "invoker_alias" {
  description = "Alias that callers invoke. A new package becomes a new version, and the alias moves to it."
  type        = string
  default     = "live"

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_-]{0,127}$", var.invoker_alias))
    error_message = "`invoker_alias`: expected a letter, then letters, digits, dashes and underscores"
  }
}

variable "invoker_memory" {
  description = "Memory of the function in MiB. 128 is enough; more memory is also more processor, and a faster first call."
  type        = number
  default     = 128

  validation {
    condition     = var.invoker_memory >= 128 && var.invoker_memory <= 10240
    error_message = "`invoker_memory`: expected 128 to 10240"
  }
}

variable "invoker_reserved_concurrency" {
  description = "Calls of the function at the same time, taken out of the account's share. -1: whatever the account has left. 0 stops everything."
  type        = number
  default     = -1

  validation {
    condition     = var.invoker_reserved_concurrency >= -1
    error_message = "`invoker_reserved_concurrency`: expected a number of calls, or -1"
  }
}

variable "invoker_environment" {
  description = "More environment variables of the function, for the AWS SDK (`AWS_USE_FIPS_ENDPOINT`, `AWS_ENDPOINT_URL_ECS`, …). No secrets: they can be read by everyone who may see the function."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.invoker_environment) : !startswith(name, "DEPLOY_RUNNER_")])
    error_message = "`invoker_environment`: variables that start with `DEPLOY_RUNNER_` are set by this module"
  }
}

variable "get_log_events_per_second" {
  description = "This account's quota of GetLogEvents in this Region."
  type        = number
  default     = 10

  validation {
    condition     = var.get_log_events_per_second >= 1 && floor(var.get_log_events_per_second) == var.get_log_events_per_second
    error_message = "`get_log_events_per_second`: expected a whole number, 1 or more"
  }
}

variable "filter_log_events_per_second" {
  description = "This account's quota of FilterLogEvents in this Region."
  type        = number
  default     = 5

  validation {
    condition     = var.filter_log_events_per_second >= 1 && floor(var.filter_log_events_per_second) == var.filter_log_events_per_second
    error_message = "`filter_log_events_per_second`: expected a whole number, 1 or more"
  }
}
