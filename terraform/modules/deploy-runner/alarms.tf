# Who is told, when there is a topic: tasks that did not end well, and denials.

locals {
  alarms = var.alarms == null ? 0 : 1
}

resource "aws_cloudwatch_event_rule" "failed_tasks" {
  count = local.alarms

  name        = "${var.name}-failed-tasks"
  description = "A run of ${var.name} did not start, was interrupted, or ended with another code than 0."
  tags        = local.tags
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn = [local.cluster_arn]
      lastStatus = ["STOPPED"]
      "$or" = [
        { stopCode = ["TaskFailedToStart", "SpotInterruption", "TerminationNotice"] },
        { containers = { exitCode = [{ anything-but = [0] }] } },
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "failed_tasks" {
  count = local.alarms

  rule = aws_cloudwatch_event_rule.failed_tasks[0].name
  arn  = var.alarms.topic_arn
}

resource "aws_cloudwatch_log_metric_filter" "denials" {
  count = local.alarms

  name           = "${var.name}-denials"
  log_group_name = aws_cloudwatch_log_group.audit.name
  pattern        = "{ $.audit = \"decision\" && $.decision = \"denied\" }"

  metric_transformation {
    name      = "${var.name}-denials"
    namespace = "DeployRunner"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "denials" {
  count = local.alarms

  alarm_name          = "${var.name}-denials"
  alarm_description   = "The gate of ${var.name} refuses requests: a mistake in a pipeline, or somebody who tries."
  namespace           = "DeployRunner"
  metric_name         = "${var.name}-denials"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = var.alarms.denials
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarms.topic_arn]
  tags                = local.tags
}
