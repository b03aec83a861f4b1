# A service that costs nothing: every resource is built into Terraform, so that no provider is downloaded.

variable "name" {
  type = string
}

variable "image_version" {
  type = string
}

variable "replicas" {
  type = number
}

resource "terraform_data" "replica" {
  count = var.replicas
  input = "${var.name}-${count.index} runs ${var.image_version}"
}

output "replicas" {
  value = terraform_data.replica[*].output
}
