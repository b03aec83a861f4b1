//! What ECS really says, and what becomes of it without the runner's closing line. The texts are those of the ECS developer guide, of Fargate
//! and of the ECS agent, as people have reported them.

use super::*;

#[derive(Debug, Clone, Copy)]
enum Ends {
    FailedToStart,
    HostLost,
    OutOfMemory,
    Cancelled,
    Exited(u8),
    Unknown,
}

/// Where ECS puts the text.
#[derive(Debug, Clone, Copy)]
enum Says {
    /// `stoppedReason` of a task that never ran.
    Task(StopCode),
    /// `reason` of the job's container in a task that never ran.
    Container(StopCode),
    /// `stoppedReason` of a task whose job ended with this code, or with none.
    Ran(StopCode, Option<i32>),
    /// `reason` of the job's container that ended with this code, or with none.
    RanContainer(Option<i32>),
}

const FAILED: Says = Says::Task(StopCode::TaskFailedToStart);
const IMAGE: Says = Says::Container(StopCode::TaskFailedToStart);

const ROWS: &[(Says, &str, Ends, &str)] = &[
    (
        FAILED,
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:eu-west-1:123456789012:secret:deploy/git-UMl6GF from secrets manager: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/exec/259ab992ff is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:123456789012:secret:deploy/git-UMl6GF because no identity-based policy allows the secretsmanager:GetSecretValue action",
        Ends::FailedToStart,
        "`secretsmanager:GetSecretValue`",
    ),
    (
        FAILED,
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/exec/17cb is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:eu-west-1:123456789012:parameter/x",
        Ends::FailedToStart,
        "`ssm:GetParameters`",
    ),
    (
        FAILED,
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:eu-west-1:123456789012:secret:x from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
        Ends::FailedToStart,
        "a secret does not exist",
    ),
    (
        FAILED,
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key token",
        Ends::FailedToStart,
        "does not have the JSON key",
    ),
    (
        FAILED,
        "ResourceInitializationError: unable to pull secrets or registry auth: pull command failed: : invalid character 'p' in literal true (expecting 'r')",
        Ends::FailedToStart,
        "could not be read",
    ),
    (
        FAILED,
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: AccessDeniedException: Access to KMS is not allowed",
        Ends::FailedToStart,
        "KMS key",
    ),
    (
        FAILED,
        "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/exec/1 is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:123456789012:key/1",
        Ends::FailedToStart,
        "`kms:Decrypt`",
    ),
    (
        FAILED,
        "Fetching secret data from SSM Parameter Store in us-west-2: invalid parameters: /deploy/token",
        Ends::FailedToStart,
        "parameter of the parameter store does not exist",
    ),
    (
        FAILED,
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post \"https://api.ecr.eu-west-1.amazonaws.com/\": dial tcp 10.0.0.1:443: i/o timeout",
        Ends::FailedToStart,
        "NAT gateway or VPC endpoints",
    ),
    (
        FAILED,
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/exec/1 is not authorized to perform: ecr:GetAuthorizationToken on resource: *",
        Ends::FailedToStart,
        "`ecr:GetAuthorizationToken`",
    ),
    (
        FAILED,
        "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestCanceled: request context canceled caused by: context deadline exceeded",
        Ends::FailedToStart,
        "NAT gateway or VPC endpoints",
    ),
    (
        FAILED,
        "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/job' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.",
        Ends::FailedToStart,
        "trust policy",
    ),
    (
        FAILED,
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1",
        Ends::FailedToStart,
        "`awslogs-group` of the task definition `deploy-runner-jobs:7`",
    ),
    (
        FAILED,
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/exec/1 is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:eu-west-1:123456789012:log-group:x:log-stream:y",
        Ends::FailedToStart,
        "`logs:CreateLogStream`",
    ),
    (
        FAILED,
        "ResourceInitializationError: failed to validate logger args: : signal: killed",
        Ends::FailedToStart,
        "subnets reach CloudWatch Logs",
    ),
    (
        IMAGE,
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
        Ends::FailedToStart,
        "`awslogs-group` of the task definition `deploy-runner-jobs:7`",
    ),
    (
        IMAGE,
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: CredentialsEndpointError: failed to load credentials caused by: RequestError: send request failed",
        Ends::FailedToStart,
        "log cannot be written",
    ),
    (
        IMAGE,
        "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'",
        Ends::FailedToStart,
        "not built for the task's processor",
    ),
    (
        IMAGE,
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 123456789012.dkr.ecr.eu-west-1.amazonaws.com/terraform-runner@sha256:0000: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/terraform-runner@sha256:0000: not found",
        Ends::FailedToStart,
        "image does not exist",
    ),
    (
        IMAGE,
        "CannotPullContainerError: Error response from daemon: manifest unknown: Requested image not found",
        Ends::FailedToStart,
        "image does not exist",
    ),
    (
        IMAGE,
        "CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref \"docker.io/library/x:latest\": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/x: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
        Ends::FailedToStart,
        "registry limits pulls",
    ),
    (
        IMAGE,
        "CannotPullContainerError: ref pull has been retried 1 time(s): failed to pull and unpack image \"123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1\": failed to resolve reference: unexpected status code 403 Forbidden",
        Ends::FailedToStart,
        "may not be pulled",
    ),
    (
        IMAGE,
        "CannotPullContainerError: Error response from daemon: pull access denied for 123456789012.dkr.ecr.eu-west-1.amazonaws.com/x, repository does not exist or may require 'docker login'",
        Ends::FailedToStart,
        "repository does not exist or may not be read",
    ),
    (
        IMAGE,
        "CannotPullContainerError: dial tcp 52.217.233.242:443: i/o timeout",
        Ends::FailedToStart,
        "registry cannot be reached",
    ),
    (
        IMAGE,
        "CannotPullContainerError: Error response from daemon: Get \"https://123456789012.dkr.ecr.us-west-2.amazonaws.commm/v2/\": dial tcp: lookup 123456789012.dkr.ecr.us-west-2.amazonaws.commm on 10.0.0.2:53: no such host",
        Ends::FailedToStart,
        "could not be pulled",
    ),
    (
        IMAGE,
        "CannotPullContainerError: ref pull has been retried 1 time(s): failed to unpack image on snapshotter overlayfs: failed to extract layer sha256:c023: write /usr/bin/terraform: no space left on device: unknown",
        Ends::FailedToStart,
        "disk is full",
    ),
    (
        IMAGE,
        "CannotPullContainerError: context canceled",
        Ends::FailedToStart,
        "could not be pulled",
    ),
    (
        IMAGE,
        "CannotStartContainerError: Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"deploy-runner\": executable file not found in $PATH: unknown",
        Ends::FailedToStart,
        "ENTRYPOINT must be `deploy-runner`",
    ),
    (
        IMAGE,
        "CannotStartContainerError: Error response from daemon: OCI runtime create failed: container_linux.go:370: starting container process caused: exec: \"/deploy-runner\": stat /deploy-runner: no such file or directory: unknown",
        Ends::FailedToStart,
        "ENTRYPOINT must be `deploy-runner`",
    ),
    (
        IMAGE,
        "CannotStartContainerError: Error response from daemon: exec /usr/local/bin/deploy-runner: exec format error",
        Ends::FailedToStart,
        "another processor",
    ),
    (
        IMAGE,
        "CannotCreateContainerError: Error response from daemon: devmapper: Thin Pool has 4350 free data blocks which is less than minimum required",
        Ends::FailedToStart,
        "could not be created",
    ),
    (
        IMAGE,
        "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s",
        Ends::FailedToStart,
        "ECS agent and Docker daemon",
    ),
    (
        IMAGE,
        "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
        Ends::FailedToStart,
        "in time",
    ),
    (
        IMAGE,
        "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m: context canceled",
        Ends::FailedToStart,
        "in time",
    ),
    (
        FAILED,
        "Timeout waiting for network interface provisioning to complete.",
        Ends::FailedToStart,
        "no network interface",
    ),
    (
        FAILED,
        "Network interface provision complete timeout at the network interface provisioning",
        Ends::FailedToStart,
        "network interface",
    ),
    (
        FAILED,
        "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment disabled in subnet 'subnet-1': InsufficientFreeAddressesInSubnet",
        Ends::FailedToStart,
        "no free addresses",
    ),
    (
        FAILED,
        "Unexpected EC2 error while attempting to tag the network interface in subnet 'subnet-1': AuthFailure",
        Ends::FailedToStart,
        "service-linked role",
    ),
    (
        FAILED,
        "Network interface limit exceeded: NetworkInterfaceLimitExceeded: You have reached the limit on network interfaces",
        Ends::FailedToStart,
        "quota of network interfaces",
    ),
    (
        FAILED,
        "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        Ends::FailedToStart,
        "no room at this time",
    ),
    (
        FAILED,
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: mounting fs-1.efs.eu-west-1.amazonaws.com:/x failed, reason given by server: No such file or directory' : unsuccessful EFS utils command execution; code: 32",
        Ends::FailedToStart,
        "EFS",
    ),
    (
        FAILED,
        "ResourceInitializationError: failed to download env files: file download command: non empty error stream",
        Ends::FailedToStart,
        "environment file",
    ),
    (
        FAILED,
        "InternalError: unable to create credential spec",
        Ends::FailedToStart,
        "failed inside",
    ),
    (
        FAILED,
        "Task failed to start",
        Ends::FailedToStart,
        "could not be started",
    ),
    (FAILED, "", Ends::FailedToStart, "never ran"),
    (
        FAILED,
        "a text that nobody has seen before",
        Ends::FailedToStart,
        "a text that nobody has seen before",
    ),
    (
        Says::RanContainer(Some(137)),
        "OutOfMemoryError: Container killed due to memory usage",
        Ends::OutOfMemory,
        "",
    ),
    (
        Says::RanContainer(Some(137)),
        "OutOfMemory: Container killed due to memory usage",
        Ends::OutOfMemory,
        "",
    ),
    (Says::RanContainer(Some(137)), "", Ends::Unknown, "lack of memory"),
    (
        Says::RanContainer(Some(127)),
        "CannotStartContainerError: Error response from daemon: exec: \"x\": executable file not found in $PATH",
        Ends::FailedToStart,
        "ENTRYPOINT",
    ),
    (
        Says::Ran(StopCode::EssentialContainerExited, Some(0)),
        "Essential container in task exited",
        Ends::Exited(0),
        "",
    ),
    (
        Says::Ran(StopCode::EssentialContainerExited, Some(2)),
        "Essential container in task exited",
        Ends::Exited(2),
        "",
    ),
    (
        Says::Ran(StopCode::EssentialContainerExited, None),
        "Essential container in task exited",
        Ends::Unknown,
        "no exit code",
    ),
    (
        Says::Ran(StopCode::Spot, Some(143)),
        "Your Spot Task was interrupted.",
        Ends::HostLost,
        "Spot capacity",
    ),
    (
        Says::Ran(StopCode::Unnamed, None),
        "Your Spot Task was interrupted.",
        Ends::HostLost,
        "Spot capacity",
    ),
    (
        Says::Ran(StopCode::Termination, None),
        "Host EC2 (instance i-0123456789abcdef0) terminated.",
        Ends::HostLost,
        "terminated",
    ),
    (
        Says::Ran(StopCode::Unnamed, None),
        "Host EC2 (instance i-0123456789abcdef0) stopped.",
        Ends::HostLost,
        "stopped",
    ),
    (
        Says::Ran(StopCode::Termination, None),
        "Task stopped during instance draining",
        Ends::HostLost,
        "drained",
    ),
    (
        Says::Ran(StopCode::UserInitiated, None),
        "Container instance deregistration forced by user",
        Ends::HostLost,
        "deregistered",
    ),
    (
        Says::Ran(StopCode::Unnamed, None),
        "Amazon ECS Agent disconnected",
        Ends::HostLost,
        "lost its connection",
    ),
    (
        Says::Ran(StopCode::Termination, Some(143)),
        "ECS is performing maintenance on the underlying infrastructure hosting the task.",
        Ends::HostLost,
        "retired the machine",
    ),
    (
        Says::Ran(StopCode::InfrastructureHealth, None),
        "",
        Ends::HostLost,
        "unhealthy",
    ),
    (
        Says::Ran(StopCode::ServiceScheduler, Some(143)),
        "Scaling activity initiated by (deployment ecs-svc/1234567890)",
        Ends::HostLost,
        "belong to none",
    ),
    (
        Says::Ran(StopCode::UserInitiated, Some(143)),
        "Task stopped by user",
        Ends::Cancelled,
        "",
    ),
    (
        Says::Ran(StopCode::UserInitiated, Some(3)),
        "deploy-runner: Ctrl-C",
        Ends::Cancelled,
        "",
    ),
    (
        Says::Task(StopCode::UserInitiated),
        "deploy-runner: Ctrl-C",
        Ends::Cancelled,
        "",
    ),
];

fn facts(says: Says, text: &str) -> Over {
    match says {
        Says::Task(stop_code) => Over {
            started: false,
            ..stopped_by(stop_code, text, None)
        },
        Says::Container(stop_code) => Over {
            started: false,
            job: container("job", None, text),
            ..stopped_by(stop_code, "Task failed to start", None)
        },
        Says::Ran(stop_code, code) => stopped_by(stop_code, text, code),
        Says::RanContainer(code) => Over {
            job: container("job", code, text),
            ..over()
        },
    }
}

fn reason(ending: &Ending) -> &str {
    match ending {
        Ending::FailedToStart { reason } | Ending::HostLost { reason } | Ending::Unknown { reason } => reason,
        Ending::Exited { .. }
        | Ending::Signalled { .. }
        | Ending::TimedOut { .. }
        | Ending::Cancelled { .. }
        | Ending::OutOfMemory { .. } => "",
    }
}

#[test]
fn every_known_way_to_end_has_its_ending_and_a_cause_in_plain_words() {
    assert!(ROWS.len() >= 40, "{}", ROWS.len());
    let mut wrong = Vec::new();
    for (says, text, expected, words) in ROWS {
        let ending = facts(*says, text).judge(None);
        let right = match expected {
            Ends::FailedToStart => matches!(ending, Ending::FailedToStart { .. }),
            Ends::HostLost => matches!(ending, Ending::HostLost { .. }),
            Ends::OutOfMemory => ending == Ending::OutOfMemory { limit_mib: 4096 },
            Ends::Cancelled => matches!(ending, Ending::Cancelled { .. }),
            Ends::Exited(code) => ending == Ending::Exited { code: *code },
            Ends::Unknown => matches!(ending, Ending::Unknown { .. }),
        };
        let said = reason(&ending);
        if !right || !said.contains(words) || said.chars().count() > 500 || said.contains('\n') {
            wrong.push(format!(
                "{says:?} `{text}`: expected {expected:?} with `{words}`, got {ending:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
