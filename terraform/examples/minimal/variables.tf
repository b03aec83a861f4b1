variable "region" {
  description = "Region of everything."
  type        = string
}

variable "package" {
  description = "Manifest of the package."
  type        = string
  default     = "../../../target/package/deploy-runner-invoker.json"
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

variable "github_repository" {
  description = "`OWNER/NAME` of the repository whose jobs on `main` may ask."
  type        = string
}
