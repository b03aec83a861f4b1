# One task definition for each container of the allow-list. Values of variables and references to secrets are here and nowhere else: a launch
# carries names only.

locals {
  families = { for name in keys(local.containers) : name => "${var.name}-${name}" }

  # `job` is the name that the engine looks for; it is part of the name of the log stream.
  job_container = "job"
  # The most that Fargate grants: time for Terraform to release its lock, and for the closing line of the log.
  stop_timeout = 120

  # Volumes would only hide what is written to them from an image builder, which takes a writable root for the image's.
  usual_paths = { for name, container in local.containers : name => container.writable_root ? [] : ["/tmp", "/home/job", "/work"] }
  paths       = { for name, container in local.containers : name => coalesce(container.writable_paths, local.usual_paths[name]) }

  # What Docker gives a container that asks for nothing. The allow-list names no other, because Fargate adds none of them: what a container may not
  # keep is dropped. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html
  given_capabilities = [
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
    "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
  ]
  dropped_capabilities = {
    for name, container in local.containers : name =>
    length(container.capabilities) == 0 ? ["ALL"] : [for capability in local.given_capabilities : capability if !contains(container.capabilities, capability)]
  }

  job_definitions = {
    for name, container in local.containers : name => {
      name                   = local.job_container
      image                  = container.reference
      essential              = true
      stopTimeout            = local.stop_timeout
      readonlyRootFilesystem = !container.writable_root
      environment            = [for key, value in container.environment : { name = key, value = value }]
      secrets                = [for key, reference in container.secrets : { name = key, valueFrom = reference }]
      mountPoints = [
        for path in local.paths[name] : { sourceVolume = local.volume_names[path], containerPath = path, readOnly = false }
      ]
      linuxParameters = { capabilities = { drop = local.dropped_capabilities[name] } }
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
  volume_names = { for path in distinct(flatten(values(local.paths))) : path => replace(trimprefix(path, "/"), "/[^A-Za-z0-9]+/", "-") }
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
    cpu_architecture        = each.value.cpu_architecture
  }

  # On Fargate: space of the task's own, gone with it.
  dynamic "volume" {
    for_each = local.paths[each.key]

    content {
      name = local.volume_names[volume.value]
    }
  }

  dynamic "ephemeral_storage" {
    for_each = each.value.ephemeral_storage_gib[*]

    content {
      size_in_gib = ephemeral_storage.value
    }
  }

  # The function knows the new revision before the old one goes.
  lifecycle {
    create_before_destroy = true
  }
}
