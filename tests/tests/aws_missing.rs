//! What is not there in the account: the run fails to start (121) and the message names the thing. And a package whose allow-list
//! cannot be trusted: everything is denied (120).

use e2e::ground::scene::Scene;
use e2e::ground::stack::{Function, LOG_GROUP, Special, bootstrap};
use e2e::product::{self, Ended};
use serde_json::{Value, json};

fn count(scene: &Scene, function: &Function) -> Ended {
    product::run(scene.ci_of(function).args(["--", "jobs", "count", "--lines=1"]))
}

/// Everything that the message must name.
#[track_caller]
fn check(missing: &str, ended: Ended, names: &[&str]) {
    let ended = ended.with(121);
    for name in names {
        assert!(ended.stderr.contains(name), "{missing}: `{name}`: {}", ended.stderr);
    }
    assert_eq!(ended.stdout, "", "{missing}");
}

/// Settings of the function that name what is not there (or name nothing), and what the message must name.
const SETTINGS: [(&str, &str, Option<&str>, &[&str]); 4] = [
    (
        "cluster",
        "DEPLOY_RUNNER_CLUSTER",
        Some("nowhere"),
        &["the ECS cluster `nowhere` does not exist", "`DEPLOY_RUNNER_CLUSTER`"],
    ),
    (
        "subnet",
        "DEPLOY_RUNNER_SUBNETS",
        Some("subnet-0"),
        &["a subnet cannot be used (`subnet-0`)", "`DEPLOY_RUNNER_SUBNETS`"],
    ),
    (
        "security-group",
        "DEPLOY_RUNNER_SECURITY_GROUPS",
        Some("sg-0"),
        &[
            "a security group cannot be used (`sg-0`)",
            "`DEPLOY_RUNNER_SECURITY_GROUPS`",
        ],
    ),
    (
        "setting",
        "DEPLOY_RUNNER_CLUSTER",
        None,
        &["`DEPLOY_RUNNER_CLUSTER` is missing"],
    ),
];

/// Permissions that the function's role lacks, and on what.
const PERMISSIONS: [(&str, &str, &str); 3] = [
    ("run", "ecs:RunTask", ":task-definition/deploy-runner-jobs:1`"),
    ("pass", "iam:PassRole", "arn:aws:iam::123456789012:role/deploy-runner-"),
    ("tag", "ecs:TagResource", ":task/deploy-runner/*`"),
];

#[test]
fn whatever_is_missing_the_run_fails_to_start_and_the_message_names_it() {
    let scene = Scene::new();
    for (missing, setting, value, names) in SETTINGS {
        let special = Special {
            settings: &[(setting, value)],
            ..Special::default()
        };
        check(missing, count(&scene, &scene.special(missing, &special)), names);
    }
    for (missing, action, resource) in PERMISSIONS {
        let special = Special {
            without: &[action],
            ..Special::default()
        };
        let lacks = format!("lacks the permission `{action}` on `");
        let ended = count(&scene, &scene.special(missing, &special));
        check(missing, ended, &[&lacks, resource]);
    }
    let unpulled = product::run(scene.ci().args(["--", "unpulled", "count"]));
    check("image", unpulled, &["nobody-built-it", "the image does not exist"]);
    // It is not the set-up of this test that fails.
    assert_eq!(count(&scene, &scene.function).with(0).stdout, "line 1 of 1\n");
    scene
        .ground
        .aws("logs", "delete_log_group", &json!({"logGroupName": LOG_GROUP}));
    let named = format!("the log group `{LOG_GROUP}` does not exist");
    check("log group", count(&scene, &scene.function), &[&named]);
}

#[test]
fn a_task_definition_that_is_missing_or_names_what_is_missing_is_named() {
    let scene = Scene::new();
    let elsewhere = task_definition_with_a_log_group_that_is_not_there(&scene);
    let raw = scene.stack.task_definition("raw");
    for (missing, definitions, named) in [
        (
            "revision",
            json!({"jobs": "deploy-runner-jobs:99"}),
            "the task definition `deploy-runner-jobs:99` does not exist",
        ),
        ("definition", json!({"raw": raw}), "`jobs`"),
        (
            "log-group-of-the-task",
            json!({"jobs": elsewhere}),
            "the `awslogs-group` of the task definition `deploy-runner-elsewhere:1`",
        ),
    ] {
        let special = Special {
            settings: &[("DEPLOY_RUNNER_TASK_DEFINITIONS", Some(&definitions.to_string()))],
            ..Special::default()
        };
        check(missing, count(&scene, &scene.special(missing, &special)), &[named]);
    }
}

fn task_definition_with_a_log_group_that_is_not_there(scene: &Scene) -> String {
    let container = json!({"image": "jobs", "environment": {}, "secrets": {}, "task": {"cpu": 1024, "memory": 4096}});
    let allow_list = json!({"containers": {"elsewhere": container}});
    let asked = json!({"do": "task_definitions", "allow_list": allow_list, "log_group": "/nowhere/jobs"});
    let pinned = scene.ground.ask(&asked);
    pinned["elsewhere"].as_str().expect("it is registered").to_owned()
}

#[test]
fn an_allow_list_that_cannot_be_trusted_denies_everything_and_says_so() {
    let scene = Scene::new();
    let honest = allow_list_of(&scene);
    let mut other_format: Value = serde_json::from_str(&honest).expect("it is JSON");
    other_format["format"] = json!(99);
    let tampered: [(&str, Option<String>); 4] = [
        ("missing", None),
        ("truncated", Some(honest[..honest.len() / 2].to_owned())),
        ("written-again", Some(honest.replacen("{\"", "{ \"", 1))),
        ("of-another-release", Some(other_format.to_string())),
    ];
    for (how, allow_list) in tampered {
        let package = scene.place.join(&format!("{how}.zip"));
        let files = allow_list.map_or_else(|| json!({}), |text| json!({"allow-list.json": text}));
        let zip = json!({"do": "zip", "path": package, "files": files, "programs": {"bootstrap": bootstrap()}});
        scene.ground.ask(&zip);
        let special = Special {
            package: Some(&package),
            ..Special::default()
        };
        let function = scene.special(how, &special);
        let described = product::run(scene.ci_of(&function).arg("--describe-containers"));
        for ended in [count(&scene, &function), described] {
            let ended = ended.with(120);
            assert!(
                ended.stderr.contains("allow-list") || ended.stdout.contains("allow-list"),
                "{how}: {ended:?}"
            );
        }
        product::wait_until("the function says it in its log", || {
            let log = scene.ground.log_of_group(&format!("/aws/lambda/{how}"));
            log.contains("there is no allow-list: every request is denied") && log.contains(r#""decision":"denied""#)
        });
    }
    assert_eq!(scene.ground.count("RunTask"), 0, "nothing was started");
}

/// The compiled allow-list as the package of this scene has it.
fn allow_list_of(scene: &Scene) -> String {
    let compiled = e2e::ground::stack::compiled(&scene.place.join("aws.yaml"));
    String::from_utf8(compiled).expect("it is text")
}
