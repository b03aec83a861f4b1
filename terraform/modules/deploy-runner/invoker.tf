# The gate: a function with the checked allow-list inside, and a role for what it does with ECS and the log.

locals {
  function_name = "${var.name}-invoker"
  function_arn  = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.function_name}"

  place = merge(
    {
      DEPLOY_RUNNER_CLUSTER                      = var.name
      DEPLOY_RUNNER_SUBNETS                      = join(",", var.subnet_ids)
      DEPLOY_RUNNER_SECURITY_GROUPS              = join(",", concat([aws_security_group.tasks.id], var.additional_security_group_ids))
      DEPLOY_RUNNER_ASSIGN_PUBLIC_IP             = tostring(var.assign_public_ip)
      DEPLOY_RUNNER_LOG_GROUP                    = local.job_log_group
      DEPLOY_RUNNER_LOG_STREAM_PREFIX            = local.stream_prefix
      DEPLOY_RUNNER_GET_LOG_EVENTS_PER_SECOND    = tostring(var.get_log_events_per_second)
      DEPLOY_RUNNER_FILTER_LOG_EVENTS_PER_SECOND = tostring(var.filter_log_events_per_second)
    },
    length(local.isolated_security_groups) == 0 ? {} : { DEPLOY_RUNNER_ISOLATED_SECURITY_GROUPS = join(",", local.isolated_security_groups) },
    var.ec2_capacity_provider == null ? {} : { DEPLOY_RUNNER_EC2_CAPACITY_PROVIDER = var.ec2_capacity_provider },
  )

  pinned = { for name, definition in aws_ecs_task_definition.container : name => "${definition.family}:${definition.revision}" }

  this_cluster = { ArnEquals = { "ecs:cluster" = local.cluster_arn } }

  # The table of permissions in docs/aws-permissions.md says why, by the Sid; a test compares them.
  invoker_statements = [
    {
      Sid      = "StartPinnedTasksInThisCluster"
      Effect   = "Allow"
      Action   = ["ecs:RunTask"]
      Resource = [for pinned in values(local.pinned) : "arn:${local.partition}:ecs:${local.region}:${local.account}:task-definition/${pinned}"]
      Condition = {
        ArnEquals       = local.this_cluster.ArnEquals
        StringNotEquals = { "ecs:enable-execute-command" = "true" }
      }
    },
    {
      Sid       = "TagWhatItStarts"
      Effect    = "Allow"
      Action    = ["ecs:TagResource"]
      Resource  = [local.task_arns]
      Condition = { StringEquals = { "ecs:CreateAction" = "RunTask" } }
    },
    {
      Sid       = "LookAtAndStopTasksInThisCluster"
      Effect    = "Allow"
      Action    = ["ecs:DescribeTasks", "ecs:StopTask"]
      Resource  = [local.task_arns]
      Condition = local.this_cluster
    },
    {
      Sid       = "CountTasksInThisCluster"
      Effect    = "Allow"
      Action    = ["ecs:ListTasks"]
      Resource  = ["*"]
      Condition = local.this_cluster
    },
    {
      Sid      = "HandOverTheRolesOfTheTasks"
      Effect   = "Allow"
      Action   = ["iam:PassRole"]
      Resource = [for key, arn in local.role_arns : arn if key != "invoker"]
      Condition = {
        StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" }
      }
    },
    {
      Sid      = "ReadTheLogOfOneJob"
      Effect   = "Allow"
      Action   = ["logs:GetLogEvents"]
      Resource = ["${local.log_group_arns}:${local.job_log_group}:log-stream:${local.stream_prefix}/${local.job_container}/*"]
    },
    {
      Sid      = "ReadTheLogOfManyJobs"
      Effect   = "Allow"
      Action   = ["logs:FilterLogEvents"]
      Resource = ["${local.log_group_arns}:${local.job_log_group}:*"]
    },
    {
      Sid      = "WriteTheAuditLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${local.log_group_arns}:${local.audit_log_group}:*"]
    },
  ]
}

resource "aws_iam_role" "invoker" {
  name                 = local.role_names.invoker
  description          = "Starts, watches and stops the runs of ${var.name}."
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ThisFunction"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        # Lambda's pages do not say whether a call by alias or version names it here.
        ArnLike = { "aws:SourceArn" = [local.function_arn, "${local.function_arn}:*"] }
      }
    }]
  })
}

resource "aws_iam_role_policy" "invoker" {
  name   = "run-what-is-permitted"
  role   = aws_iam_role.invoker.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.invoker_statements })
}

resource "aws_lambda_function" "invoker" {
  # checkov:skip=CKV_AWS_116:Callers wait for the answer. What nobody waits for is tried once and never kept, so there is nothing to put into a queue.
  # checkov:skip=CKV_AWS_117:It calls ECS and CloudWatch Logs and nothing else; in a VPC it would need endpoints for both.
  # checkov:skip=CKV_AWS_272:The plan compares the package with the digests in its manifest; signing needs a profile that only you can have.
  # checkov:skip=CKV_AWS_173:Its variables are names and numbers of the account, none of them a secret; Lambda encrypts them with its own key.
  # checkov:skip=CKV_AWS_50:A call takes a fraction of a second and has an audit line of its own; the role would need permissions for X-Ray.
  function_name                  = local.function_name
  description                    = "The gate of ${var.name}: decides what may run, and starts it."
  role                           = aws_iam_role.invoker.arn
  filename                       = module.allow_list.zip
  source_code_hash               = module.allow_list.code_sha256
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [module.allow_list.architecture]
  memory_size                    = var.invoker_memory
  timeout                        = 60
  reserved_concurrent_executions = var.invoker_reserved_concurrency
  publish                        = true
  tags                           = local.tags

  environment {
    variables = merge(var.invoker_environment, local.place, { DEPLOY_RUNNER_TASK_DEFINITIONS = jsonencode(local.pinned) })
  }

  # A version that is live must be able to start what it names, and to write what it decides.
  depends_on = [aws_iam_role_policy.invoker, aws_cloudwatch_log_group.audit, terraform_data.allow_list]
}

resource "aws_lambda_alias" "live" {
  name             = var.invoker_alias
  description      = "What callers invoke."
  function_name    = aws_lambda_function.invoker.function_name
  function_version = aws_lambda_function.invoker.version
}

# Callers wait for the answer. An event that nobody waits for is tried once and forgotten: never kept, never repeated.
resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_alias.live.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 60
}
