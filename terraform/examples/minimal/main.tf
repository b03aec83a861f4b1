# The least: a deploy runner in subnets that are there, and a role for one repository on GitHub.
#
#     make package ALLOW_LIST=allow-list.yaml
#     terraform init
#     terraform apply

provider "aws" {
  region = var.region
}

module "deploy_runner" {
  source = "../../modules/deploy-runner"

  package    = var.package
  images     = var.images
  vpc_id     = var.vpc_id
  subnet_ids = var.subnet_ids
}

module "ci" {
  source = "../../modules/invoke-policy"

  invoker_alias_arn = module.deploy_runner.invoker_alias_arn
  role_name         = "deploy-runner-ci"
  github            = [{ repository = var.github_repository, refs = ["refs/heads/main"] }]
}

# A planner reads; what it may read is yours to say.
resource "aws_iam_role_policy_attachment" "planner" {
  role       = module.deploy_runner.task_roles["terraform-planner"].name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

output "invoker_function_id" {
  description = "For `--invoker-function-id`."
  value       = module.deploy_runner.invoker_alias_arn
}

output "ci_role_arn" {
  description = "The role that the CI job assumes."
  value       = module.ci.role_arn
}
