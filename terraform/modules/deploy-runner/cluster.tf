# Where runs run. An idle cluster costs nothing.

resource "aws_ecs_cluster" "this" {
  # checkov:skip=CKV_AWS_65:Container Insights cost by the metric; the input `container_insights` switches them on.
  name = var.name
  tags = local.tags

  setting {
    name  = "containerInsights"
    value = var.container_insights
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = concat(["FARGATE", "FARGATE_SPOT"], var.ec2_capacity_provider == null ? [] : [var.ec2_capacity_provider])
}

locals {
  # Written out rather than asked for, so that policies can name what does not exist yet.
  cluster_arn = "arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${var.name}"
  task_arns   = "arn:${local.partition}:ecs:${local.region}:${local.account}:task/${var.name}/*"
}
