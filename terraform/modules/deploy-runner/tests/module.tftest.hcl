# What the module makes of a package, without AWS: shapes and names. What its policies allow is tested where they are applied.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/some-role" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:111122223333:function:some-function", version = "7" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-00000000" }
  }
  mock_resource "aws_vpc_endpoint" {
    defaults = { prefix_list_id = "pl-00000000" }
  }
}

variables {
  package    = "tests/packages/good/manifest.json"
  vpc_id     = "vpc-00000000"
  subnet_ids = ["subnet-00000001", "subnet-00000002"]
  images = {
    terraform-runner = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/deploy-runner/terraform-runner@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    tool             = "registry.example.com/tool@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }
}

run "an_allow_list_becomes_tasks_roles_and_a_function" {
  assert {
    condition     = toset(keys(aws_ecs_task_definition.container)) == toset(["builder", "planner", "public"]) && toset(keys(aws_iam_role.task)) == toset(["builder", "planner", "public"])
    error_message = "one task definition and one task role for each container"
  }

  assert {
    condition = jsondecode(aws_ecs_task_definition.container["planner"].container_definitions) == [{
      name                   = "job"
      image                  = var.images.terraform-runner
      essential              = true
      stopTimeout            = 120
      readonlyRootFilesystem = true
      linuxParameters        = { capabilities = { drop = ["ALL"] } }
      environment            = [{ name = "EMPTY", value = "" }, { name = "TF_IN_AUTOMATION", value = "1" }]
      secrets = [
        { name = "GIT_TOKEN", valueFrom = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:deploy-runner/git-token-AbCdEf" },
        { name = "GIT_USERNAME", valueFrom = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:deploy-runner/git-token-AbCdEf:username::" },
        { name = "REGISTRY", valueFrom = "arn:aws:ssm:eu-west-1:111122223333:parameter/deploy-runner/registry" },
      ]
      mountPoints = [
        { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
        { sourceVolume = "home-job", containerPath = "/home/job", readOnly = false },
        { sourceVolume = "work", containerPath = "/work", readOnly = false },
      ]
      logConfiguration = {
        logDriver = "awslogs"
        options   = { mode = "blocking", awslogs-group = "/deploy-runner/jobs", awslogs-region = "eu-west-1", awslogs-stream-prefix = "deploy-runner" }
      }
    }]
    error_message = aws_ecs_task_definition.container["planner"].container_definitions
  }

  assert {
    condition = (
      !jsondecode(aws_ecs_task_definition.container["builder"].container_definitions)[0].readonlyRootFilesystem &&
      jsondecode(aws_ecs_task_definition.container["builder"].container_definitions)[0].mountPoints == [] &&
      length(aws_ecs_task_definition.container["builder"].volume) == 0 &&
      jsondecode(aws_ecs_task_definition.container["builder"].container_definitions)[0].linuxParameters == {
        capabilities = { drop = ["AUDIT_WRITE", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETPCAP", "SYS_CHROOT"] }
      }
    )
    error_message = aws_ecs_task_definition.container["builder"].container_definitions
  }

  assert {
    condition     = toset([for volume in aws_ecs_task_definition.container["planner"].volume : volume.name]) == toset(["tmp", "home-job", "work"])
    error_message = "each place that a run may write to is a volume of its own"
  }

  assert {
    condition = (
      aws_lambda_function.invoker.runtime == "provided.al2023" && tolist(aws_lambda_function.invoker.architectures) == tolist(["x86_64"]) &&
      aws_lambda_function.invoker.memory_size == 128 && aws_lambda_function.invoker.publish
    )
    error_message = "the function is made for its package, and each change is a version"
  }

  assert {
    condition = (
      aws_lambda_function.invoker.environment[0].variables.DEPLOY_RUNNER_SUBNETS == "subnet-00000001,subnet-00000002" &&
      aws_lambda_function.invoker.environment[0].variables.DEPLOY_RUNNER_ASSIGN_PUBLIC_IP == "false" &&
      keys(jsondecode(aws_lambda_function.invoker.environment[0].variables.DEPLOY_RUNNER_TASK_DEFINITIONS)) == ["builder", "planner", "public"]
    )
    error_message = jsonencode(aws_lambda_function.invoker.environment[0].variables)
  }

  assert {
    condition     = aws_lambda_alias.live.name == "live" && aws_lambda_alias.live.function_version == "7"
    error_message = "the alias leads to the newest version"
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.execution["public"].policy).Statement : statement.Sid] == ["WriteTheLogOfTheJobs"]
    error_message = "a container without secrets and with an image from elsewhere needs nothing but the log"
  }

  assert {
    condition     = aws_iam_role.task["planner"].name == "deploy-runner-eu-west-1-task-planner"
    error_message = "names of roles carry the Region"
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0 && length(aws_cloudwatch_event_rule.failed_tasks) == 0 && length(aws_security_group.isolated) == 0
    error_message = "nothing that costs money is made unless it is asked for"
  }
}

run "everything_that_can_be_asked_for" {
  variables {
    name                     = "a-rather-long-name-of-a-runner"
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
    secret_kms_key_arns      = ["arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000"]
    alarms                   = { topic_arn = "arn:aws:sns:eu-west-1:111122223333:alarms" }
    vpc_endpoints            = { route_table_ids = ["rtb-00000000"] }
    ec2_capacity_provider    = "instances"
    egress                   = { git = { cidr = "192.0.2.0/24", port = 443 } }
    containers = {
      planner = { ephemeral_storage_gib = 50, cpu_architecture = "ARM64", writable_paths = ["/scratch"] }
    }
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"])
    error_message = "an endpoint for each service that a task needs to start"
  }

  assert {
    condition     = aws_lambda_function.invoker.environment[0].variables.DEPLOY_RUNNER_ISOLATED_SECURITY_GROUPS == "sg-00000000" && aws_lambda_function.invoker.environment[0].variables.DEPLOY_RUNNER_EC2_CAPACITY_PROVIDER == "instances"
    error_message = "the function knows what was made for it"
  }

  assert {
    condition     = toset(aws_ecs_cluster_capacity_providers.this.capacity_providers) == toset(["FARGATE", "FARGATE_SPOT", "instances"])
    error_message = "the cluster has the capacity that the function may ask for"
  }

  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.task), values(aws_iam_role.execution), [aws_iam_role.invoker]) : role.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary" && length(role.name) <= 64])
    error_message = "every role has the boundary, and a name that IAM takes"
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.execution["planner"].policy).Statement : statement.Condition if statement.Sid == "DecryptTheDeclaredSecrets"] == [
      { StringEquals = { "kms:ViaService" = ["secretsmanager.eu-west-1.amazonaws.com", "ssm.eu-west-1.amazonaws.com"] } }
    ]
    error_message = "keys are used through the stores of secrets only"
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.execution["public"].policy, "kms:")
    error_message = "a container without secrets needs no key"
  }

  assert {
    condition = (
      !can(jsondecode(aws_ecs_task_definition.container["planner"].container_definitions)[0].user) &&
      jsondecode(aws_ecs_task_definition.container["planner"].container_definitions)[0].readonlyRootFilesystem &&
      [for place in jsondecode(aws_ecs_task_definition.container["planner"].container_definitions)[0].mountPoints : place.containerPath] == ["/scratch"] &&
      aws_ecs_task_definition.container["planner"].ephemeral_storage[0].size_in_gib == 50 &&
      aws_ecs_task_definition.container["planner"].runtime_platform[0].cpu_architecture == "ARM64"
    )
    error_message = aws_ecs_task_definition.container["planner"].container_definitions
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.tasks["git"].from_port == 443 && aws_vpc_security_group_egress_rule.tasks["git"].to_port == 443 && aws_vpc_security_group_egress_rule.tasks["git"].ip_protocol == "tcp"
    error_message = "egress is what was asked for"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.failed_tasks[0].event_pattern).detail.clusterArn == ["arn:aws:ecs:eu-west-1:111122223333:cluster/a-rather-long-name-of-a-runner"]
    error_message = "the alarm is about this cluster"
  }
}

run "a_broken_allow_list_stops_the_plan" {
  command = plan

  variables {
    package = "tests/packages/unfit/manifest.json"
  }

  expect_failures = [terraform_data.allow_list]
}

run "files_that_do_not_belong_together_stop_the_plan" {
  command = plan

  variables {
    package = "tests/packages/edited/manifest.json"
  }

  expect_failures = [terraform_data.allow_list]
}

run "an_image_that_is_not_pinned_stops_the_plan" {
  command = plan

  variables {
    images = { terraform-runner = "registry.example.com/terraform-runner:latest", tool = "registry.example.com/tool:1" }
  }

  expect_failures = [terraform_data.allow_list]
}

run "a_setting_that_there_is_not_stops_the_plan_instead_of_doing_nothing" {
  command = plan

  variables {
    containers = { planner = { ephemeral_storage_gib = 50 }, builder = { read_only_root = false } }
  }

  expect_failures = [terraform_data.allow_list]
}

run "more_names_than_lambda_has_room_for_stop_the_plan" {
  command = plan

  variables {
    package = "tests/packages/many/manifest.json"
  }

  expect_failures = [terraform_data.allow_list]
}

run "inputs_that_aws_would_refuse_later_are_refused_at_once" {
  command = plan

  variables {
    name                          = "Deploy_Runner"
    vpc_id                        = "main"
    subnet_ids                    = []
    egress                        = { git = { cidr = "git.example.com", port = 443 } }
    additional_security_group_ids = ["default"]
    isolated_security_group_ids   = ["default"]
    invoker_alias                 = "1"
    invoker_memory                = 64
    invoker_reserved_concurrency  = -2
    invoker_environment           = { DEPLOY_RUNNER_CLUSTER = "other" }
    get_log_events_per_second     = 0
    filter_log_events_per_second  = 0.5
    log_retention_days            = 100
    audit_log_retention_days      = 100
    log_kms_key_arn               = "alias/logs"
    secret_kms_key_arns           = ["arn:aws:kms:eu-west-1:111122223333:alias/secrets"]
    container_insights            = "on"
    alarms                        = { topic_arn = "alarms" }
    permissions_boundary_arn      = "boundary"
  }

  expect_failures = [
    var.name,
    var.vpc_id,
    var.subnet_ids,
    var.egress,
    var.additional_security_group_ids,
    var.isolated_security_group_ids,
    var.invoker_alias,
    var.invoker_memory,
    var.invoker_reserved_concurrency,
    var.invoker_environment,
    var.get_log_events_per_second,
    var.filter_log_events_per_second,
    var.log_retention_days,
    var.audit_log_retention_days,
    var.log_kms_key_arn,
    var.secret_kms_key_arns,
    var.container_insights,
    var.alarms,
    var.permissions_boundary_arn,
  ]
}

run "and_so_are_inputs_that_are_wrong_in_another_way" {
  command = plan

  variables {
    subnet_ids                    = ["10.0.0.0/24"]
    egress                        = { git = { cidr = "192.0.2.0/24", protocol = "ssh", port = 22 } }
    additional_security_group_ids = ["sg-1", "sg-2", "sg-3", "sg-4", "sg-5"]
    isolated_security_group_ids   = ["sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "sg-6"]
    invoker_memory                = 20000
    get_log_events_per_second     = 1.5
    filter_log_events_per_second  = 0
    alarms                        = { topic_arn = "arn:aws:sns:eu-west-1:111122223333:alarms", denials = 0 }
  }

  expect_failures = [
    var.subnet_ids,
    var.egress,
    var.additional_security_group_ids,
    var.isolated_security_group_ids,
    var.invoker_memory,
    var.get_log_events_per_second,
    var.filter_log_events_per_second,
    var.alarms,
  ]
}

run "or_in_a_third" {
  command = plan

  variables {
    subnet_ids = [for number in range(17) : "subnet-${number}"]
    egress     = { git = { cidr = "192.0.2.0/24" } }
  }

  expect_failures = [var.subnet_ids, var.egress]
}

run "a_port_of_every_protocol_is_none" {
  command = plan

  variables {
    egress = { git = { cidr = "192.0.2.0/24", protocol = "-1", port = 443 } }
  }

  expect_failures = [var.egress]
}
