# Roles of tasks: one that fetches image and secrets and writes the log before the job's process exists, and one that the job has.
#
# Both for each container, so that no container's task definition can reach what only another declared.

locals {
  # A role's name has at most 64 characters; a longer one is cut, and its digest keeps it apart from others.
  long_role_names = merge(
    { for name in keys(local.containers) : "task/${name}" => "${var.name}-${local.region}-task-${name}" },
    { for name in keys(local.containers) : "execution/${name}" => "${var.name}-${local.region}-exec-${name}" },
    { invoker = "${var.name}-${local.region}-invoker" },
  )
  role_names = {
    for key, name in local.long_role_names : key => length(name) <= 64 ? name : "${substr(name, 0, 55)}-${substr(sha256(name), 0, 8)}"
  }
  role_arns = { for key, name in local.role_names : key => "arn:${local.partition}:iam::${local.account}:role/${name}" }

  # AWS lets a trust policy name the account and the Region of a task, not its cluster. The cluster is held by the invoker's role.
  tasks_of_this_account = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TasksOfThisAccountAndRegion"
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${local.region}:${local.account}:*" }
      }
    }]
  }

  # 111122223333.dkr.ecr.eu-west-1.amazonaws.com/some/name@sha256:… ; images elsewhere need no permission.
  ecr_repositories = {
    for name, container in local.containers : name => [
      for parts in regexall("^([0-9]{12})\\.dkr\\.ecr\\.([a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?/([^@:]+)[@:]", container.reference) :
      "arn:${local.partition}:ecr:${parts[1]}:${parts[0]}:repository/${parts[2]}"
    ]
  }
  # A reference may name a key or a version inside of the secret; the secret is what is read.
  secret_arns    = { for name, container in local.containers : name => distinct([for arn in values(container.secrets) : join(":", slice(split(":", arn), 0, 7)) if strcontains(arn, ":secretsmanager:")]) }
  parameter_arns = { for name, container in local.containers : name => distinct([for arn in values(container.secrets) : arn if strcontains(arn, ":ssm:")]) }

  execution_statements = {
    for name in keys(local.containers) : name => concat(
      [for arns in [local.ecr_repositories[name]] : {
        Sid      = "PullTheImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = arns
      } if length(arns) > 0],
      [for arns in [local.ecr_repositories[name]] : {
        Sid      = "LogInToTheRegistry"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = ["*"]
      } if length(arns) > 0],
      [for arns in [local.secret_arns[name]] : {
        Sid      = "ReadTheDeclaredSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = arns
      } if length(arns) > 0],
      [for arns in [local.parameter_arns[name]] : {
        Sid      = "ReadTheDeclaredParameters"
        Effect   = "Allow"
        Action   = ["ssm:GetParameters"]
        Resource = arns
      } if length(arns) > 0],
      [{
        Sid      = "WriteTheLogOfTheJobs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${local.log_group_arns}:${local.job_log_group}:*"]
      }],
    )
  }

  # Only the store that reads the secret may use its key.
  key_statements = {
    for name in keys(local.containers) : name => [{
      Sid      = "DecryptTheDeclaredSecrets"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = var.secret_kms_key_arns
      Condition = {
        StringEquals = { "kms:ViaService" = compact([
          length(local.secret_arns[name]) > 0 ? "secretsmanager.${local.region}.amazonaws.com" : "",
          length(local.parameter_arns[name]) > 0 ? "ssm.${local.region}.amazonaws.com" : "",
        ]) }
      }
    }]
    if length(var.secret_kms_key_arns) > 0 && length(local.containers[name].secrets) > 0
  }
}

resource "aws_iam_role" "execution" {
  for_each = local.containers

  name                 = local.role_names["execution/${each.key}"]
  description          = "Starts tasks of the container ${each.key}: its image, its declared secrets, the log."
  assume_role_policy   = jsonencode(local.tasks_of_this_account)
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
}

resource "aws_iam_role_policy" "execution" {
  for_each = local.containers

  name = "start-the-task"
  role = aws_iam_role.execution[each.key].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.execution_statements[each.key], lookup(local.key_statements, each.key, []))
  })
}

resource "aws_iam_role" "task" {
  for_each = local.containers

  name                 = local.role_names["task/${each.key}"]
  description          = "What jobs of the container ${each.key} may do: whatever is attached to it."
  assume_role_policy   = jsonencode(local.tasks_of_this_account)
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
}
