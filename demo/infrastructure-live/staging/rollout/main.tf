# A rollout that takes its time, to be watched, cancelled and attached to.

terraform {
  backend "local" {
    path = "/state/staging-rollout.tfstate"
  }
}

variable "seconds" {
  type    = number
  default = 8
}

resource "terraform_data" "rollout" {
  triggers_replace = [var.seconds]

  provisioner "local-exec" {
    command = "for i in $(seq ${var.seconds}); do echo \"replica $i of ${var.seconds} is up\"; sleep 1; done"
  }
}

output "replicas" {
  value = var.seconds
}
