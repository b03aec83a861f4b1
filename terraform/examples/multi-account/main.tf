# One runner for each account. An account is a file in `accounts`; its allow-list is put together from `parts`.
#
#     ./package.sh staging              # needs infrastructure-deployer and the built function: see the script
#     terraform workspace select -or-create staging
#     terraform apply -var-file=accounts/staging.tfvars.json

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}

module "deploy_runner" {
  source = "../../modules/deploy-runner"

  package    = "${path.module}/build/${var.account}/manifest.json"
  images     = var.images
  vpc_id     = var.vpc_id
  subnet_ids = var.subnet_ids
  tags       = { account = var.account }
}

module "ci" {
  source = "../../modules/invoke-policy"

  invoker_alias_arn = module.deploy_runner.invoker_alias_arn
  role_name         = "deploy-runner-ci"
  github            = [{ repository = var.github_repository, environments = [var.account] }]
}

# The containers differ between accounts, and so do their policies.
resource "aws_iam_role_policy_attachment" "jobs" {
  for_each = var.policies

  role       = module.deploy_runner.task_roles[each.key].name
  policy_arn = each.value
}

output "invoker_function_id" {
  description = "For `--invoker-function-id`."
  value       = module.deploy_runner.invoker_alias_arn
}
