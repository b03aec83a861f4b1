//! Every permission that the Terraform modules grant, with its reason, and what each role is tried with.
//!
//! Two tests read this: one compares it with what Terraform made in a simulated account, the other with the tables of
//! `docs/aws-permissions.md`. Names are those of the account that the tests apply to.

mod attempts;
mod document;

pub use attempts::{ATTEMPTS, Attempt, TRUSTS, Trust};
pub use document::{attempts_table, permissions_table};

/// A role that Terraform makes, by its part in the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// CI's.
    Ci,
    /// The function's.
    Invoker,
    /// What starts tasks of a container with a secret and an image in ECR.
    Execution,
    /// What starts tasks of a container with neither.
    PlainExecution,
    /// What jobs have.
    Task,
    /// What jobs have that save plans.
    Planner,
    /// What jobs have that apply saved plans.
    Applier,
}

impl Role {
    /// In the words of the documents.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ci => "CI role",
            Self::Invoker => "invoker role",
            Self::Execution => "execution role",
            Self::PlainExecution => "execution role of another container",
            Self::Task => "task role",
            Self::Planner => "task role of a planner",
            Self::Applier => "task role of an applier",
        }
    }

    /// Its name among the outputs of the installation.
    pub fn output(self) -> &'static str {
        match self {
            Self::Ci => "ci",
            Self::Invoker => "invoker",
            Self::Execution => "execution/confidential",
            Self::PlainExecution => "execution/jobs",
            Self::Task => "task/jobs",
            Self::Planner => "task/planner",
            Self::Applier => "task/applier",
        }
    }
}

/// One statement of a policy.
#[derive(Debug)]
pub struct Permission {
    /// Whose.
    pub role: Role,
    /// The statement's id.
    pub sid: &'static str,
    /// What it allows; nothing else is in it.
    pub actions: &'static [&'static str],
    /// What it is for.
    pub why: &'static str,
    /// What its resources and conditions hold off.
    pub limits: &'static str,
}

/// Every statement there is. A role that is not here has none.
pub const PERMISSIONS: &[Permission] = &[
    Permission {
        role: Role::Ci,
        sid: "AskTheGate",
        actions: &["lambda:InvokeFunction"],
        why: "start, watch, stop, explain and describe are messages to one function",
        limits: "one alias: no other function, and no older version of the gate",
    },
    Permission {
        role: Role::Invoker,
        sid: "StartPinnedTasksInThisCluster",
        actions: &["ecs:RunTask"],
        why: "a permit becomes a task",
        limits: "revisions are pinned: another image or another role needs a new revision, which is a reviewed change. Nothing starts in another cluster. Execute-command is never switched on",
    },
    Permission {
        role: Role::Invoker,
        sid: "TagWhatItStarts",
        actions: &["ecs:TagResource"],
        why: "the task carries the digests of request and allow-list, and where the call came from",
        limits: "[only while a task is being started](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html): no tag of an existing task can be changed",
    },
    Permission {
        role: Role::Invoker,
        sid: "LookAtAndStopTasksInThisCluster",
        actions: &["ecs:DescribeTasks", "ecs:StopTask"],
        why: "phase, exit code, why it stopped; cancel",
        limits: "this cluster",
    },
    Permission {
        role: Role::Invoker,
        sid: "CountTasksInThisCluster",
        actions: &["ecs:ListTasks"],
        why: "how many runs share the account's log quota",
        limits: "its only resource type is the container instance, which Fargate does not have: so the cluster condition is the limit",
    },
    Permission {
        role: Role::Invoker,
        sid: "HandOverTheRolesOfTheTasks",
        actions: &["iam:PassRole"],
        why: "ECS starts a task with its roles only for a caller that may pass them",
        limits: "to ECS tasks only, and no role but these, although `RunTask` can override roles",
    },
    Permission {
        role: Role::Invoker,
        sid: "ReadTheLogOfOneJob",
        actions: &["logs:GetLogEvents"],
        why: "the output of a job",
        limits: "streams of jobs in this group",
    },
    Permission {
        role: Role::Invoker,
        sid: "ReadTheLogOfManyJobs",
        actions: &["logs:FilterLogEvents"],
        why: "the output of many jobs in one call",
        limits: "this group",
    },
    Permission {
        role: Role::Invoker,
        sid: "WriteTheAuditLog",
        actions: &["logs:CreateLogStream", "logs:PutLogEvents"],
        why: "Lambda writes the function's standard output, which is the audit log",
        limits: "this group. No `CreateLogGroup`: Terraform makes it, with its retention",
    },
    Permission {
        role: Role::Execution,
        sid: "PullTheImage",
        actions: &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        why: "the container's image, where it is in ECR",
        limits: "this container's repository",
    },
    Permission {
        role: Role::Execution,
        sid: "LogInToTheRegistry",
        actions: &["ecr:GetAuthorizationToken"],
        why: "a token for the registry, where the image is in ECR",
        limits: "it has no resource; what the token may pull is the line above",
    },
    Permission {
        role: Role::Execution,
        sid: "ReadTheDeclaredSecrets",
        actions: &["secretsmanager:GetSecretValue"],
        why: "ECS puts the declared secrets into the job's environment",
        limits: "secrets that the allow-list declares for this container",
    },
    Permission {
        role: Role::Execution,
        sid: "ReadTheDeclaredParameters",
        actions: &["ssm:GetParameters"],
        why: "the same for parameters of Parameter Store",
        limits: "parameters that the allow-list declares for this container",
    },
    Permission {
        role: Role::Execution,
        sid: "DecryptTheDeclaredSecrets",
        actions: &["kms:Decrypt"],
        why: "secrets under a key of your own (`secret_kms_key_arns`)",
        limits: "these keys, and only through Secrets Manager and Parameter Store",
    },
    Permission {
        role: Role::Execution,
        sid: "WriteTheLogOfTheJobs",
        actions: &["logs:CreateLogStream", "logs:PutLogEvents"],
        why: "the log driver writes what the job prints",
        limits: "this group",
    },
    Permission {
        role: Role::PlainExecution,
        sid: "WriteTheLogOfTheJobs",
        actions: &["logs:CreateLogStream", "logs:PutLogEvents"],
        why: "the log driver writes what the job prints",
        limits: "this group",
    },
    Permission {
        role: Role::Planner,
        sid: "SavePlans",
        actions: &["s3:PutObject"],
        why: "`plan --save-plan` keeps the sealed plan (module `saved-plans`)",
        limits: "this bucket, which refuses to replace an object; nothing is read, listed or deleted",
    },
    Permission {
        role: Role::Applier,
        sid: "ReadSavedPlans",
        actions: &["s3:GetObject"],
        why: "`apply --plan` gets the sealed plan (module `saved-plans`)",
        limits: "this bucket; nothing is written or deleted",
    },
    Permission {
        role: Role::Applier,
        sid: "TellMissingPlansFromForbiddenOnes",
        actions: &["s3:ListBucket"],
        why: "without it, S3 answers that access is denied for a plan that is not there",
        limits: "this bucket, which holds nothing but plans, each named by its digest",
    },
];
