# What each container is, and what stands in the way of its being an ECS task. Every problem names its place in the allow-list.

locals {
  # Nothing is read from files that do not belong together.
  declared = { for name, container in try(local.allow_list.containers, {}) : name => container if length(local.package_problems) == 0 }

  containers = {
    for name, container in local.declared : name => {
      image       = container.image
      reference   = lookup(var.images, container.image, "")
      environment = { for key, value in container.environment : key => value }
      secrets     = { for key, value in container.secrets : key => value }
      isolated    = container.network == "none"
      # Left out where a container gets what every container gets.
      writable_root = try(container.root_filesystem, "read_only") == "writable"
      capabilities  = try(container.capabilities, [])
      cpu           = container.task.cpu
      memory        = container.task.memory
      on_fargate    = length(setintersection(container.task.launch_types, ["FARGATE", "FARGATE_SPOT"])) > 0
      on_ec2        = contains(container.task.launch_types, "EC2")

      writable_paths        = try(var.settings[name].writable_paths, null)
      cpu_architecture      = try(var.settings[name].cpu_architecture, "X86_64")
      ephemeral_storage_gib = try(var.settings[name].ephemeral_storage_gib, null)
    }
  }

  by_digest = "^[^\\s@]+@sha256:[0-9a-f]{64}$"
  by_tag    = "^[^\\s@]+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"

  image_problems = [
    for name, container in local.containers :
    container.reference == "" ?
    "containers.${name}.image: `${container.image}` has no entry in `images`: add `${container.image} = \"REPOSITORY@sha256:DIGEST\"`" :
    can(regex(local.by_digest, container.reference)) ? "" :
    !can(regex(local.by_tag, container.reference)) ?
    "containers.${name}.image: `${container.reference}` (`images`, `${container.image}`) is no image reference: expected `REPOSITORY@sha256:DIGEST`" :
    var.allow_images_by_tag ? "" :
    "containers.${name}.image: `${container.reference}` (`images`, `${container.image}`) is not pinned by digest: give `REPOSITORY@sha256:DIGEST`, or set `allow_images_by_tag` and trust whoever can push there"
  ]

  # The six characters that Secrets Manager adds are part of the ARN: a policy on a shorter one matches nothing.
  in_secrets_manager = "^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}(:[^:]*:[^:]*:[^:]*)?$"
  in_parameter_store = "^arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9/_.-]+$"

  secret_problems = flatten([
    for name, container in local.containers : [
      for variable, reference in container.secrets :
      "containers.${name}.secrets.${variable}: `${reference}` is no secret that ECS can read: give the whole ARN of a Secrets Manager secret, with the six characters at its end, or of an SSM parameter"
      if !can(regex(local.in_secrets_manager, reference)) && !can(regex(local.in_parameter_store, reference))
    ]
  ])

  # Written by the gate's own table; a test compares them.
  fargate_sizes = tomap({ for cpu, memories in jsondecode(file("${path.module}/fargate-sizes.json")) : cpu => tolist(memories) })
  fargate_cpus  = [for cpu in sort([for cpu in keys(local.fargate_sizes) : format("%5s", cpu)]) : trimspace(cpu)]

  memories = { for name, container in local.containers : name => try(local.fargate_sizes[container.cpu], []) }

  size_problems = [
    for name, container in local.containers :
    "containers.${name}.task: Fargate has no task with cpu ${container.cpu} and memory ${container.memory}: choose ${
      length(local.memories[name]) == 0 ? "" : "memory ${join(", ", local.memories[name])}, or "
    }cpu ${join(", ", local.fargate_cpus)} with what belongs to it"
    if container.on_fargate && !contains(local.memories[name], container.memory)
  ]

  setting_problems = concat(
    [
      for name in keys(var.settings) :
      "containers: the allow-list has no container `${name}`, and the input `containers` has settings for it: expected one of `${join("`, `", keys(local.containers))}`"
      if length(local.package_problems) == 0 && !contains(keys(local.containers), name)
    ],
    flatten([
      for name, given in var.setting_names : [
        for setting in setsubtract(given, ["writable_paths", "cpu_architecture", "ephemeral_storage_gib"]) :
        "containers.${name}.${setting}: the input `containers` has no such setting: expected `writable_paths`, `cpu_architecture` or `ephemeral_storage_gib`; privileges are said in the allow-list (`root_filesystem`, `capabilities`), the user in the image"
      ]
    ]),
    [
      for name, settings in var.settings :
      "containers.${name}.cpu_architecture: `${settings.cpu_architecture}` (input `containers`) is no processor of Fargate: expected `X86_64` or `ARM64`"
      if !contains(["X86_64", "ARM64"], settings.cpu_architecture)
    ],
    [
      for name, settings in var.settings :
      "containers.${name}.ephemeral_storage_gib: `${settings.ephemeral_storage_gib}` (input `containers`) is not what Fargate can give: expected 21 to 200, or nothing for the usual 20"
      if settings.ephemeral_storage_gib == null ? false : settings.ephemeral_storage_gib < 21 || settings.ephemeral_storage_gib > 200
    ],
    flatten([
      for name, settings in var.settings : [
        for path in coalesce(settings.writable_paths, []) :
        "containers.${name}.writable_paths: `${path}` (input `containers`) is no absolute path without a slash at its end, such as `/tmp`; for `/` itself say `root_filesystem: writable` in the allow-list"
        if !can(regex("^(/[A-Za-z0-9._-]+)+$", path))
      ]
    ]),
  )

  place_problems = concat(
    [
      for name, container in local.declared :
      "containers.${name}.volumes: ECS tasks get no volumes (`${join("`, `", keys(container.volumes))}`): remove them, or run this container on one machine only"
      if length(container.volumes) > 0
    ],
    [
      for name, container in local.containers :
      "containers.${name}.network: `none` needs security groups without a way out: set `isolated_security_group_ids`, or `vpc_endpoints`, or give the container `network: host`"
      if container.isolated && !var.has_isolation
    ],
    [
      for name, container in local.containers :
      "containers.${name}.task.launch_type: `EC2` needs container instances: set `ec2_capacity_provider`, or take `EC2` away"
      if container.on_ec2 && !var.has_ec2
    ],
  )

  problems = concat(
    local.package_problems,
    local.secret_problems,
    local.size_problems,
    local.place_problems,
    local.setting_problems,
  )
}
