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

variable "settings" {
  description = "Settings that only ECS knows, by the container's name."
  type = map(object({
    writable_paths        = optional(list(string))
    cpu_architecture      = optional(string, "X86_64")
    ephemeral_storage_gib = optional(number)
  }))
}

variable "setting_names" {
  description = "Which settings were given, by the container's name: those too that are unknown, which the type of `settings` leaves out."
  type        = map(list(string))
}

variable "has_ec2" {
  description = "There is a capacity provider for tasks of launch type EC2."
  type        = bool
}

variable "has_isolation" {
  description = "There are security groups for containers with `network: none`."
  type        = bool
}
