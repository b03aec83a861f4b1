//! What ECS's words mean, in plain words with what to do. Never the ending itself: that needs the other facts too.
//!
//! ECS has codes for who ended a task and only text for why. The texts are those of its developer guide ("Stopped tasks error messages"), of
//! Fargate's agent and of the open ECS agent; each entry matches on the words that do not change.

use crate::plain;

/// What a text leaves no doubt about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Because {
    /// The container could not be started.
    FailedToStart,
    /// The container could not be started, because its log group is missing. ECS does not say which.
    NoLogGroup,
    /// The machine was lost or taken back.
    HostLost,
    /// The kernel ended it for lack of memory.
    OutOfMemory,
    /// This engine asked ECS to stop it.
    StoppedByUs,
}

impl Because {
    /// No container ever ran, if nothing else says that one did.
    pub(super) const fn is_failure_to_start(self) -> bool {
        matches!(self, Self::FailedToStart | Self::NoLogGroup)
    }
}

/// One known cause.
#[derive(Debug)]
pub(super) struct Known {
    /// All of these are in the text, in any case of letters.
    words: &'static [&'static str],
    pub(super) because: Because,
    /// What it means and what to do.
    pub(super) plain: &'static str,
}

/// How every reason begins that this engine gives to `StopTask`.
pub(crate) const STOPPED_BY_US: &str = "deploy-runner: ";

/// The first that matches counts: special ones come before general ones.
const KNOWN: &[Known] = &[
    known(
        &["outofmemory"],
        Because::OutOfMemory,
        "the job used more memory than it may: ask for more with `--task-memory`",
    ),
    // Where the task lived.
    known(
        &["spot", "interrupt"],
        Because::HostLost,
        "AWS took the Spot capacity back: run it again, or without Spot (`--task-launch-type FARGATE`)",
    ),
    known(
        &["host ec2", "terminated"],
        Because::HostLost,
        "the container instance under the task was terminated: run it again, and protect instances that run jobs from scale-in",
    ),
    known(
        &["host ec2", "stopped"],
        Because::HostLost,
        "the container instance under the task was stopped: run it again",
    ),
    known(
        &["instance draining"],
        Because::HostLost,
        "the container instance under the task was drained: run it again",
    ),
    known(
        &["container instance deregistration"],
        Because::HostLost,
        "the container instance under the task was deregistered: run it again",
    ),
    known(
        &["underlying infrastructure"],
        Because::HostLost,
        "AWS retired the machine under the task: run it again",
    ),
    known(
        &["agent", "disconnected"],
        Because::HostLost,
        "the container instance lost its connection to ECS: look at the instance, then run it again",
    ),
    // Secrets and registry credentials.
    known(
        &["unable to pull secrets", "kms:decrypt"],
        Because::FailedToStart,
        "a secret cannot be decrypted: allow the execution role `kms:Decrypt` on the secret's key",
    ),
    known(
        &["kms", "accessdenied"],
        Because::FailedToStart,
        "a KMS key may not be used: allow it to the execution role and in the key's policy",
    ),
    known(
        &["secretsmanager:getsecretvalue"],
        Because::FailedToStart,
        "a secret cannot be read: allow the execution role `secretsmanager:GetSecretValue` on it",
    ),
    known(
        &["ssm:getparameters"],
        Because::FailedToStart,
        "a parameter cannot be read: allow the execution role `ssm:GetParameters` on it",
    ),
    known(
        &["unable to retrieve secret", "resourcenotfound"],
        Because::FailedToStart,
        "a secret does not exist, or has no current value: create it, or correct `valueFrom` in the task definition",
    ),
    known(
        &["secrets manager can't find"],
        Because::FailedToStart,
        "a secret does not exist, or has no current value: create it, or correct `valueFrom` in the task definition",
    ),
    known(
        &["did not contain json key"],
        Because::FailedToStart,
        "a secret does not have the JSON key that the task definition names: correct the secret or `valueFrom`",
    ),
    known(
        &["retrieved secret", "json"],
        Because::FailedToStart,
        "a secret is not the JSON that the task definition expects: correct the secret or `valueFrom`",
    ),
    known(
        &["invalid parameters"],
        Because::FailedToStart,
        "a parameter of the parameter store does not exist: create it, or correct `valueFrom` in the task definition",
    ),
    known(
        &["ecr:getauthorizationtoken"],
        Because::FailedToStart,
        "the execution role may not log in to ECR: allow it `ecr:GetAuthorizationToken`",
    ),
    known(
        &["unable to pull secrets or registry auth", "assume"],
        Because::FailedToStart,
        "ECS may not assume the execution role: correct the role's trust policy and the task definition",
    ),
    known(
        &["unable to pull secrets", "deadline exceeded"],
        Because::FailedToStart,
        "the task cannot reach Secrets Manager or ECR: give its subnets a NAT gateway or VPC endpoints, and let its security groups out on 443",
    ),
    known(
        &["unable to pull secrets", "request send failed"],
        Because::FailedToStart,
        "the task cannot reach Secrets Manager or ECR: give its subnets a NAT gateway or VPC endpoints, and let its security groups out on 443",
    ),
    known(
        &["unable to pull secrets", "send request failed"],
        Because::FailedToStart,
        "the task cannot reach Secrets Manager or ECR: give its subnets a NAT gateway or VPC endpoints, and let its security groups out on 443",
    ),
    known(
        &["unable to pull secrets"],
        Because::FailedToStart,
        "the secrets or the registry's credentials could not be read: check the execution role and the way from the subnets to AWS",
    ),
    known(
        &["unable to pull registry auth"],
        Because::FailedToStart,
        "the registry's credentials could not be read: check the execution role and the way from the subnets to AWS",
    ),
    known(
        &["unable to retrieve secret"],
        Because::FailedToStart,
        "a secret could not be read: check the execution role and `valueFrom` in the task definition",
    ),
    known(
        &["unable to assume"],
        Because::FailedToStart,
        "ECS may not assume a role of the task: correct the role's trust policy, or wait some seconds if it is new",
    ),
    // Logs.
    known(
        &["log group", "does not exist"],
        Because::NoLogGroup,
        "the log group does not exist: create it",
    ),
    known(
        &["logger", "resourcenotfoundexception"],
        Because::NoLogGroup,
        "the log group does not exist: create it",
    ),
    known(
        &["logs:createlogstream"],
        Because::FailedToStart,
        "the execution role may not write the log: allow it `logs:CreateLogStream` and `logs:PutLogEvents` on the log group",
    ),
    known(
        &["failed to validate logger args"],
        Because::FailedToStart,
        "the log cannot be written: check that the log group exists, that the execution role may write it, and that the subnets reach CloudWatch Logs",
    ),
    known(
        &["failed to initialize logging driver"],
        Because::FailedToStart,
        "the log cannot be written: check that the log group exists, that the role may write it, and that the instance reaches CloudWatch Logs",
    ),
    known(
        &["failed to create cloudwatch log stream"],
        Because::FailedToStart,
        "the log cannot be written: check that the log group exists and that the execution role may write it",
    ),
    // Images.
    known(
        &["toomanyrequests"],
        Because::FailedToStart,
        "the registry limits pulls: use a registry without that limit (ECR, or its pull-through cache)",
    ),
    known(
        &["pull rate limit"],
        Because::FailedToStart,
        "the registry limits pulls: use a registry without that limit (ECR, or its pull-through cache)",
    ),
    known(
        &["image manifest does not contain descriptor matching platform"],
        Because::FailedToStart,
        "the image is not built for the task's processor: build it for `linux/amd64`, or set `runtimePlatform` in the task definition",
    ),
    known(
        &["no matching manifest"],
        Because::FailedToStart,
        "the image is not built for the task's processor: build it for `linux/amd64`, or set `runtimePlatform` in the task definition",
    ),
    known(
        &["no space left on device"],
        Because::FailedToStart,
        "the disk is full: give the task more `ephemeralStorage`, or use a smaller image",
    ),
    known(
        &["cannotpull", "manifest unknown"],
        Because::FailedToStart,
        "the image does not exist under that tag or digest: push it, or correct the task definition",
    ),
    known(
        &["cannotpull", "not found"],
        Because::FailedToStart,
        "the image does not exist under that name, tag or digest: push it, or correct the task definition",
    ),
    known(
        &["repository does not exist"],
        Because::FailedToStart,
        "the image's repository does not exist or may not be read: correct the task definition or the execution role",
    ),
    known(
        &["cannotpull", "access denied"],
        Because::FailedToStart,
        "the image may not be pulled: allow the execution role to read the repository",
    ),
    known(
        &["cannotpull", "forbidden"],
        Because::FailedToStart,
        "the image may not be pulled: allow the execution role to read the repository",
    ),
    known(
        &["cannotpull", "not authorized"],
        Because::FailedToStart,
        "the image may not be pulled: allow the execution role to read the repository",
    ),
    known(
        &["cannotpull", "timeout"],
        Because::FailedToStart,
        "the registry cannot be reached: give the subnets a NAT gateway or VPC endpoints for ECR and S3, and let the security groups out on 443",
    ),
    known(
        &["cannotpull", "deadline exceeded"],
        Because::FailedToStart,
        "the registry cannot be reached: give the subnets a NAT gateway or VPC endpoints for ECR and S3, and let the security groups out on 443",
    ),
    known(
        &["cannotpull"],
        Because::FailedToStart,
        "the image could not be pulled: check its name, the execution role and the way from the subnets to the registry",
    ),
    known(
        &["cannotinspectcontainererror"],
        Because::FailedToStart,
        "the container instance failed: look at its ECS agent and Docker daemon",
    ),
    // Network and capacity.
    known(
        &["network interface provisioning"],
        Because::FailedToStart,
        "the task got no network interface: run it again, and check the quota of network interfaces and the free addresses of the subnets",
    ),
    known(
        &["networkinterfacelimitexceeded"],
        Because::FailedToStart,
        "the account's quota of network interfaces is used up: raise it, or run less at once",
    ),
    known(
        &["eni", "limit"],
        Because::FailedToStart,
        "the quota of network interfaces is used up: raise it, or run less at once",
    ),
    known(
        &["insufficientfreeaddresses"],
        Because::FailedToStart,
        "the subnets have no free addresses: use larger ones, or run less at once",
    ),
    known(
        &["not have enough free addresses"],
        Because::FailedToStart,
        "the subnets have no free addresses: use larger ones, or run less at once",
    ),
    known(
        &["unexpected ec2 error"],
        Because::FailedToStart,
        "the task got no network interface: check the ECS service-linked role, the subnets and the security groups",
    ),
    known(
        &["network interface"],
        Because::FailedToStart,
        "the task's network interface could not be made: check the subnets and the security groups",
    ),
    known(
        &["capacity is unavailable"],
        Because::FailedToStart,
        "Fargate has no room at this time: run it again later, or add subnets in other availability zones",
    ),
    known(
        &["resource:"],
        Because::FailedToStart,
        "the cluster's container instances have no room: add capacity, or ask for a smaller task",
    ),
    // Volumes, the rest of the set-up.
    known(
        &["efs"],
        Because::FailedToStart,
        "the EFS file system cannot be mounted: check its mount targets, its security group and the task definition",
    ),
    known(
        &["failed to download env files"],
        Because::FailedToStart,
        "an environment file cannot be read: deploy-runner's task definitions should have none",
    ),
    known(
        &["exec format error"],
        Because::FailedToStart,
        "the program in the image is built for another processor: build the image for the task's `runtimePlatform`",
    ),
    known(
        &["no such file or directory"],
        Because::FailedToStart,
        "the image does not have the program that should start: its ENTRYPOINT must be `deploy-runner`",
    ),
    known(
        &["executable file not found"],
        Because::FailedToStart,
        "the image does not have the program that should start: its ENTRYPOINT must be `deploy-runner`",
    ),
    known(
        &["permission denied", "cannotstart"],
        Because::FailedToStart,
        "the program in the image is not executable: correct the image",
    ),
    known(
        &["cannotstartcontainererror"],
        Because::FailedToStart,
        "the container could not be started: check the image and the task definition",
    ),
    known(
        &["cannotcreatecontainererror"],
        Because::FailedToStart,
        "the container could not be created: check the task definition and, on EC2, the instance",
    ),
    known(
        &["cannotcreatevolumeerror"],
        Because::FailedToStart,
        "a volume could not be made: deploy-runner's task definitions should have none",
    ),
    known(
        &["dockertimeouterror"],
        Because::FailedToStart,
        "the container instance did not start the container in time: look at the instance, then run it again",
    ),
    known(
        &["containerruntimetimeouterror"],
        Because::FailedToStart,
        "the machine did not start the container in time: run it again",
    ),
    known(
        &["containerruntimeerror"],
        Because::FailedToStart,
        "the container runtime failed: run it again",
    ),
    known(
        &["internalerror"],
        Because::FailedToStart,
        "ECS failed inside: run it again",
    ),
    known(
        &["resourceinitializationerror"],
        Because::FailedToStart,
        "the task's surroundings could not be set up: ECS's words say what",
    ),
    known(
        &["resourcenotfounderror"],
        Because::FailedToStart,
        "something that the task definition names does not exist: ECS's words say what",
    ),
    known(
        &["failed to start"],
        Because::FailedToStart,
        "the task could not be started: ECS's words say what",
    ),
];

const fn known(words: &'static [&'static str], because: Because, plain: &'static str) -> Known {
    Known { words, because, plain }
}

/// Only at the very beginning: what somebody else writes must not pass for ours.
static OURS: Known = known(&[], Because::StoppedByUs, "deploy-runner stopped the task");

/// The known cause that a text names.
pub(super) fn find(text: &str) -> Option<&'static Known> {
    if text.starts_with(STOPPED_BY_US) {
        return Some(&OURS);
    }
    let text = text.to_ascii_lowercase();
    KNOWN
        .iter()
        .find(|known| known.words.iter().all(|word| text.contains(word)))
}

/// The texts as one plain line, each once.
pub(super) fn said<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in texts.map(plain::line) {
        if !lines.iter().any(|known| known.contains(&line)) {
            lines.push(line);
        }
    }
    plain::shorten(&lines.join(" / "), plain::MAX_CHARS)
}

/// The cause, then what ECS says, at most as long as a reason may be.
pub(super) fn one_line(plain: &str, said: &str) -> String {
    if said.is_empty() {
        return plain.to_owned();
    }
    plain::shorten(&format!("{plain} (ECS says: {said}"), plain::MAX_CHARS - 1) + ")"
}
