//! What the Terraform modules make is what CI can use, and grants what the table of permissions says and nothing more.
//!
//! One installation serves the whole test: an apply costs half a minute.

use std::collections::BTreeMap;
use std::process::Command;

use e2e::ground::Keys;
use e2e::installation::{Installation, SECRET};
use e2e::permissions::{ATTEMPTS, PERMISSIONS, Role, TRUSTS};
use e2e::policy::{self, Request};
use e2e::product;
use serde_json::{Value, json};

const ROLES: [Role; 7] = [
    Role::Ci,
    Role::Invoker,
    Role::Execution,
    Role::PlainExecution,
    Role::Task,
    Role::Planner,
    Role::Applier,
];

#[test]
fn one_apply_makes_a_deploy_runner_that_ci_uses_and_a_changed_allow_list_is_another_apply() {
    let installation = Installation::new();
    installation.init();
    installation.package(5, "hello");
    installation.apply();
    let outputs = installation.outputs();
    let ci = installation.ci(&outputs);
    a_job_runs_and_a_request_beyond_the_allow_list_is_denied(&installation, &ci, &outputs);
    a_secret_reaches_the_job_and_nobody_else(&installation, &ci, &outputs);
    every_role_has_the_permissions_of_the_table(&installation, &outputs);
    no_role_can_do_what_it_must_not(&installation, &outputs);
    nobody_takes_a_role_that_is_not_theirs(&installation, &outputs);
    // The emulated account differs in nothing, so nothing has to be left out of the comparison.
    installation.plan().with(0);

    installation.package(50, "good morning");
    installation.apply();
    the_new_rule_holds_in_a_new_revision(&installation, &ci, &outputs);

    installation.destroy();
    nothing_is_left(&installation);
}

fn cli(installation: &Installation, ci: &Keys, outputs: &Value) -> Command {
    let mut cli = installation.place.principal(&installation.ground, ci);
    cli.env(
        "DEPLOY_RUNNER_INVOKER_FUNCTION_ID",
        outputs["invoker_alias_arn"].as_str().expect("an ARN"),
    );
    cli
}

fn a_job_runs_and_a_request_beyond_the_allow_list_is_denied(installation: &Installation, ci: &Keys, outputs: &Value) {
    let ran =
        product::run(cli(installation, ci, outputs).args(["--", "jobs", "count", "--lines=2", "--exit=7"])).with(7);
    assert_eq!(ran.stdout, "line 1 of 2\nline 2 of 2\n");
    let denied = product::run(cli(installation, ci, outputs).args(["--", "jobs", "count", "--lines=20"])).with(120);
    assert!(denied.stderr.contains("--lines"), "{}", denied.stderr);
    assert_eq!(
        installation.ground.count("RunTask"),
        1,
        "a denied request starts nothing"
    );
    let audit = || installation.ground.log_of_group("/aws/lambda/deploy-runner-invoker");
    product::wait_until("both decisions are in the log group that Terraform made", || {
        audit().contains(r#""decision":"denied""#) && audit().contains(r#""decision":"allowed""#)
    });
}

fn a_secret_reaches_the_job_and_nobody_else(installation: &Installation, ci: &Keys, outputs: &Value) {
    let ran = product::run(cli(installation, ci, outputs).args(["--", "confidential", "snoop"])).with(0);
    assert!(ran.stdout.contains("plain: "), "{}", ran.stdout);
    assert!(
        !ran.stdout.contains("plain: \n"),
        "the job has the secret: {}",
        ran.stdout
    );
    assert!(!ran.stdout.contains(SECRET), "nobody sees it: {}", ran.stdout);
}

fn role_name(outputs: &Value, role: Role) -> String {
    let arn = outputs["roles"][role.output()].as_str();
    let arn = arn.unwrap_or_else(|| panic!("no role for {role:?}: {outputs}"));
    arn.rsplit('/').next().expect("an ARN has a name").to_owned()
}

fn every_role_has_the_permissions_of_the_table(installation: &Installation, outputs: &Value) {
    for role in ROLES {
        let expected = PERMISSIONS.iter().filter(|permission| permission.role == role);
        let expected: BTreeMap<String, Value> = expected
            .map(|permission| (permission.sid.to_owned(), json!(permission.actions)))
            .collect();
        let policies = installation.policies(&role_name(outputs, role));
        let found = policies
            .iter()
            .flat_map(|policy| policy["Statement"].as_array().expect("statements"));
        let found = found.map(|statement| {
            assert_eq!(statement["Effect"], "Allow", "{statement}");
            (
                statement["Sid"].as_str().expect("a name").to_owned(),
                statement["Action"].clone(),
            )
        });
        assert_eq!(found.collect::<BTreeMap<_, _>>(), expected, "{role:?}");
    }
}

fn no_role_can_do_what_it_must_not(installation: &Installation, outputs: &Value) {
    for role in ROLES {
        let policies = installation.policies(&role_name(outputs, role));
        for attempt in ATTEMPTS.iter().filter(|attempt| attempt.role == role) {
            let request = Request {
                action: attempt.action,
                resource: &attempt.resource.replace("{secret}", &installation.secret),
                context: attempt.context,
            };
            assert_eq!(
                policy::allows(&policies, request),
                attempt.works,
                "{attempt:?}\n{policies:#?}"
            );
        }
    }
}

fn nobody_takes_a_role_that_is_not_theirs(installation: &Installation, outputs: &Value) {
    for attempt in TRUSTS {
        let trust = installation.trust(&role_name(outputs, attempt.role));
        let works = policy::trusts(&trust, attempt.principal, attempt.action, attempt.context);
        assert_eq!(works, attempt.works, "{attempt:?}\n{trust:#}");
    }
}

fn the_new_rule_holds_in_a_new_revision(installation: &Installation, ci: &Keys, before: &Value) {
    let after = installation.outputs();
    assert_eq!(
        after["invoker_alias_arn"], before["invoker_alias_arn"],
        "callers call what they called"
    );
    assert_eq!(after["task_definitions"]["jobs"], "deploy-runner-jobs:2");
    assert_eq!(
        after["task_definitions"]["confidential"],
        "deploy-runner-confidential:1"
    );
    let ran = product::run(cli(installation, ci, before).args(["--", "jobs", "count", "--lines=20"])).with(0);
    assert_eq!(ran.stdout.lines().count(), 20);
    let task = installation.ground.tasks().pop().expect("a task");
    let definition = task["taskDefinitionArn"].as_str().expect("an ARN");
    assert!(definition.ends_with("/deploy-runner-jobs:2"), "{task}");
    product::run(cli(installation, ci, before).args(["--", "jobs", "count", "--lines=51"])).with(120);
}

fn nothing_is_left(installation: &Installation) {
    let listed = |service: &str, operation: &str, name: &str| {
        let answer = installation.ground.aws(service, operation, &json!({}));
        let items = answer[name]
            .as_array()
            .unwrap_or_else(|| panic!("{operation}: {answer}"));
        items.clone()
    };
    for (service, operation, name) in [
        ("lambda", "list_functions", "Functions"),
        ("ecs", "list_task_definitions", "taskDefinitionArns"),
        ("logs", "describe_log_groups", "logGroups"),
        ("iam", "list_roles", "Roles"),
        ("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList"),
        ("events", "list_rules", "Rules"),
        ("cloudwatch", "describe_alarms", "MetricAlarms"),
        ("sns", "list_topics", "Topics"),
    ] {
        assert_eq!(listed(service, operation, name), Vec::<Value>::new(), "{operation}");
    }
    assert_eq!(listed("s3", "list_buckets", "Buckets"), Vec::<Value>::new());
    let groups = listed("ec2", "describe_security_groups", "SecurityGroups");
    assert!(groups.iter().all(|group| group["GroupName"] == "default"), "{groups:?}");
    let cluster = installation
        .ground
        .aws("ecs", "describe_clusters", &json!({"clusters": ["deploy-runner"]}));
    // ECS shows a deleted cluster for a while, as inactive.
    assert!(
        cluster["clusters"]
            .as_array()
            .is_none_or(|found| found.iter().all(|cluster| cluster["status"] == "INACTIVE")),
        "{cluster}"
    );
}
