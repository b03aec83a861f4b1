# Every example as one configuration, so that `terraform validate` starts the provider once. Never applied.

module "minimal" {
  source = "../examples/minimal"

  region            = "eu-west-1"
  images            = {}
  vpc_id            = "vpc-00000000"
  subnet_ids        = ["subnet-00000000"]
  github_repository = "example/live"
}

module "complete" {
  source = "../examples/complete"

  region              = "eu-west-1"
  image_digests       = {}
  github              = []
  state_bucket        = "state"
  applier_policy_arns = []
}

module "multi_account" {
  source = "../examples/multi-account"

  account           = "staging"
  account_id        = "111122223333"
  region            = "eu-west-1"
  parts             = []
  git_token         = ""
  images            = {}
  vpc_id            = "vpc-00000000"
  subnet_ids        = ["subnet-00000000"]
  policies          = {}
  github_repository = "example/live"
}
