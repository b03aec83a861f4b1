# Where tasks run, and what they reach. The function itself is in no VPC.

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "`vpc_id`: expected an id that starts with `vpc-`"
  }
}

variable "subnet_ids" {
  description = "Subnets of the tasks, 1 to 16. Private ones with a NAT gateway or endpoints, unless `assign_public_ip` is set."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 1 && length(var.subnet_ids) <= 16 && alltrue([for id in var.subnet_ids : startswith(id, "subnet-")])
    error_message = "`subnet_ids`: expected 1 to 16 ids that start with `subnet-`"
  }
}

variable "assign_public_ip" {
  description = "Give each task a public address: for subnets with neither NAT nor endpoints. Nothing may come in either way."
  type        = bool
  default     = false
}

variable "egress" {
  description = "What tasks may reach, by a name of your choice: one `port` of `tcp` (the default) or `udp`, or everything there with `protocol = \"-1\"`."
  type = map(object({
    cidr     = string
    protocol = optional(string, "tcp")
    port     = optional(number)
  }))
  default = {
    everywhere = { cidr = "0.0.0.0/0", protocol = "-1" }
  }

  validation {
    condition     = alltrue([for rule in values(var.egress) : can(cidrhost(rule.cidr, 0))])
    error_message = "`egress`: each `cidr` must be an address range such as `10.0.0.0/8`"
  }

  validation {
    condition     = alltrue([for rule in values(var.egress) : contains(["tcp", "udp", "-1"], rule.protocol)])
    error_message = "`egress`: `protocol` must be `tcp`, `udp` or `-1` (any)"
  }

  # Terraform leaves out an attribute that it does not know: a misspelt port would open every port.
  validation {
    condition     = alltrue([for rule in values(var.egress) : (rule.port == null) == (rule.protocol == "-1")])
    error_message = "`egress`: give a `port` with `tcp` and `udp`, and none with `-1`, which is every protocol and every port"
  }
}

variable "additional_security_group_ids" {
  description = "More security groups of the tasks, 4 at most, such as one that a database lets in."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.additional_security_group_ids) <= 4 && alltrue([for id in var.additional_security_group_ids : startswith(id, "sg-")])
    error_message = "`additional_security_group_ids`: expected at most 4 ids that start with `sg-`"
  }
}

variable "isolated_security_group_ids" {
  description = "Security groups of containers with `network: none`, 5 at most. Without them, one is made if `vpc_endpoints` is set, which leads to the endpoints and nowhere else."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.isolated_security_group_ids) <= 5 && alltrue([for id in var.isolated_security_group_ids : startswith(id, "sg-")])
    error_message = "`isolated_security_group_ids`: expected at most 5 ids that start with `sg-`"
  }
}

variable "vpc_endpoints" {
  description = <<-EOT
    Make the VPC endpoints that a task needs to start, so that it needs no NAT for that: ECR (two), CloudWatch Logs, Secrets Manager and SSM where the allow-list
    declares such secrets, and S3. They cost money by the hour.
    - `subnet_ids`: one for each availability zone; the tasks' own when left out.
    - `route_table_ids`: route tables of the tasks' subnets, for S3.
  EOT
  type = object({
    subnet_ids      = optional(list(string))
    route_table_ids = list(string)
  })
  default = null
}

variable "ec2_capacity_provider" {
  description = "Name of a capacity provider with container instances of yours, for containers whose allow-list grants `EC2`. `docs/aws.md` says how to harden them."
  type        = string
  default     = null
}
