output "problems" {
  description = "Everything that stands in the way, one sentence each, each with its place in the allow-list or the input that is to be mended."
  value       = local.problems
}

output "image_problems" {
  description = "The same about images. Apart from the others, because a reference may be known only when its repository has been made."
  value       = compact(local.image_problems)
}

output "containers" {
  description = "Containers by name; none when the package cannot be used."
  value       = local.containers
}

output "zip" {
  description = "Path of the function's zip file."
  value       = local.zip
}

output "code_sha256" {
  description = "SHA-256 of the zip file in base64."
  value       = try(local.manifest.code_sha256, "")
}

output "architecture" {
  description = "Processor that the function's program is for, in Lambda's words."
  value       = try(local.manifest.architecture, "x86_64")
}

output "digest" {
  description = "SHA-256 of the compiled allow-list, as in every audit record."
  value       = try(local.manifest.allow_list_digest, "")
}

output "release" {
  description = "Release that made the package."
  value       = try(local.manifest.release, "")
}
