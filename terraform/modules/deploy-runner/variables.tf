# What there is to run.

variable "package" {
  description = "Path of the manifest that `make package` (or `infrastructure-deployer package --manifest`) wrote. The function's zip file and the compiled allow-list lie beside it. Containers, environment, secrets and sizes come from there and are written nowhere else."
  type        = string
}

variable "images" {
  description = "Image name in the allow-list to image reference, pinned by digest: `{ terraform-runner = \"111122223333.dkr.ecr.eu-west-1.amazonaws.com/deploy-runner/terraform-runner@sha256:…\" }`."
  type        = map(string)
}

variable "allow_images_by_tag" {
  description = "Accept images by tag too. Whoever can push to the repository then decides what runs with the task roles."
  type        = bool
  default     = false
}

variable "containers" {
  description = <<-EOT
    Settings that only ECS knows, by the container's name in the allow-list, such as `{ docker-image-builder = { ephemeral_storage_gib = 50 } }`:
    - `writable_paths`, a list: directories that a run may write to, each empty at its start: `/tmp`, `/home/job` and `/work` unless said otherwise, or none where the
      allow-list says `root_filesystem: writable`.
    - `cpu_architecture`, a string: `X86_64` (the default) or `ARM64`, as the image was built for.
    - `ephemeral_storage_gib`, a number: 21 to 200; Fargate gives 20 without it.
  EOT
  # An object type would drop a setting that it does not know without a word: `allow-list` has the types, and names what is unknown.
  type    = any
  default = {}
}

# Names and ownership.

variable "name" {
  description = "Prefix of every name. Names of roles, which the whole account shares, carry the Region too, so one name may serve several Regions."
  type        = string
  default     = "deploy-runner"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}[a-z0-9]$", var.name))
    error_message = "`name`: expected 2 to 32 lower-case letters, digits and dashes that begin with a letter and end with no dash"
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of every role that is made here."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/", var.permissions_boundary_arn))
    error_message = "`permissions_boundary_arn`: expected the ARN of an IAM policy"
  }
}

variable "tags" {
  description = "Tags of everything that can have tags."
  type        = map(string)
  default     = {}
}
