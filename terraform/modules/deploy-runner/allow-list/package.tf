# What the package is: the manifest, the zip file and the compiled allow-list, which lie in one folder. Reads files, makes nothing.
#
# The manifest's format stands for the whole contract between a release's package and this module: its own shape, the shape of the compiled
# allow-list, and the function's settings. Another format is refused.

locals {
  manifest_format   = 1
  allow_list_format = 1

  manifest_text = try(file(var.manifest), null)
  manifest      = try(jsondecode(local.manifest_text), null)
  folder        = dirname(var.manifest)

  zip  = "${local.folder}/${try(tostring(local.manifest.package), "")}"
  file = "${local.folder}/${try(tostring(local.manifest.allow_list), "")}"

  make_it_again = "make the package again (`make package`)"

  manifest_problem = (
    local.manifest_text == null ? "package: `${var.manifest}` is not there: make the package first (`make package`), and give the path of its manifest" :
    local.manifest == null ? "package: `${var.manifest}` is no JSON, so no manifest of a package: ${local.make_it_again}" :
    try(tostring(local.manifest.format), "") != tostring(local.manifest_format) ?
    "package: `${var.manifest}` has format `${try(tostring(local.manifest.format), "none")}`, and this module reads ${local.manifest_format}: take module and package from the same release" :
    null
  )

  zip_problem = local.manifest_problem != null ? null : (
    !fileexists(local.zip) ? "package: `${local.zip}` is not there, and `${var.manifest}` names it: keep both in one folder, or ${local.make_it_again}" :
    filebase64sha256(local.zip) != local.manifest.code_sha256 ? "package: `${local.zip}` is not the file that `${var.manifest}` describes: ${local.make_it_again}" :
    null
  )

  file_problem = local.manifest_problem != null ? null : (
    !fileexists(local.file) ? "package: `${local.file}` is not there, and `${var.manifest}` names it: keep both in one folder, or ${local.make_it_again}" :
    filesha256(local.file) != local.manifest.allow_list_digest ?
    "package: `${local.file}` is not the allow-list inside `${local.zip}` (digest ${substr(local.manifest.allow_list_digest, 0, 12)}…): ${local.make_it_again}" :
    null
  )

  allow_list = try(jsondecode(file(local.file)), null)

  format_problem = local.manifest_problem != null || local.file_problem != null ? null : (
    try(tostring(local.allow_list.format), "") != tostring(local.allow_list_format) ?
    "package: `${local.file}` has format `${try(tostring(local.allow_list.format), "none")}`, and this module reads ${local.allow_list_format}: take module and package from the same release" :
    null
  )

  package_problems = compact([local.manifest_problem, local.zip_problem, local.file_problem, local.format_problem])
}
