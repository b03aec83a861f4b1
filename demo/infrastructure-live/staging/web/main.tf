terraform {
  backend "local" {
    path = "/state/staging-web.tfstate"
  }
}

variable "image_version" {
  type    = string
  default = "1.4.0"
}

module "web" {
  source        = "../../modules/service"
  name          = "staging-web"
  image_version = var.image_version
  replicas      = 2
}

output "image_version" {
  value = var.image_version
}

output "replicas" {
  value = module.web.replicas
}
