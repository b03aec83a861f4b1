# The policy and who may take the role, without AWS.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/ci" }
  }
}

variables {
  invoker_alias_arn = "arn:aws:lambda:eu-west-1:111122223333:function:deploy-runner-invoker:live"
}

run "the_policy_is_one_action_on_one_alias" {
  assert {
    condition = jsondecode(output.policy_json) == {
      Version   = "2012-10-17"
      Statement = [{ Sid = "AskTheGate", Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = [var.invoker_alias_arn] }]
    }
    error_message = output.policy_json
  }

  assert {
    condition     = length(aws_iam_role.ci) == 0 && output.role_arn == null
    error_message = "no role unless it is asked for"
  }
}

run "github_sends_both_shapes_of_subject" {
  variables {
    role_name = "ci"
    github = [
      { repository = "example/infrastructure-live", refs = ["refs/heads/main"], pull_requests = true },
      { repository = "example/new", owner_id = 1234567, repository_id = 7654321, refs = ["refs/heads/main"], environments = ["production"] },
    ]
  }

  assert {
    condition = jsondecode(aws_iam_role.ci[0].assume_role_policy) == {
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "token.actions.githubusercontent.com:aud" = ["sts.amazonaws.com"]
            "token.actions.githubusercontent.com:sub" = [
              "repo:example/infrastructure-live:ref:refs/heads/main",
              "repo:example/infrastructure-live:pull_request",
              "repo:example@1234567/new@7654321:ref:refs/heads/main",
              "repo:example@1234567/new@7654321:environment:production",
            ]
          }
        }
      }]
    }
    error_message = aws_iam_role.ci[0].assume_role_policy
  }

  assert {
    condition     = aws_iam_role_policy.ci[0].policy == output.policy_json && length(aws_iam_openid_connect_provider.ci) == 0
    error_message = "the role has the policy, and the account's identity provider is left alone"
  }
}

run "gitlab_and_circleci_have_a_statement_each" {
  variables {
    role_name              = "ci"
    make_identity_provider = true
    gitlab                 = [{ project_path = "example/group/live", branches = ["main"], tags = ["v1"] }]
    circleci               = { organization_id = "00000000-0000-0000-0000-000000000001", project_ids = ["00000000-0000-0000-0000-000000000002"] }
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role.ci[0].assume_role_policy).Statement : statement.Condition] == [
      {
        StringEquals = {
          "gitlab.com:aud" = ["sts.amazonaws.com"]
          "gitlab.com:sub" = ["project_path:example/group/live:ref_type:branch:ref:main", "project_path:example/group/live:ref_type:tag:ref:v1"]
        }
      },
      {
        StringEquals = { "oidc.circleci.com/org/00000000-0000-0000-0000-000000000001:aud" = ["00000000-0000-0000-0000-000000000001"] }
        StringLike   = { "oidc.circleci.com/org/00000000-0000-0000-0000-000000000001:sub" = ["org/00000000-0000-0000-0000-000000000001/project/00000000-0000-0000-0000-000000000002/user/*"] }
      },
    ]
    error_message = aws_iam_role.ci[0].assume_role_policy
  }

  assert {
    condition     = toset([for provider in values(aws_iam_openid_connect_provider.ci) : provider.url]) == toset(["https://gitlab.com", "https://oidc.circleci.com/org/00000000-0000-0000-0000-000000000001"])
    error_message = "the identity providers are made where that is asked for"
  }
}

run "a_role_that_nobody_could_take" {
  command = plan

  variables {
    role_name = "ci"
  }

  expect_failures = [aws_iam_role.ci]
}

run "a_function_without_an_alias_and_subjects_with_wildcards" {
  command = plan

  variables {
    invoker_alias_arn   = "arn:aws:lambda:eu-west-1:111122223333:function:deploy-runner-invoker"
    role_name           = "a b"
    max_session_seconds = 60
    github              = [{ repository = "example/*", refs = ["refs/heads/main"] }]
    gitlab              = [{ project_path = "example/*", branches = ["main"] }]
    gitlab_host         = "https://gitlab.example.com"
    circleci            = { organization_id = "example", project_ids = ["*"] }
  }

  expect_failures = [var.invoker_alias_arn, var.role_name, var.max_session_seconds, var.github, var.gitlab, var.gitlab_host, var.circleci]
}

run "wildcards_in_refs" {
  command = plan

  variables {
    github   = [{ repository = "example/live", refs = ["refs/heads/*"] }]
    gitlab   = [{ project_path = "example/live", branches = ["*"] }]
    circleci = { organization_id = "00000000-0000-0000-0000-000000000001", project_ids = [] }
  }

  expect_failures = [var.github, var.gitlab, var.circleci]
}

run "one_id_of_two_and_a_project_without_refs" {
  command = plan

  variables {
    github = [{ repository = "example/live", owner_id = 1, refs = ["refs/heads/main"] }]
    gitlab = [{ project_path = "example/live" }]
  }

  expect_failures = [var.github, var.gitlab]
}

run "environments_with_wildcards" {
  command = plan

  variables {
    github = [{ repository = "example/live", environments = ["*"] }]
  }

  expect_failures = [var.github]
}

run "a_repository_without_jobs" {
  command = plan

  variables {
    github = [{ repository = "example/live" }]
  }

  expect_failures = [var.github]
}
