# Everything: a VPC of its own, the four containers of `config/allow-list.yaml` with a role each, keys, alarms, a role for CI.

provider "aws" {
  region = var.region
}

data "aws_caller_identity" "current" {}

locals {
  name    = "deploy-runner"
  account = data.aws_caller_identity.current.account_id
}

module "deploy_runner" {
  source = "../../modules/deploy-runner"

  name    = local.name
  package = var.package
  images  = { for image, digest in var.image_digests : image => "${aws_ecr_repository.runner[image].repository_url}@${digest}" }

  vpc_id     = aws_vpc.this.id
  subnet_ids = aws_subnet.private[*].id

  containers = {
    # Room for the images that are built. What the builder may do, the allow-list says.
    docker-image-builder = { ephemeral_storage_gib = 50 }
  }

  invoker_reserved_concurrency = 20
  log_kms_key_arn              = aws_kms_key.logs.arn
  alarms                       = { topic_arn = aws_sns_topic.alarms.arn }
  permissions_boundary_arn     = aws_iam_policy.boundary.arn
  tags                         = { owner = "platform" }
}

module "ci" {
  source = "../../modules/invoke-policy"

  invoker_alias_arn      = module.deploy_runner.invoker_alias_arn
  role_name              = "${local.name}-ci"
  github                 = var.github
  make_identity_provider = true
}

# The images of the runners; a tag can never be moved.
resource "aws_ecr_repository" "runner" {
  # checkov:skip=CKV_AWS_136:Images are no secrets; ECR encrypts them with its own key.
  for_each = var.image_digests

  name                 = "${local.name}/${each.key}"
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }
}

output "invoker_function_id" {
  description = "For `--invoker-function-id`."
  value       = module.deploy_runner.invoker_alias_arn
}

output "ci_role_arn" {
  description = "The role that the CI job assumes."
  value       = module.ci.role_arn
}
