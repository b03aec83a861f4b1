variable "invoker_alias_arn" {
  description = "The alias that CI may invoke: output `invoker_alias_arn` of the module `deploy-runner`."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+:[A-Za-z][A-Za-z0-9_-]*$", var.invoker_alias_arn))
    error_message = "`invoker_alias_arn`: expected the ARN of an alias, `arn:aws:lambda:REGION:ACCOUNT:function:NAME:ALIAS`: without the alias, old versions of the gate could be called too"
  }
}

variable "role_name" {
  description = "Name of the role to make for CI. Without it only the policy document is made, for a role or user that you have."
  type        = string
  default     = null

  validation {
    condition     = var.role_name == null ? true : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.role_name))
    error_message = "`role_name`: expected at most 64 letters, digits and `+=,.@_-`"
  }
}

variable "github" {
  description = <<-EOT
    Jobs of GitHub Actions that may take the role, one entry for each repository:
    - `repository`: `OWNER/NAME`.
    - `owner_id`, `repository_id`: numeric ids. Repositories that were created, renamed or transferred after 15 July 2026 have them in their subject:
      `gh api repos/OWNER/NAME/actions/oidc/customization/sub` tells. With them, nobody who takes the name later can take the role.
    - `refs`: full names of branches and tags, such as `refs/heads/main`. `environments`: names. `pull_requests`: jobs of any pull request, reviewed or not.
  EOT
  type = list(object({
    repository    = string
    owner_id      = optional(number)
    repository_id = optional(number)
    refs          = optional(list(string), [])
    environments  = optional(list(string), [])
    pull_requests = optional(bool, false)
  }))
  default = []

  validation {
    condition     = alltrue([for entry in var.github : can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", entry.repository))])
    error_message = "`github`: `repository` must be `OWNER/NAME`, without a wildcard"
  }

  validation {
    condition     = alltrue([for entry in var.github : (entry.owner_id == null) == (entry.repository_id == null)])
    error_message = "`github`: give both `owner_id` and `repository_id`, or neither: a subject has both or none"
  }

  validation {
    condition     = alltrue(flatten([for entry in var.github : [for ref in entry.refs : can(regex("^refs/(heads|tags)/[^*?]+$", ref))]]))
    error_message = "`github`: each of `refs` must be a full name such as `refs/heads/main`, without a wildcard"
  }

  validation {
    condition     = alltrue(flatten([for entry in var.github : [for name in entry.environments : can(regex("^[^*?:]+$", name))]]))
    error_message = "`github`: each of `environments` must be a name, without a wildcard or a colon"
  }

  validation {
    condition     = alltrue([for entry in var.github : length(entry.refs) + length(entry.environments) > 0 || entry.pull_requests])
    error_message = "`github`: say which jobs of a repository: `refs`, `environments` or `pull_requests`"
  }
}

variable "gitlab" {
  description = <<-EOT
    Jobs of GitLab CI that may take the role, one entry for each project: `project_path`, and full names of its `branches` and `tags`.
    Protect those: whoever may push to them may take the role.
  EOT
  type = list(object({
    project_path = string
    branches     = optional(list(string), [])
    tags         = optional(list(string), [])
  }))
  default = []

  validation {
    condition     = alltrue([for entry in var.gitlab : can(regex("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$", entry.project_path))])
    error_message = "`gitlab`: `project_path` must be `GROUP/PROJECT`, without a wildcard"
  }

  validation {
    condition     = alltrue(flatten([for entry in var.gitlab : [for name in concat(entry.branches, entry.tags) : can(regex("^[^*?:]+$", name)) && !startswith(name, "refs/")]]))
    error_message = "`gitlab`: branches and tags must be names such as `main`, without `refs/`, a wildcard or a colon"
  }

  validation {
    condition     = alltrue([for entry in var.gitlab : length(entry.branches) + length(entry.tags) > 0])
    error_message = "`gitlab`: say which jobs of a project: `branches` or `tags`"
  }
}

variable "gitlab_host" {
  description = "Host of your GitLab."
  type        = string
  default     = "gitlab.com"

  validation {
    condition     = can(regex("^[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._/-]+)?$", var.gitlab_host))
    error_message = "`gitlab_host`: expected a host such as `gitlab.example.com`, without `https://`"
  }
}

variable "gitlab_audience" {
  description = "Audience of the ids that jobs ask for (`id_tokens: … aud:`)."
  type        = string
  default     = "sts.amazonaws.com"
}

variable "circleci" {
  description = "Projects of CircleCI that may take the role: the organization's id and the projects' ids. A project is as fine as the subject is: every job of it may."
  type = object({
    organization_id = string
    project_ids     = list(string)
  })
  default = null

  validation {
    condition     = var.circleci == null ? true : alltrue([for id in concat([var.circleci.organization_id], var.circleci.project_ids) : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "`circleci`: expected ids such as `00000000-0000-0000-0000-000000000000`"
  }

  validation {
    condition     = var.circleci == null ? true : length(var.circleci.project_ids) > 0
    error_message = "`circleci`: say which projects: `project_ids`"
  }
}

variable "make_identity_provider" {
  description = "Make the identity providers in IAM too. An account has each only once: leave it out where there is one already."
  type        = bool
  default     = false
}

variable "max_session_seconds" {
  description = "How long the credentials of a job last at most. They are needed for as long as the CLI watches a run."
  type        = number
  default     = 7200

  validation {
    condition     = var.max_session_seconds >= 3600 && var.max_session_seconds <= 43200
    error_message = "`max_session_seconds`: expected 3600 to 43200"
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the role."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of what is made."
  type        = map(string)
  default     = {}
}
