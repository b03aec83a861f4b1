//! The simulated AWS itself: it must behave as AWS does where the product depends on it. No part of the product is used here.

use e2e::ground::{Ground, python};
use e2e::product::{self, Place};
use serde_json::{Value, json};

const GROUP: &str = "/jobs";
const CLUSTER: &str = "c";

/// A ground with a cluster and task definitions whose one image is a shell.
struct Shell {
    ground: Ground,
    network: Value,
    definitions: Value,
}

impl Shell {
    fn start(place: &Place) -> Self {
        let ground = Ground::start(place);
        let network = ground.ask(&json!({"do": "base", "cluster": CLUSTER, "log_group": GROUP}));
        let container = |image: &str, secrets: Value| json!({"image": image, "environment": {"DECLARED": "yes"}, "secrets": secrets, "task": {"cpu": 256, "memory": 512}});
        let unknown = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:nobody-made-it";
        let containers = json!({"containers": {
            "shell": container("shell", json!({"TOKEN": "/the/token"})),
            "unpulled": container("nowhere/image:1", json!({})),
            "unreadable": container("shell", json!({"TOKEN": unknown})),
        }});
        ground.aws(
            "ssm",
            "put_parameter",
            &json!({"Name": "/the/token", "Value": "t0ken", "Type": "SecureString"}),
        );
        let definitions = ground.ask(&json!({"do": "task_definitions", "allow_list": containers, "log_group": GROUP}));
        ground.ask(&json!({"do": "images", "images": {"shell": ["/bin/sh", "-c"]}}));
        Self {
            ground,
            network,
            definitions,
        }
    }

    fn request(&self, container: &str, script: &str, more: &Value) -> Value {
        let network = json!({"subnets": [self.network["subnet"]], "securityGroups": [self.network["security_group"]]});
        let mut request = json!({
            "cluster": CLUSTER,
            "taskDefinition": self.definitions[container],
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": network},
            "overrides": {"containerOverrides": [{"name": "job", "command": [script]}]},
        });
        for (name, value) in more.as_object().expect("an object") {
            request[name] = value.clone();
        }
        request
    }

    fn run(&self, container: &str, script: &str, more: &Value) -> String {
        let answer = self
            .ground
            .aws("ecs", "run_task", &self.request(container, script, more));
        answer["tasks"][0]["taskArn"].as_str().expect("a task").to_owned()
    }

    fn refused(&self, container: &str, script: &str, more: &Value) -> String {
        self.ground
            .refused("ecs", "run_task", &self.request(container, script, more))
    }

    fn log(&self, task: &str) -> Vec<String> {
        let id = task.rsplit('/').next().expect("an ARN has an id");
        self.ground.log(GROUP, &format!("deploy-runner/job/{id}"))
    }
}

#[test]
fn a_task_really_runs_and_tells_its_life_as_ecs_does() {
    let place = Place::new();
    let shell = Shell::start(&place);
    let tag = json!([{"key": "k", "value": "v"}]);
    let script = "echo one; echo; echo $TOKEN $DECLARED; exit 7";
    let task = shell.run("shell", script, &json!({"tags": tag, "startedBy": "me"}));
    let seen = shell.ground.stopped(&task);
    assert_eq!(seen["containers"][0]["exitCode"], 7, "{seen}");
    assert_eq!(
        (seen["stopCode"].as_str(), seen["stoppedReason"].as_str()),
        (
            Some("EssentialContainerExited"),
            Some("Essential container in task exited")
        )
    );
    let moments: Vec<f64> = [
        "createdAt",
        "pullStartedAt",
        "pullStoppedAt",
        "startedAt",
        "stoppingAt",
        "stoppedAt",
    ]
    .map(|moment| seen[moment].as_f64().unwrap_or_else(|| panic!("no {moment}: {seen}")))
    .into();
    assert!(moments.is_sorted(), "{seen}");
    assert_eq!(
        shell.log(&task),
        ["one", "t0ken yes"],
        "CloudWatch takes no empty event"
    );

    let describe = |include: Value| {
        shell.ground.aws(
            "ecs",
            "describe_tasks",
            &json!({"cluster": CLUSTER, "tasks": [task, "f".repeat(32)], "include": include}),
        )
    };
    let with_tags = describe(json!(["TAGS"]));
    assert_eq!(with_tags["tasks"][0]["tags"], tag);
    assert_eq!(with_tags["failures"][0]["reason"], "MISSING");
    assert_eq!(describe(json!([]))["tasks"][0]["tags"], json!([]));
    let listed = |filter: Value| shell.ground.aws("ecs", "list_tasks", &filter)["taskArns"].clone();
    assert_eq!(listed(json!({"cluster": CLUSTER})), json!([]));
    assert_eq!(
        listed(json!({"cluster": CLUSTER, "desiredStatus": "STOPPED", "startedBy": "me"})),
        json!([task])
    );
}

#[test]
fn every_way_that_a_task_fails_is_told_in_the_words_of_ecs() {
    let place = Place::new();
    let shell = Shell::start(&place);
    let waits = shell.run("shell", "trap 'exit 9' TERM; echo ready; sleep 100 & wait", &json!({}));
    let greedy = "exec python3 -c 'x = bytearray(700_000_000); import time; time.sleep(60)'";
    let table = [
        (
            shell.run("unpulled", "true", &json!({})),
            "TaskFailedToStart",
            "CannotPullContainerError: ",
        ),
        (
            shell.run("unreadable", "true", &json!({})),
            "TaskFailedToStart",
            "ResourceInitializationError: unable to pull secrets or registry auth",
        ),
        (
            shell.run("shell", greedy, &json!({})),
            "EssentialContainerExited",
            "Essential container in task exited",
        ),
        (waits.clone(), "UserInitiated", "because"),
    ];
    product::wait_until("the job is ready", || shell.log(&waits).contains(&"ready".to_owned()));
    shell.ground.aws(
        "ecs",
        "stop_task",
        &json!({"cluster": CLUSTER, "task": waits, "reason": "because"}),
    );
    for (task, code, reason) in &table {
        let seen = shell.ground.stopped(task);
        assert_eq!(seen["stopCode"], *code, "{seen}");
        assert!(
            seen["stoppedReason"]
                .as_str()
                .is_some_and(|told| told.starts_with(reason)),
            "{seen}"
        );
    }
    assert_eq!(
        shell.ground.stopped(&waits)["containers"][0]["exitCode"],
        9,
        "SIGTERM was caught"
    );
    let killed = shell.ground.stopped(&table[2].0)["containers"][0].clone();
    assert_eq!(killed["exitCode"], 137, "{killed}");
    assert!(
        killed["reason"]
            .as_str()
            .is_some_and(|told| told.starts_with("OutOfMemoryError")),
        "{killed}"
    );
    assert!(
        shell.ground.stopped(&table[0].0)["containers"][0]
            .get("exitCode")
            .is_none()
    );

    a_missing_log_group_is_told(&shell);
}

fn a_missing_log_group_is_told(shell: &Shell) {
    shell
        .ground
        .aws("logs", "delete_log_group", &json!({"logGroupName": GROUP}));
    let without_a_log = shell.ground.stopped(&shell.run("shell", "true", &json!({})));
    let reason = without_a_log["stoppedReason"].as_str().expect("a reason");
    assert!(
        reason.starts_with("ResourceInitializationError: failed to validate logger args")
            && reason.contains("The specified log group does not exist"),
        "{reason}"
    );
}

#[test]
fn run_task_is_idempotent_by_its_token_and_refuses_what_ecs_refuses() {
    let place = Place::new();
    let shell = Shell::start(&place);
    let token = json!({"clientToken": "once"});
    let first = shell.run("shell", "sleep 1", &token);
    assert_eq!(shell.run("shell", "sleep 1", &token), first);
    assert_eq!(shell.ground.tasks().len(), 1);
    let conflict = shell.refused("shell", "sleep 2", &token);
    assert!(conflict.starts_with("ConflictException"), "{conflict}");

    let override_of = |name: &str| json!({"overrides": {"containerOverrides": [{"name": name}]}});
    let long = json!({"overrides": {"containerOverrides": [{"name": "job", "command": ["x".repeat(8192)]}]}});
    let nowhere = json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0"]}}});
    for (more, says) in [
        (json!({"cluster": "other"}), "ClusterNotFoundException"),
        (
            json!({"taskDefinition": "deploy-runner-shell:9"}),
            "TaskDefinition not found.",
        ),
        (
            override_of("other"),
            "Override for container named other is not a container in the TaskDefinition.",
        ),
        (long, "Container Overrides length must be at most 8192"),
        (nowhere, "The subnet ID 'subnet-0' does not exist"),
        (
            json!({"overrides": {"cpu": "256", "memory": "9999"}}),
            "No Fargate configuration exists for given values.",
        ),
    ] {
        let refusal = shell.refused("shell", "true", &more);
        assert!(refusal.contains(says), "{more}: {refusal}");
    }
    let unknown = json!({"cluster": CLUSTER, "task": "f".repeat(32)});
    let refusal = shell.ground.refused("ecs", "stop_task", &unknown);
    assert!(refusal.contains("The referenced task was not found."), "{refusal}");
    assert_eq!(shell.ground.tasks().len(), 1, "nothing that was refused left a task");
}

/// A bootstrap that does what its event says.
const BOOTSTRAP: &str = r#"
import json, os, sys, time, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"
def post(path, body):
    urllib.request.urlopen(urllib.request.Request(f"{api}/{path}", json.dumps(body).encode())).read()
if os.environ.get("BROKEN"):
    post("init/error", {"errorType": "Broken", "errorMessage": "no allow-list"})
    sys.exit(1)
calls = 0
while True:
    answer = urllib.request.urlopen(f"{api}/invocation/next")
    request, event = answer.headers["Lambda-Runtime-Aws-Request-Id"], json.load(answer)
    calls += 1
    print("call", calls, flush=True)
    time.sleep(event.get("sleep", 0))
    if event.get("exit"):
        sys.exit(event["exit"])
    if event.get("fail"):
        post(f"invocation/{request}/error", {"errorType": "Oops", "errorMessage": "handler failed"})
    else:
        post(f"invocation/{request}/response", {"calls": calls, "arn": answer.headers["Lambda-Runtime-Invoked-Function-Arn"]})
"#;

/// A package with the bootstrap.
fn function_package(ground: &Ground, place: &Place) -> std::path::PathBuf {
    let bootstrap = place.write("bootstrap.py", format!("#!{}\n{BOOTSTRAP}", python().display()));
    let package = place.join("function.zip");
    ground.ask(&json!({"do": "zip", "path": package, "files": {}, "programs": {"bootstrap": bootstrap}}));
    package
}

#[test]
fn a_function_is_really_called_by_name_arn_alias_and_version_and_fails_as_lambda_does() {
    let place = Place::new();
    let ground = Ground::start(&place);
    let package = function_package(&ground, &place);
    let role = json!({"do": "invoker_role", "name": "f", "cluster": CLUSTER, "log_group": GROUP, "without": []});
    let role = ground.ask(&role);
    let make = |name: &str, environment: Value| {
        ground.ask(&json!({"do": "function", "name": name, "package": package, "role_arn": role, "environment": environment, "timeout": 2}))
    };
    let alias = make("f", json!({}));
    let call = |name: &str, event: Value| {
        let answer = ground.aws(
            "lambda",
            "invoke",
            &json!({"FunctionName": name, "Payload": event.to_string()}),
        );
        let payload: Value = serde_json::from_str(answer["Payload"].as_str().expect("a payload")).expect("JSON");
        (answer["FunctionError"].as_str().map(str::to_owned), payload)
    };
    let alias = alias.as_str().expect("an ARN");
    for name in [alias, "f:live", "f:1"] {
        let (error, payload) = call(name, json!({}));
        assert_eq!(error, None, "{name}: {payload}");
    }
    assert_eq!(call("f", json!({})).1["calls"], 1, "$LATEST has an instance of its own");
    assert_eq!(
        call(alias, json!({})).1["calls"],
        4,
        "the version's instance is used again"
    );
    for (event, says) in [
        (json!({"fail": true}), "handler failed"),
        (json!({"exit": 3}), "Runtime exited with error: exit status 3"),
        (json!({"sleep": 9}), "Task timed out after 2.00 seconds"),
    ] {
        let (error, payload) = call(alias, event);
        assert_eq!(error.as_deref(), Some("Unhandled"), "{payload}");
        assert!(
            payload["errorMessage"].as_str().is_some_and(|told| told.contains(says)),
            "{payload}"
        );
    }
    assert_eq!(
        call(alias, json!({})).1["calls"],
        1,
        "a new instance after one that failed"
    );
    make("broken", json!({"BROKEN": "1"}));
    let (error, payload) = call("broken", json!({}));
    assert_eq!(
        (error.as_deref(), payload["errorMessage"].as_str()),
        (Some("Unhandled"), Some("no allow-list"))
    );
    let unknown = ground.refused("lambda", "invoke", &json!({"FunctionName": "nobody:live"}));
    assert!(
        unknown.contains("ResourceNotFoundException") && unknown.contains("function:nobody:live"),
        "{unknown}"
    );
    product::wait_until("the function's words are in its log group", || {
        ground.log_of_group("/aws/lambda/f").contains("call 4")
    });
}

#[test]
fn a_caller_may_do_what_its_policies_allow_on_what_they_name_and_must_sign_with_its_own_key() {
    let place = Place::new();
    let ground = Ground::start(&place);
    ground.ask(&json!({"do": "base", "cluster": CLUSTER, "log_group": GROUP}));
    let alias = format!("arn:aws:lambda:{}:123456789012:function:f:live", ground.region());
    let keys = ground.ask(&json!({"do": "ci_user", "name": "ci", "alias_arn": alias}));
    let call = |keys: &Value, service: &str, operation: &str, parameters: Value| {
        let command =
            json!({"do": "aws", "service": service, "operation": operation, "parameters": parameters, "keys": keys});
        ground
            .try_ask(&command)
            .expect_err("there is nothing that it could succeed with")
    };
    // What is allowed gets as far as the function, which is not there.
    let allowed = call(&keys, "lambda", "invoke", json!({"FunctionName": alias}));
    assert!(allowed.contains("Function not found: "), "{allowed}");
    for (service, operation, parameters, says) in [
        (
            "lambda",
            "invoke",
            json!({"FunctionName": "f"}),
            "lambda:InvokeFunction on resource: ",
        ),
        (
            "lambda",
            "invoke",
            json!({"FunctionName": "f:other"}),
            "function:f:other because no identity-based policy",
        ),
        ("ecs", "list_tasks", json!({"cluster": CLUSTER}), "ecs:ListTasks"),
        (
            "ecs",
            "describe_tasks",
            json!({"cluster": CLUSTER, "tasks": ["f"]}),
            "ecs:DescribeTasks",
        ),
        (
            "logs",
            "get_log_events",
            json!({"logGroupName": GROUP, "logStreamName": "s"}),
            "logs:GetLogEvents",
        ),
        ("iam", "list_users", json!({}), "iam:ListUsers"),
        ("s3", "list_buckets", json!({}), "s3:"),
    ] {
        let denied = call(&keys, service, operation, parameters);
        assert!(
            denied.contains("AccessDenied") && denied.contains(says),
            "{operation}: {denied}"
        );
    }
    let forged = json!({"access_key": keys["access_key"], "secret_key": "guessed"});
    let refused = call(&forged, "lambda", "invoke", json!({"FunctionName": alias}));
    assert!(refused.contains("InvalidSignatureException"), "{refused}");
    let unknown = json!({"access_key": "AKIANOBODY", "secret_key": "guessed"});
    let refused = call(&unknown, "ecs", "list_tasks", json!({"cluster": CLUSTER}));
    assert!(refused.contains("UnrecognizedClientException"), "{refused}");
}

#[test]
fn the_end_of_the_ground_is_the_end_of_everything_that_it_started() {
    let place = Place::new();
    let mut shell = Shell::start(&place);
    // A grandchild in a session of its own, as a job may leave one behind.
    let task = shell.run("shell", "setsid sleep 1000 & echo ready; wait", &json!({}));
    product::wait_until("the job is ready", || shell.log(&task).contains(&"ready".to_owned()));
    shell.ground.end();
    place.assert_nothing_is_left();
}
