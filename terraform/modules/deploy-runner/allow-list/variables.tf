variable "manifest" {
  description = "Path of the manifest that `infrastructure-deployer package --manifest` wrote beside the function's zip file and the compiled allow-list."
  type        = string
}

variable "images" {
  description = "Image name in the allow-list to image reference."
  type        = map(string)
}

variable "allow_images_by_tag" {
  description = "Accept image references that a tag names, and that whoever can push to the repository can change."
  type        = bool
}

variable "settings_for" {
  description = "Names of containers that have settings of their own."
  type        = set(string)
}

variable "has_ec2" {
  description = "There is a capacity provider for tasks of launch type EC2."
  type        = bool
}

variable "has_isolation" {
  description = "There are security groups for containers with `network: none`."
  type        = bool
}
