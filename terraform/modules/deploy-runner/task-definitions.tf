# One task definition for each container of the allow-list. Values of variables and references to secrets are here and nowhere else: a launch
# carries names only.

locals {
  families = { for name in keys(local.containers) : name => "${var.name}-${name}" }

  # `job` is the name that the engine looks for; it is part of the name of the log stream.
  job_container = "job"
  # The most that Fargate grants: time for Terraform to release its lock, and for the closing line of the log.
  stop_timeout = 120

  job_definitions = {
    for name, container in local.containers : name => {
      name                   = local.job_container
      image                  = container.reference
      essential              = true
      user                   = local.settings_of[name].user
      stopTimeout            = local.stop_timeout
      readonlyRootFilesystem = local.settings_of[name].read_only_root
      environment            = [for key, value in container.environment : { name = key, value = value }]
      secrets                = [for key, reference in container.secrets : { name = key, valueFrom = reference }]
      mountPoints = [
        for path in local.settings_of[name].writable_paths : { sourceVolume = local.volume_names[path], containerPath = path, readOnly = false }
      ]
      linuxParameters = local.settings_of[name].drop_capabilities ? { capabilities = { drop = ["ALL"] } } : null
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          # The default since June 2025 drops lines when CloudWatch is slow.
          mode                  = "blocking"
          awslogs-group         = local.job_log_group
          awslogs-region        = local.region
          awslogs-stream-prefix = local.stream_prefix
        }
      }
    }
  }

  # `/home/job` becomes `home-job`.
  volume_names = { for path in distinct(flatten([for settings in values(local.settings_of) : settings.writable_paths])) : path => replace(trimprefix(path, "/"), "/[^A-Za-z0-9]+/", "-") }
}

resource "aws_ecs_task_definition" "container" {
  for_each = local.containers

  family                   = local.families[each.key]
  requires_compatibilities = compact([each.value.on_fargate ? "FARGATE" : "", each.value.on_ec2 ? "EC2" : ""])
  network_mode             = "awsvpc"
  cpu                      = each.value.cpu
  memory                   = each.value.memory
  task_role_arn            = aws_iam_role.task[each.key].arn
  execution_role_arn       = aws_iam_role.execution[each.key].arn
  container_definitions    = jsonencode([{ for key, value in local.job_definitions[each.key] : key => value if value != null }])
  tags                     = local.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = local.settings_of[each.key].cpu_architecture
  }

  # On Fargate: space of the task's own, gone with it.
  dynamic "volume" {
    for_each = local.settings_of[each.key].writable_paths

    content {
      name = local.volume_names[volume.value]
    }
  }

  dynamic "ephemeral_storage" {
    for_each = local.settings_of[each.key].ephemeral_storage_gib[*]

    content {
      size_in_gib = ephemeral_storage.value
    }
  }

  # The function knows the new revision before the old one goes.
  lifecycle {
    create_before_destroy = true
  }
}
