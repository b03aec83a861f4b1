# One apply: the gate as a function, a cluster for its runs, and roles that can do what they are for.
#
# What may run is read from the package and written nowhere else. Attaches no policy to a task role: what a job may do is the caller's to say.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  # Version 5 of the provider says `name`, version 6 says `region`; both say `id`.
  region = data.aws_region.current.id

  containers = module.allow_list.containers
  tags       = merge({ "deploy-runner" = var.name }, var.tags)
}

module "allow_list" {
  source = "./allow-list"

  manifest            = var.package
  images              = var.images
  allow_images_by_tag = var.allow_images_by_tag
  settings            = var.containers
  setting_names       = { for name, settings in var.containers : name => keys(settings) }
  has_ec2             = var.ec2_capacity_provider != null
  has_isolation       = length(var.isolated_security_group_ids) > 0 || var.vpc_endpoints != null
}

locals {
  # Lambda takes 4 KB of variables in all. A revision is known only when it has been made, so seven digits are kept for it, and room for
  # everything else that the function is told.
  environment_room = 4096 - 1400
  environment_size = length(jsonencode(jsonencode({ for name, family in local.families : name => "${family}:0000000" })))
  environment_problems = local.environment_size <= local.environment_room ? [] : [
    "containers: their names make ${local.environment_size} characters of the function's environment, and Lambda has room for ${local.environment_room}: choose a shorter `name` or shorter names of containers, or make two deploy runners"
  ]

  problems = concat(module.allow_list.problems, local.environment_problems)
}

# Stops a plan that would make something else than what was packaged.
resource "terraform_data" "allow_list" {
  input = module.allow_list.digest

  lifecycle {
    precondition {
      condition     = length(local.problems) == 0
      error_message = join("\n", local.problems)
    }

    precondition {
      condition     = length(module.allow_list.image_problems) == 0
      error_message = join("\n", module.allow_list.image_problems)
    }
  }
}
