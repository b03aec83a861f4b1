variable "account" {
  description = "Name of the account."
  type        = string
}

variable "account_id" {
  description = "Its number; an apply with credentials of another account is refused."
  type        = string
}

variable "region" {
  description = "Region of everything."
  type        = string
}

variable "parts" {
  description = "Parts that the account's allow-list is put together from. Read by `package.sh`."
  type        = list(string)
}

variable "git_token" {
  description = "ARN of the secret with the Git token. Read by `package.sh`."
  type        = string
}

variable "images" {
  description = "Image name in the allow-list to image reference with a digest."
  type        = map(string)
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets with a NAT gateway."
  type        = list(string)
}

variable "policies" {
  description = "Container to the policy that its jobs get."
  type        = map(string)
}

variable "github_repository" {
  description = "`OWNER/NAME` of the repository whose jobs may ask, in the environment that is called like the account."
  type        = string
}
