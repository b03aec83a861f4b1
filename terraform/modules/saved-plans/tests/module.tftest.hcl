# What the module makes, without AWS. What its policies allow is tested where they are applied.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  bucket             = "acme-plans"
  planner_role_names = { planner = "role-of-the-planner" }
  applier_role_names = { applier = "role-of-the-applier" }
}

run "planners_write_and_appliers_read" {
  assert {
    condition = (
      aws_iam_role_policy.planner["planner"].role == "role-of-the-planner" &&
      flatten(jsondecode(aws_iam_role_policy.planner["planner"].policy).Statement[*].Action) == ["s3:PutObject"]
    )
    error_message = aws_iam_role_policy.planner["planner"].policy
  }

  assert {
    condition = (
      aws_iam_role_policy.applier["applier"].role == "role-of-the-applier" &&
      flatten(jsondecode(aws_iam_role_policy.applier["applier"].policy).Statement[*].Action) == ["s3:GetObject", "s3:ListBucket"]
    )
    error_message = aws_iam_role_policy.applier["applier"].policy
  }

  assert {
    condition     = output.plan_store == "s3://acme-plans" && output.bucket_arn == "arn:aws:s3:::acme-plans"
    error_message = "the allow-list fixes the address that the output tells"
  }
}

run "the_bucket_is_private_and_no_plan_is_replaced" {
  assert {
    condition = (
      aws_s3_bucket_public_access_block.plans.block_public_acls && aws_s3_bucket_public_access_block.plans.block_public_policy &&
      aws_s3_bucket_public_access_block.plans.ignore_public_acls && aws_s3_bucket_public_access_block.plans.restrict_public_buckets
    )
    error_message = "no public access of any kind"
  }

  assert {
    condition = { for statement in jsondecode(aws_s3_bucket_policy.plans.policy).Statement : statement.Sid => [statement.Effect, statement.Action, statement.Condition] } == {
      EncryptedConnectionsOnly = ["Deny", "s3:*", { Bool = { "aws:SecureTransport" = "false" } }]
      NeverReplaceAPlan        = ["Deny", "s3:PutObject", { Null = { "s3:if-none-match" = "true" } }]
    }
    error_message = aws_s3_bucket_policy.plans.policy
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.plans[0].rule[0].expiration[0].days == 8
    error_message = "old plans go away"
  }
}

run "without_a_rule_nothing_expires" {
  variables {
    expire_after_days = null
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.plans) == 0
    error_message = "null makes no rule"
  }
}

run "a_bucket_whose_name_no_certificate_covers_is_refused" {
  command = plan

  variables {
    bucket = "acme.plans"
  }

  expect_failures = [var.bucket]
}

run "a_lifetime_of_no_days_is_refused" {
  command = plan

  variables {
    expire_after_days = 0
  }

  expect_failures = [var.expire_after_days]
}
