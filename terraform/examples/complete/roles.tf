# What each container's jobs may do. The deploy runner itself gives them nothing.

locals {
  state_objects = "arn:aws:s3:::${var.state_bucket}/*"
  state_bucket  = "arn:aws:s3:::${var.state_bucket}"
}

# Nothing that runs here can widen its own permissions or go round the gate.
resource "aws_iam_policy" "boundary" {
  # checkov:skip=CKV_AWS_286:A boundary grants nothing: it says what policies may grant at most.
  # checkov:skip=CKV_AWS_290:A boundary grants nothing: it says what policies may grant at most.
  # checkov:skip=CKV_AWS_288:A boundary grants nothing: it says what policies may grant at most.
  # checkov:skip=CKV_AWS_62:A boundary grants nothing: it says what policies may grant at most.
  # checkov:skip=CKV_AWS_289:A boundary grants nothing: it says what policies may grant at most.
  # checkov:skip=CKV_AWS_287:A boundary grants nothing: it says what policies may grant at most.
  # checkov:skip=CKV_AWS_63:A boundary grants nothing: it says what policies may grant at most.
  # checkov:skip=CKV_AWS_355:A boundary grants nothing: it says what policies may grant at most.
  # checkov:skip=CKV2_AWS_40:A boundary grants nothing: it says what policies may grant at most.
  name = "${local.name}-boundary"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "WhateverTheirPoliciesSay", Effect = "Allow", Action = "*", Resource = "*" },
      {
        Sid      = "NotTheDeployRunnerItself"
        Effect   = "Deny"
        Action   = ["iam:*", "lambda:*"]
        Resource = ["arn:aws:iam::${local.account}:role/${local.name}-*", "arn:aws:iam::${local.account}:policy/${local.name}-*", "arn:aws:lambda:*:${local.account}:function:${local.name}-*"]
        Condition = {
          # The invoker hands its tasks their roles; that is the one thing that it does with IAM.
          ArnNotLike = { "aws:PrincipalArn" = "arn:aws:iam::${local.account}:role/${local.name}-*-invoker" }
        }
      },
    ]
  })
}

# A plan runs code of commits that nobody reviewed: it reads, and of the state it writes the lock only.
resource "aws_iam_role_policy_attachment" "planner" {
  role       = module.deploy_runner.task_roles["terraform-planner"].name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy" "planner" {
  name = "state"
  role = module.deploy_runner.task_roles["terraform-planner"].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "LockTheState", Effect = "Allow", Action = ["s3:PutObject", "s3:DeleteObject"], Resource = ["${local.state_objects}.tflock"] },
      { Sid = "NoSecrets", Effect = "Deny", Action = ["secretsmanager:GetSecretValue", "ssm:GetParameter*"], Resource = ["*"] },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "applier" {
  for_each = toset(var.applier_policy_arns)

  role       = module.deploy_runner.task_roles["terraform-applier"].name
  policy_arn = each.key
}

resource "aws_iam_role_policy" "applier" {
  name = "state"
  role = module.deploy_runner.task_roles["terraform-applier"].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "ReadAndWriteTheState", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Resource = [local.state_objects] },
      { Sid = "FindTheState", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.state_bucket] },
    ]
  })
}

# A Dockerfile is code too: it pushes to the named repositories and nowhere else.
resource "aws_iam_role_policy" "image_builder" {
  name = "push-images"
  role = module.deploy_runner.task_roles["docker-image-builder"].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "LogInToTheRegistry", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
      {
        Sid    = "PushToTheNamedRepositories"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
        ]
        Resource = [for name in var.application_repositories : "arn:aws:ecr:${var.region}:${local.account}:repository/${name}"]
      },
    ]
  })
}

# What Packer's amazon-ebs builder asks for, in this Region.
resource "aws_iam_role_policy" "ami_builder" {
  name = "build-images"
  role = module.deploy_runner.task_roles["ami-builder"].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "BuildMachineImages"
      Effect = "Allow"
      Action = [
        "ec2:AttachVolume", "ec2:AuthorizeSecurityGroupIngress", "ec2:CopyImage", "ec2:CreateImage", "ec2:CreateKeyPair", "ec2:CreateSecurityGroup",
        "ec2:CreateSnapshot", "ec2:CreateTags", "ec2:CreateVolume", "ec2:DeleteKeyPair", "ec2:DeleteSecurityGroup", "ec2:DeleteSnapshot",
        "ec2:DeleteVolume", "ec2:DeregisterImage", "ec2:Describe*", "ec2:DetachVolume", "ec2:GetPasswordData", "ec2:ModifyImageAttribute",
        "ec2:ModifyInstanceAttribute", "ec2:ModifySnapshotAttribute", "ec2:RegisterImage", "ec2:RunInstances", "ec2:StopInstances", "ec2:TerminateInstances",
      ]
      Resource  = ["*"]
      Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
    }]
  })
}
