# What a CI job needs: to invoke one alias of one function, and nothing else. Optionally the role, for jobs that prove who they are by OIDC.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid      = "AskTheGate"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [var.invoker_alias_arn]
    }]
  }

  # `repo:OWNER/NAME`, or `repo:OWNER@ID/NAME@ID` with the ids that nobody can take over.
  github_repositories = [
    for entry in var.github : entry.owner_id == null ? "repo:${entry.repository}" :
    "repo:${split("/", entry.repository)[0]}@${entry.owner_id}/${split("/", entry.repository)[1]}@${entry.repository_id}"
  ]
  github_subjects = flatten([
    for index, entry in var.github : concat(
      [for ref in entry.refs : "${local.github_repositories[index]}:ref:${ref}"],
      [for name in entry.environments : "${local.github_repositories[index]}:environment:${name}"],
      entry.pull_requests ? ["${local.github_repositories[index]}:pull_request"] : [],
    )
  ])
  gitlab_subjects = flatten([
    for entry in var.gitlab : concat(
      [for name in entry.branches : "project_path:${entry.project_path}:ref_type:branch:ref:${name}"],
      [for name in entry.tags : "project_path:${entry.project_path}:ref_type:tag:ref:${name}"],
    )
  ])

  github_host   = "token.actions.githubusercontent.com"
  circleci_host = var.circleci == null ? "" : "oidc.circleci.com/org/${var.circleci.organization_id}"

  # By host: the audience that a token must be for, and the subjects. CircleCI's end with the user who started the job: any.
  providers = merge(
    length(var.github) == 0 ? {} : { (local.github_host) = { audience = "sts.amazonaws.com", subjects = local.github_subjects, any_end = false } },
    length(var.gitlab) == 0 ? {} : { (var.gitlab_host) = { audience = var.gitlab_audience, subjects = local.gitlab_subjects, any_end = false } },
    var.circleci == null ? {} : { (local.circleci_host) = {
      audience = var.circleci.organization_id
      subjects = [for id in var.circleci.project_ids : "org/${var.circleci.organization_id}/project/${id}/user/*"]
      any_end  = true
    } },
  )

  trust_policy = {
    Version = "2012-10-17"
    Statement = [
      for host, provider in local.providers : {
        Effect    = "Allow"
        Principal = { Federated = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/${host}" }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          for operator, keys in {
            StringEquals = merge({ "${host}:aud" = [provider.audience] }, provider.any_end ? {} : { "${host}:sub" = provider.subjects })
            StringLike   = provider.any_end ? { "${host}:sub" = provider.subjects } : {}
          } : operator => keys if length(keys) > 0
        }
      }
    ]
  }
}

resource "aws_iam_openid_connect_provider" "ci" {
  for_each = var.make_identity_provider ? local.providers : {}

  url            = "https://${each.key}"
  client_id_list = [each.value.audience]
  tags           = var.tags
}

resource "aws_iam_role" "ci" {
  count = var.role_name == null ? 0 : 1

  name                 = var.role_name
  description          = "Asks the gate of deploy-runner, and does nothing else."
  assume_role_policy   = jsonencode(local.trust_policy)
  max_session_duration = var.max_session_seconds
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  lifecycle {
    precondition {
      condition     = length(local.providers) > 0
      error_message = "`role_name` is given, and nobody could take the role: give `github`, `gitlab` or `circleci`, or leave `role_name` out and attach `policy_json` to a role of yours"
    }
  }
}

resource "aws_iam_role_policy" "ci" {
  count = var.role_name == null ? 0 : 1

  name   = "ask-the-gate"
  role   = aws_iam_role.ci[0].name
  policy = jsonencode(local.policy)
}
