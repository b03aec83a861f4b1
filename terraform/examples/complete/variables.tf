variable "region" {
  description = "Region of everything."
  type        = string
}

variable "package" {
  description = "Manifest of the package."
  type        = string
  default     = "../../../target/package/deploy-runner-invoker.json"
}

variable "image_digests" {
  description = "Digest of each image in its repository: `{ kaniko = \"sha256:…\", packer-runner = \"sha256:…\", terraform-runner = \"sha256:…\" }`."
  type        = map(string)
}

variable "github" {
  description = "Repositories whose jobs may ask, as in the module `invoke-policy`."
  type = list(object({
    repository    = string
    owner_id      = optional(number)
    repository_id = optional(number)
    refs          = optional(list(string), [])
    environments  = optional(list(string), [])
    pull_requests = optional(bool, false)
  }))
}

variable "state_bucket" {
  description = "Bucket of Terraform's state."
  type        = string
}

variable "applier_policy_arns" {
  description = "What an apply may do: the policies of your choice."
  type        = list(string)
}

variable "application_repositories" {
  description = "ECR repositories that the image builder may push to."
  type        = set(string)
  default     = ["applications/web"]
}
