//! What each role is tried with, and who tries to take it.

use super::Role;

/// Somebody with a role tries something.
#[derive(Debug)]
pub struct Attempt {
    /// With which role.
    pub role: Role,
    /// In words.
    pub what: &'static str,
    /// The action.
    pub action: &'static str,
    /// The resource; `{secret}` stands for the secret that a container declares, whose name ends as Secrets Manager likes.
    pub resource: &'static str,
    /// What the request says besides.
    pub context: &'static [(&'static str, &'static str)],
    /// Whether it shall work.
    pub works: bool,
}

/// Somebody tries to take a role.
#[derive(Debug)]
pub struct Trust {
    /// Which role.
    pub role: Role,
    /// In words.
    pub what: &'static str,
    /// Kind and name of the principal.
    pub principal: (&'static str, &'static str),
    /// The action.
    pub action: &'static str,
    /// What the request says besides.
    pub context: &'static [(&'static str, &'static str)],
    /// Whether it shall work.
    pub works: bool,
}

const THIS: &[(&str, &str)] = &[(
    "ecs:cluster",
    "arn:aws:ecs:eu-west-1:123456789012:cluster/deploy-runner",
)];
const OTHER: &[(&str, &str)] = &[("ecs:cluster", "arn:aws:ecs:eu-west-1:123456789012:cluster/production")];
const WITH_A_SHELL: &[(&str, &str)] = &[
    (
        "ecs:cluster",
        "arn:aws:ecs:eu-west-1:123456789012:cluster/deploy-runner",
    ),
    ("ecs:enable-execute-command", "true"),
];
const TO_TASKS: &[(&str, &str)] = &[("iam:PassedToService", "ecs-tasks.amazonaws.com")];

macro_rules! attempts {
    ($($role:ident $verdict:ident $what:literal, $action:literal on $resource:literal $(with $context:expr)?;)*) => {
        &[$(Attempt {
            role: Role::$role,
            what: $what,
            action: $action,
            resource: $resource,
            context: context!($($context)?),
            works: works!($verdict),
        }),*]
    };
}

macro_rules! context {
    () => {
        &[]
    };
    ($context:expr) => {
        $context
    };
}

macro_rules! works {
    (may) => {
        true
    };
    (never) => {
        false
    };
}

/// One row for each thing that matters.
pub const ATTEMPTS: &[Attempt] = attempts! {
    Ci may "call the alias", "lambda:InvokeFunction" on "arn:aws:lambda:eu-west-1:123456789012:function:deploy-runner-invoker:live";
    Ci never "call the function without its alias", "lambda:InvokeFunction" on "arn:aws:lambda:eu-west-1:123456789012:function:deploy-runner-invoker";
    Ci never "call an older version of the gate", "lambda:InvokeFunction" on "arn:aws:lambda:eu-west-1:123456789012:function:deploy-runner-invoker:1";
    Ci never "call another function", "lambda:InvokeFunction" on "arn:aws:lambda:eu-west-1:123456789012:function:other:live";
    Ci never "replace the gate", "lambda:UpdateFunctionCode" on "arn:aws:lambda:eu-west-1:123456789012:function:deploy-runner-invoker";
    Ci never "read the gate's settings", "lambda:GetFunctionConfiguration" on "arn:aws:lambda:eu-west-1:123456789012:function:deploy-runner-invoker:live";
    Ci never "start a task itself", "ecs:RunTask" on "arn:aws:ecs:eu-west-1:123456789012:task-definition/deploy-runner-jobs:1" with THIS;
    Ci never "stop a task itself", "ecs:StopTask" on "arn:aws:ecs:eu-west-1:123456789012:task/deploy-runner/0123456789abcdef0123456789abcdef" with THIS;
    Ci never "read a job's log itself", "logs:GetLogEvents" on "arn:aws:logs:eu-west-1:123456789012:log-group:/deploy-runner/jobs:log-stream:deploy-runner/job/0123456789abcdef0123456789abcdef";
    Ci never "read a secret", "secretsmanager:GetSecretValue" on "arn:aws:secretsmanager:eu-west-1:123456789012:secret:deploy-token-AbCdEf";

    Invoker may "start a pinned task", "ecs:RunTask" on "arn:aws:ecs:eu-west-1:123456789012:task-definition/deploy-runner-jobs:1" with THIS;
    Invoker never "start another revision", "ecs:RunTask" on "arn:aws:ecs:eu-west-1:123456789012:task-definition/deploy-runner-jobs:12" with THIS;
    Invoker never "start whatever revision is newest", "ecs:RunTask" on "arn:aws:ecs:eu-west-1:123456789012:task-definition/deploy-runner-jobs" with THIS;
    Invoker never "start another task definition", "ecs:RunTask" on "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1" with THIS;
    Invoker never "start a pinned task in another cluster", "ecs:RunTask" on "arn:aws:ecs:eu-west-1:123456789012:task-definition/deploy-runner-jobs:1" with OTHER;
    Invoker never "start a task that lets a shell in", "ecs:RunTask" on "arn:aws:ecs:eu-west-1:123456789012:task-definition/deploy-runner-jobs:1" with WITH_A_SHELL;
    Invoker never "open a shell in a task", "ecs:ExecuteCommand" on "arn:aws:ecs:eu-west-1:123456789012:task/deploy-runner/0123456789abcdef0123456789abcdef" with THIS;
    Invoker never "make a task definition", "ecs:RegisterTaskDefinition" on "*";
    Invoker may "tag a task that it starts", "ecs:TagResource" on "arn:aws:ecs:eu-west-1:123456789012:task/deploy-runner/0123456789abcdef0123456789abcdef" with &[("ecs:CreateAction", "RunTask")];
    Invoker never "change tags of a task", "ecs:TagResource" on "arn:aws:ecs:eu-west-1:123456789012:task/deploy-runner/0123456789abcdef0123456789abcdef";
    Invoker may "stop a task", "ecs:StopTask" on "arn:aws:ecs:eu-west-1:123456789012:task/deploy-runner/0123456789abcdef0123456789abcdef" with THIS;
    Invoker never "stop a task in another cluster", "ecs:StopTask" on "arn:aws:ecs:eu-west-1:123456789012:task/production/0123456789abcdef0123456789abcdef" with OTHER;
    Invoker may "look at a task", "ecs:DescribeTasks" on "arn:aws:ecs:eu-west-1:123456789012:task/deploy-runner/0123456789abcdef0123456789abcdef" with THIS;
    Invoker never "look at a task in another cluster", "ecs:DescribeTasks" on "arn:aws:ecs:eu-west-1:123456789012:task/production/0123456789abcdef0123456789abcdef" with OTHER;
    Invoker may "count tasks", "ecs:ListTasks" on "*" with THIS;
    Invoker never "list tasks of another cluster", "ecs:ListTasks" on "*" with OTHER;
    Invoker may "hand a task its role", "iam:PassRole" on "arn:aws:iam::123456789012:role/deploy-runner-eu-west-1-task-jobs" with TO_TASKS;
    Invoker may "hand a task its execution role", "iam:PassRole" on "arn:aws:iam::123456789012:role/deploy-runner-eu-west-1-exec-jobs" with TO_TASKS;
    Invoker never "hand a task another role", "iam:PassRole" on "arn:aws:iam::123456789012:role/administrator" with TO_TASKS;
    Invoker never "hand a task its own role", "iam:PassRole" on "arn:aws:iam::123456789012:role/deploy-runner-eu-west-1-invoker" with TO_TASKS;
    Invoker never "hand a machine the role of a task", "iam:PassRole" on "arn:aws:iam::123456789012:role/deploy-runner-eu-west-1-task-jobs" with &[("iam:PassedToService", "ec2.amazonaws.com")];
    Invoker may "read a job's log", "logs:GetLogEvents" on "arn:aws:logs:eu-west-1:123456789012:log-group:/deploy-runner/jobs:log-stream:deploy-runner/job/0123456789abcdef0123456789abcdef";
    Invoker may "read logs of many jobs", "logs:FilterLogEvents" on "arn:aws:logs:eu-west-1:123456789012:log-group:/deploy-runner/jobs:*";
    Invoker never "read another log group", "logs:FilterLogEvents" on "arn:aws:logs:eu-west-1:123456789012:log-group:/production/web:*";
    Invoker never "read a stream of another log group", "logs:GetLogEvents" on "arn:aws:logs:eu-west-1:123456789012:log-group:/production/web:log-stream:deploy-runner/job/0123456789abcdef0123456789abcdef";
    Invoker never "read the audit log", "logs:GetLogEvents" on "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/deploy-runner-invoker:log-stream:2026/01/01/[1]0";
    Invoker may "write the audit log", "logs:PutLogEvents" on "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/deploy-runner-invoker:log-stream:2026/01/01/[1]0";
    Invoker never "write into a job's log", "logs:PutLogEvents" on "arn:aws:logs:eu-west-1:123456789012:log-group:/deploy-runner/jobs:log-stream:deploy-runner/job/0123456789abcdef0123456789abcdef";
    Invoker never "delete the audit log", "logs:DeleteLogGroup" on "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/deploy-runner-invoker:*";
    Invoker never "read a declared secret", "secretsmanager:GetSecretValue" on "arn:aws:secretsmanager:eu-west-1:123456789012:secret:deploy-token-AbCdEf";
    Invoker never "replace itself", "lambda:UpdateFunctionCode" on "arn:aws:lambda:eu-west-1:123456789012:function:deploy-runner-invoker";

    Execution may "pull the image", "ecr:BatchGetImage" on "arn:aws:ecr:eu-west-1:123456789012:repository/deploy-runner/jobs";
    Execution never "pull another image", "ecr:BatchGetImage" on "arn:aws:ecr:eu-west-1:123456789012:repository/applications/web";
    Execution never "push an image", "ecr:PutImage" on "arn:aws:ecr:eu-west-1:123456789012:repository/deploy-runner/jobs";
    Execution may "read the declared secret", "secretsmanager:GetSecretValue" on "{secret}";
    Execution never "read another secret", "secretsmanager:GetSecretValue" on "arn:aws:secretsmanager:eu-west-1:123456789012:secret:database-AbCdEf";
    Execution may "write the job's log", "logs:PutLogEvents" on "arn:aws:logs:eu-west-1:123456789012:log-group:/deploy-runner/jobs:log-stream:deploy-runner/job/0123456789abcdef0123456789abcdef";
    Execution never "write the audit log", "logs:PutLogEvents" on "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/deploy-runner-invoker:log-stream:2026/01/01/[1]0";
    PlainExecution never "read a secret that another container declares", "secretsmanager:GetSecretValue" on "arn:aws:secretsmanager:eu-west-1:123456789012:secret:deploy-token-AbCdEf";
    PlainExecution never "pull from ECR when its image is elsewhere", "ecr:BatchGetImage" on "arn:aws:ecr:eu-west-1:123456789012:repository/deploy-runner/jobs";

    Task never "read the secret that it was given, once more", "secretsmanager:GetSecretValue" on "arn:aws:secretsmanager:eu-west-1:123456789012:secret:deploy-token-AbCdEf";
    Task never "start a task", "ecs:RunTask" on "arn:aws:ecs:eu-west-1:123456789012:task-definition/deploy-runner-jobs:1" with THIS;
    Task never "call the gate", "lambda:InvokeFunction" on "arn:aws:lambda:eu-west-1:123456789012:function:deploy-runner-invoker:live";
    Task never "write into a job's log", "logs:PutLogEvents" on "arn:aws:logs:eu-west-1:123456789012:log-group:/deploy-runner/jobs:log-stream:deploy-runner/job/0123456789abcdef0123456789abcdef";

    Planner may "save a plan", "s3:PutObject" on "arn:aws:s3:::deploy-runner-plans/0123456789abcdef.plan";
    Planner never "read a plan", "s3:GetObject" on "arn:aws:s3:::deploy-runner-plans/0123456789abcdef.plan";
    Planner never "delete a plan", "s3:DeleteObject" on "arn:aws:s3:::deploy-runner-plans/0123456789abcdef.plan";
    Planner never "write into another bucket", "s3:PutObject" on "arn:aws:s3:::terraform-state/live.tfstate";
    Planner never "change the rules of the bucket", "s3:PutBucketPolicy" on "arn:aws:s3:::deploy-runner-plans";
    Applier may "read a plan", "s3:GetObject" on "arn:aws:s3:::deploy-runner-plans/0123456789abcdef.plan";
    Applier may "tell whether a plan is there", "s3:ListBucket" on "arn:aws:s3:::deploy-runner-plans";
    Applier never "save a plan", "s3:PutObject" on "arn:aws:s3:::deploy-runner-plans/0123456789abcdef.plan";
    Applier never "delete a plan", "s3:DeleteObject" on "arn:aws:s3:::deploy-runner-plans/0123456789abcdef.plan";
    Applier never "read another bucket", "s3:GetObject" on "arn:aws:s3:::terraform-state/live.tfstate";
    Task never "read a plan of others", "s3:GetObject" on "arn:aws:s3:::deploy-runner-plans/0123456789abcdef.plan";
    Invoker never "read a plan", "s3:GetObject" on "arn:aws:s3:::deploy-runner-plans/0123456789abcdef.plan";
};

const TASKS: (&str, &str) = ("Service", "ecs-tasks.amazonaws.com");
const LAMBDA: (&str, &str) = ("Service", "lambda.amazonaws.com");
const GITHUB: (&str, &str) = (
    "Federated",
    "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
);
const ASSUME: &str = "sts:AssumeRole";
const ASSUME_BY_TOKEN: &str = "sts:AssumeRoleWithWebIdentity";
const OF_THIS_CLUSTER: &[(&str, &str)] = &[
    ("aws:SourceAccount", "123456789012"),
    (
        "aws:SourceArn",
        "arn:aws:ecs:eu-west-1:123456789012:task/deploy-runner/0123456789abcdef0123456789abcdef",
    ),
];
const OF_ANOTHER_ACCOUNT: &[(&str, &str)] = &[
    ("aws:SourceAccount", "999999999999"),
    (
        "aws:SourceArn",
        "arn:aws:ecs:eu-west-1:999999999999:task/deploy-runner/0123456789abcdef0123456789abcdef",
    ),
];
const OF_ANOTHER_REGION: &[(&str, &str)] = &[
    ("aws:SourceAccount", "123456789012"),
    (
        "aws:SourceArn",
        "arn:aws:ecs:us-east-1:123456789012:task/deploy-runner/0123456789abcdef0123456789abcdef",
    ),
];

macro_rules! trusts {
    ($($role:ident $verdict:ident $what:literal, $principal:ident $action:ident with $context:expr;)*) => {
        &[$(Trust {
            role: Role::$role,
            what: $what,
            principal: $principal,
            action: $action,
            context: $context,
            works: works!($verdict),
        }),*]
    };
}

const FUNCTION: &[(&str, &str)] = &[
    ("aws:SourceAccount", "123456789012"),
    (
        "aws:SourceArn",
        "arn:aws:lambda:eu-west-1:123456789012:function:deploy-runner-invoker",
    ),
];
const FUNCTION_BY_ALIAS: &[(&str, &str)] = &[
    ("aws:SourceAccount", "123456789012"),
    (
        "aws:SourceArn",
        "arn:aws:lambda:eu-west-1:123456789012:function:deploy-runner-invoker:live",
    ),
];
const FUNCTION_OF_LONGER_NAME: &[(&str, &str)] = &[
    ("aws:SourceAccount", "123456789012"),
    (
        "aws:SourceArn",
        "arn:aws:lambda:eu-west-1:123456789012:function:deploy-runner-invoker-2",
    ),
];
const OTHER_FUNCTION: &[(&str, &str)] = &[
    ("aws:SourceAccount", "123456789012"),
    ("aws:SourceArn", "arn:aws:lambda:eu-west-1:123456789012:function:other"),
];
const EC2: (&str, &str) = ("Service", "ec2.amazonaws.com");
const PERSON: (&str, &str) = ("AWS", "arn:aws:iam::123456789012:user/somebody");
const AUDIENCE: (&str, &str) = ("token.actions.githubusercontent.com:aud", "sts.amazonaws.com");
const SUBJECT: &str = "token.actions.githubusercontent.com:sub";

/// Who may take which role.
pub const TRUSTS: &[Trust] = trusts! {
    Task may "an ECS task of this account and Region", TASKS ASSUME with OF_THIS_CLUSTER;
    Task never "an ECS task of another account", TASKS ASSUME with OF_ANOTHER_ACCOUNT;
    Task never "an ECS task of another Region", TASKS ASSUME with OF_ANOTHER_REGION;
    Task never "ECS on nobody's behalf", TASKS ASSUME with &[];
    Task never "a machine", EC2 ASSUME with OF_THIS_CLUSTER;
    Task never "a function", LAMBDA ASSUME with FUNCTION;
    Task never "a person of this account", PERSON ASSUME with &[];
    Execution may "an ECS task of this account and Region", TASKS ASSUME with OF_THIS_CLUSTER;
    Execution never "an ECS task of another account", TASKS ASSUME with OF_ANOTHER_ACCOUNT;
    Invoker may "the function", LAMBDA ASSUME with FUNCTION;
    Invoker may "the function, by its alias", LAMBDA ASSUME with FUNCTION_BY_ALIAS;
    Invoker never "a function whose name begins like this one's", LAMBDA ASSUME with FUNCTION_OF_LONGER_NAME;
    Invoker never "another function", LAMBDA ASSUME with OTHER_FUNCTION;
    Invoker never "an ECS task", TASKS ASSUME with OF_THIS_CLUSTER;
    Ci may "a job of the named repository on the named branch", GITHUB ASSUME_BY_TOKEN with &[AUDIENCE, (SUBJECT, "repo:example@1234567/live@7654321:ref:refs/heads/main")];
    Ci never "a job of another branch", GITHUB ASSUME_BY_TOKEN with &[AUDIENCE, (SUBJECT, "repo:example@1234567/live@7654321:ref:refs/heads/main-2")];
    Ci never "a job of a pull request", GITHUB ASSUME_BY_TOKEN with &[AUDIENCE, (SUBJECT, "repo:example@1234567/live@7654321:pull_request")];
    Ci never "a job of whoever took the repository's name later", GITHUB ASSUME_BY_TOKEN with &[AUDIENCE, (SUBJECT, "repo:example@7/live@8:ref:refs/heads/main")];
    Ci never "a token for somebody else", GITHUB ASSUME_BY_TOKEN with &[(SUBJECT, "repo:example@1234567/live@7654321:ref:refs/heads/main")];
    Ci never "a person of this account", PERSON ASSUME with &[];
};
