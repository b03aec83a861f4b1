# Every reason not to plan, in the words that a user gets. No provider is needed. The packages are written by `tests/tests/terraform_packages.rs`.

variables {
  manifest            = "../tests/packages/good/manifest.json"
  allow_images_by_tag = false
  settings            = {}
  setting_names       = {}
  has_ec2             = false
  has_isolation       = false
  images = {
    terraform-runner = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/deploy-runner/terraform-runner@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    tool             = "registry.example.com/tool@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }
}

run "a_package_whose_parts_belong_together_is_read" {
  command = plan

  assert {
    condition     = output.problems == [] && length(output.image_problems) == 0
    error_message = join("\n", concat(output.problems, output.image_problems))
  }

  assert {
    condition     = toset(keys(output.containers)) == toset(["builder", "planner", "public"])
    error_message = "the containers are those of the allow-list"
  }

  assert {
    condition     = output.containers.planner.environment == { EMPTY = "", TF_IN_AUTOMATION = "1" }
    error_message = "the environment is that of the allow-list"
  }

  assert {
    condition     = output.containers.planner.on_fargate && !output.containers.planner.on_ec2 && output.containers.planner.cpu == 1024
    error_message = "size and launch types are those of the allow-list"
  }

  assert {
    condition = (
      output.containers.builder.writable_root && contains(output.containers.builder.capabilities, "CHOWN") &&
      !output.containers.planner.writable_root && length(output.containers.planner.capabilities) == 0
    )
    error_message = "privileges are those of the allow-list, and none where it does not say them"
  }

  assert {
    condition     = output.digest == filesha256("../tests/packages/good/allow-list.json") && output.architecture == "x86_64"
    error_message = "digest and architecture are those of the manifest"
  }
}

run "a_manifest_that_is_not_there" {
  command = plan

  variables {
    manifest = "../tests/packages/none/manifest.json"
  }

  assert {
    condition     = output.problems == ["package: `../tests/packages/none/manifest.json` is not there: make the package first (`make package`), and give the path of its manifest"]
    error_message = join("\n", output.problems)
  }
}

run "a_manifest_that_is_no_json" {
  command = plan

  variables {
    manifest = "../tests/packages/garbled/manifest.json"
  }

  assert {
    condition     = output.problems == ["package: `../tests/packages/garbled/manifest.json` is no JSON, so no manifest of a package: make the package again (`make package`)"]
    error_message = join("\n", output.problems)
  }
}

run "a_manifest_of_another_release" {
  command = plan

  variables {
    manifest = "../tests/packages/newer/manifest.json"
  }

  assert {
    condition     = output.problems == ["package: `../tests/packages/newer/manifest.json` has format `2`, and this module reads 1: take module and package from the same release"]
    error_message = join("\n", output.problems)
  }
}

run "an_allow_list_of_another_release" {
  command = plan

  variables {
    manifest = "../tests/packages/older/manifest.json"
  }

  assert {
    condition     = output.problems == ["package: `../tests/packages/older/allow-list.json` has format `0`, and this module reads 1: take module and package from the same release"]
    error_message = join("\n", output.problems)
  }
}

run "an_allow_list_that_is_not_the_one_inside_the_zip_file" {
  command = plan

  variables {
    manifest = "../tests/packages/edited/manifest.json"
  }

  assert {
    condition     = length(output.problems) == 1 && startswith(output.problems[0], "package: `../tests/packages/edited/allow-list.json` is not the allow-list inside `../tests/packages/edited/function.zip` (digest ")
    error_message = join("\n", output.problems)
  }

  assert {
    condition     = output.containers == {}
    error_message = "nothing is read from files that do not belong together"
  }
}

run "a_zip_file_that_is_not_the_one_of_the_manifest" {
  command = plan

  variables {
    manifest = "../tests/packages/rebuilt/manifest.json"
  }

  assert {
    condition     = output.problems == ["package: `../tests/packages/rebuilt/function.zip` is not the file that `../tests/packages/rebuilt/manifest.json` describes: make the package again (`make package`)"]
    error_message = join("\n", output.problems)
  }
}

run "containers_that_cannot_be_ecs_tasks_are_reported_together" {
  command = plan

  variables {
    manifest = "../tests/packages/unfit/manifest.json"
    settings = { by-name = {}, misspelt = {} }
  }

  assert {
    condition = output.problems == [
      "containers.by-name.secrets.TOKEN: `git-token` is no secret that ECS can read: give the whole ARN of a Secrets Manager secret, with the six characters at its end, or of an SSM parameter",
      "containers.half-an-arn.secrets.TOKEN: `arn:aws:secretsmanager:eu-west-1:111122223333:secret:git-token` is no secret that ECS can read: give the whole ARN of a Secrets Manager secret, with the six characters at its end, or of an SSM parameter",
      "containers.huge.task: Fargate has no task with cpu 1024 and memory 9000: choose memory 2048, 3072, 4096, 5120, 6144, 7168, 8192, or cpu 256, 512, 1024, 2048, 4096, 8192, 16384 with what belongs to it",
      "containers.voluminous.volumes: ECS tasks get no volumes (`notes`): remove them, or run this container on one machine only",
      "containers.lonely.network: `none` needs security groups without a way out: set `isolated_security_group_ids`, or `vpc_endpoints`, or give the container `network: host`",
      "containers.on-ec2.task.launch_type: `EC2` needs container instances: set `ec2_capacity_provider`, or take `EC2` away",
      "containers: the allow-list has no container `misspelt`, and the input `containers` has settings for it: expected one of `by-name`, `half-an-arn`, `huge`, `lonely`, `on-ec2`, `voluminous`",
    ]
    error_message = join("\n", output.problems)
  }
}

run "settings_that_there_are_not_or_that_fargate_has_not_are_named" {
  command = plan

  variables {
    settings = {
      builder = { cpu_architecture = "arm", ephemeral_storage_gib = 20 }
      planner = { ephemeral_storage_gib = 201, writable_paths = ["/tmp/", "/scratch", "/"] }
    }
    setting_names = {
      builder = ["cpu_architecture", "ephemeral_storage_gib", "read_only_root"]
      planner = ["ephemeral_storage_gib", "user", "writable_path", "writable_paths"]
    }
  }

  assert {
    condition = output.problems == [
      "containers.builder.read_only_root: the input `containers` has no such setting: expected `writable_paths`, `cpu_architecture` or `ephemeral_storage_gib`; privileges are said in the allow-list (`root_filesystem`, `capabilities`), the user in the image",
      "containers.planner.user: the input `containers` has no such setting: expected `writable_paths`, `cpu_architecture` or `ephemeral_storage_gib`; privileges are said in the allow-list (`root_filesystem`, `capabilities`), the user in the image",
      "containers.planner.writable_path: the input `containers` has no such setting: expected `writable_paths`, `cpu_architecture` or `ephemeral_storage_gib`; privileges are said in the allow-list (`root_filesystem`, `capabilities`), the user in the image",
      "containers.builder.cpu_architecture: `arm` (input `containers`) is no processor of Fargate: expected `X86_64` or `ARM64`",
      "containers.builder.ephemeral_storage_gib: `20` (input `containers`) is not what Fargate can give: expected 21 to 200, or nothing for the usual 20",
      "containers.planner.ephemeral_storage_gib: `201` (input `containers`) is not what Fargate can give: expected 21 to 200, or nothing for the usual 20",
      "containers.planner.writable_paths: `/tmp/` (input `containers`) is no absolute path without a slash at its end, such as `/tmp`; for `/` itself say `root_filesystem: writable` in the allow-list",
      "containers.planner.writable_paths: `/` (input `containers`) is no absolute path without a slash at its end, such as `/tmp`; for `/` itself say `root_filesystem: writable` in the allow-list",
    ]
    error_message = join("\n", output.problems)
  }
}

run "settings_are_those_that_were_given_and_the_usual_ones_otherwise" {
  command = plan

  variables {
    settings = { planner = { ephemeral_storage_gib = 200, writable_paths = [] }, builder = { cpu_architecture = "ARM64", ephemeral_storage_gib = 21 } }
  }

  assert {
    condition     = length(output.problems) == 0
    error_message = join("\n", output.problems)
  }

  assert {
    condition = jsonencode({ for name, container in output.containers : name => [container.cpu_architecture, container.ephemeral_storage_gib, container.writable_paths] }) == jsonencode({
      builder = ["ARM64", 21, null]
      planner = ["X86_64", 200, []]
      public  = ["X86_64", null, null]
    })
    error_message = jsonencode(output.containers)
  }
}

run "isolation_and_ec2_are_fine_where_there_is_a_place_for_them" {
  command = plan

  variables {
    manifest      = "../tests/packages/unfit/manifest.json"
    has_ec2       = true
    has_isolation = true
  }

  assert {
    condition     = length([for problem in output.problems : problem if strcontains(problem, "lonely") || strcontains(problem, "on-ec2")]) == 0
    error_message = join("\n", output.problems)
  }
}

run "an_image_that_was_not_given" {
  command = plan

  variables {
    images = { terraform-runner = "registry.example.com/terraform-runner@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
  }

  assert {
    condition     = output.image_problems == tolist(["containers.public.image: `tool` has no entry in `images`: add `tool = \"REPOSITORY@sha256:DIGEST\"`"])
    error_message = join("\n", output.image_problems)
  }
}

run "images_that_are_not_pinned" {
  command = plan

  variables {
    images = {
      terraform-runner = "registry.example.com/terraform-runner:latest"
      tool             = "registry.example.com/tool@sha256:0123"
    }
  }

  assert {
    condition = output.image_problems == tolist([
      "containers.builder.image: `registry.example.com/terraform-runner:latest` (`images`, `terraform-runner`) is not pinned by digest: give `REPOSITORY@sha256:DIGEST`, or set `allow_images_by_tag` and trust whoever can push there",
      "containers.planner.image: `registry.example.com/terraform-runner:latest` (`images`, `terraform-runner`) is not pinned by digest: give `REPOSITORY@sha256:DIGEST`, or set `allow_images_by_tag` and trust whoever can push there",
      "containers.public.image: `registry.example.com/tool@sha256:0123` (`images`, `tool`) is no image reference: expected `REPOSITORY@sha256:DIGEST`",
    ])
    error_message = join("\n", output.image_problems)
  }
}

run "images_by_tag_need_a_decision" {
  command = plan

  variables {
    allow_images_by_tag = true
    images = {
      terraform-runner = "registry.example.com/terraform-runner:1.2.3"
      tool             = "registry.example.com/tool"
    }
  }

  assert {
    condition     = output.image_problems == tolist(["containers.public.image: `registry.example.com/tool` (`images`, `tool`) is no image reference: expected `REPOSITORY@sha256:DIGEST`"])
    error_message = join("\n", output.image_problems)
  }
}
