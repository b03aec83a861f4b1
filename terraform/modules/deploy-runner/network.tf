# Tasks reach out; nothing reaches them.

resource "aws_security_group" "tasks" {
  name        = "${var.name}-tasks"
  description = "Runs of ${var.name}: nothing comes in."
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${var.name}-tasks" })
}

resource "aws_vpc_security_group_egress_rule" "tasks" {
  for_each = var.egress

  security_group_id = aws_security_group.tasks.id
  description       = each.key
  cidr_ipv4         = each.value.cidr
  ip_protocol       = each.value.protocol
  from_port         = each.value.port
  to_port           = each.value.port
  tags              = local.tags
}

locals {
  isolated_security_groups = concat(var.isolated_security_group_ids, aws_security_group.isolated[*].id)
  endpoint_count           = var.vpc_endpoints == null ? 0 : 1
  makes_isolated_group     = var.vpc_endpoints != null && length(var.isolated_security_group_ids) == 0

  endpoint_services = var.vpc_endpoints == null ? [] : concat(
    ["ecr.api", "ecr.dkr", "logs"],
    anytrue([for arns in values(local.secret_arns) : length(arns) > 0]) ? ["secretsmanager"] : [],
    anytrue([for arns in values(local.parameter_arns) : length(arns) > 0]) ? ["ssm"] : [],
  )
}

resource "aws_security_group" "endpoints" {
  count = local.endpoint_count

  name        = "${var.name}-endpoints"
  description = "What runs of ${var.name} need to start."
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${var.name}-endpoints" })
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = var.vpc_endpoints == null ? {} : merge(
    { tasks = aws_security_group.tasks.id },
    local.makes_isolated_group ? { isolated = aws_security_group.isolated[0].id } : {},
  )

  security_group_id            = aws_security_group.endpoints[0].id
  description                  = "From ${each.key}."
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = local.tags
}

resource "aws_vpc_endpoint" "interface" {
  for_each = toset(local.endpoint_services)

  vpc_id              = var.vpc_id
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = coalesce(var.vpc_endpoints.subnet_ids, var.subnet_ids)
  security_group_ids  = [aws_security_group.endpoints[0].id]
  tags                = merge(local.tags, { Name = "${var.name}-${each.key}" })
}

# Layers of images come from S3.
resource "aws_vpc_endpoint" "s3" {
  count = local.endpoint_count

  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.vpc_endpoints.route_table_ids
  tags              = merge(local.tags, { Name = "${var.name}-s3" })
}

# For `network: none`: image, secrets and log can be reached, nothing else.
resource "aws_security_group" "isolated" {
  # checkov:skip=CKV2_AWS_5:The function attaches it to the tasks that it starts.
  count = local.makes_isolated_group ? 1 : 0

  name        = "${var.name}-isolated"
  description = "Runs of ${var.name} without a network: the endpoints and nothing else."
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${var.name}-isolated" })
}

resource "aws_vpc_security_group_egress_rule" "isolated_to_endpoints" {
  count = local.makes_isolated_group ? 1 : 0

  security_group_id            = aws_security_group.isolated[0].id
  description                  = "Image, secrets, log."
  referenced_security_group_id = aws_security_group.endpoints[0].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "isolated_to_s3" {
  count = local.makes_isolated_group ? 1 : 0

  security_group_id = aws_security_group.isolated[0].id
  description       = "Layers of the image."
  prefix_list_id    = aws_vpc_endpoint.s3[0].prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = local.tags
}
