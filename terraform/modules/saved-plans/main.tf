# A bucket for saved plans, and what planners and appliers may do with it.
#
# Plans are sealed before they get here. The bucket decides that one that is there is never replaced and that old ones go away; whether a plan is believed is decided
# by the key that planners and appliers share.

data "aws_partition" "current" {}

locals {
  # Written out rather than asked for, so that policies can name what does not exist yet.
  bucket_arn = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"

  planner_statements = [{
    Sid      = "SavePlans"
    Effect   = "Allow"
    Action   = ["s3:PutObject"]
    Resource = ["${local.bucket_arn}/*"]
  }]

  applier_statements = [
    {
      Sid      = "ReadSavedPlans"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${local.bucket_arn}/*"]
    },
    {
      Sid      = "TellMissingPlansFromForbiddenOnes"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = [local.bucket_arn]
    },
  ]

  bucket_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EncryptedConnectionsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "NeverReplaceAPlan"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = ["${local.bucket_arn}/*"]
        Condition = { Null = { "s3:if-none-match" = "true" } }
      },
    ]
  }
}

resource "aws_s3_bucket" "plans" {
  # checkov:skip=CKV_AWS_144:Plans live for hours; a copy in another Region would only be one more place to look after.
  # checkov:skip=CKV_AWS_145:Plans are sealed with a key that AWS does not have before they are uploaded.
  # checkov:skip=CKV_AWS_21:The name of a plan is the digest of its content, and none is ever replaced: there are no versions to keep.
  # checkov:skip=CKV_AWS_18:Who saved and who applied a plan is in the record of decisions.
  # checkov:skip=CKV2_AWS_62:Nothing waits for a plan.
  # checkov:skip=CKV2_AWS_61:Old plans go away by the rule below, unless `expire_after_days` is null.
  bucket        = var.bucket
  force_destroy = var.force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "plans" {
  bucket                  = aws_s3_bucket.plans.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "plans" {
  bucket = aws_s3_bucket.plans.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "plans" {
  bucket = aws_s3_bucket.plans.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "plans" {
  count = var.expire_after_days == null ? 0 : 1

  bucket = aws_s3_bucket.plans.id

  rule {
    id     = "old-plans-go-away"
    status = "Enabled"
    filter {}

    expiration {
      days = var.expire_after_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "plans" {
  bucket = aws_s3_bucket.plans.id
  policy = jsonencode(local.bucket_policy)

  depends_on = [aws_s3_bucket_public_access_block.plans]
}

resource "aws_iam_role_policy" "planner" {
  for_each = var.planner_role_names

  name   = "save-plans"
  role   = each.value
  policy = jsonencode({ Version = "2012-10-17", Statement = local.planner_statements })
}

resource "aws_iam_role_policy" "applier" {
  for_each = var.applier_role_names

  name   = "read-saved-plans"
  role   = each.value
  policy = jsonencode({ Version = "2012-10-17", Statement = local.applier_statements })
}
