//! The main job on AWS: the CLI calls the function, the function starts a task, the task runs a real terraform with the AWS
//! provider, which makes resources in the simulated AWS. The CLI has the keys of a CI user who may invoke one alias.

use std::time::Duration;

use e2e::ground::scene::{STATE_BUCKET, Scene};
use e2e::product::{self, Running};
use serde_json::json;

/// A command with the AWS provider costs about ten seconds of processor time.
const PATIENCE: Duration = Duration::from_mins(2);

const OUTPUT: &str = r#"{
  "bucket": {
    "sensitive": false,
    "type": "string",
    "value": "arn:aws:s3:::acme-artifacts"
  },
  "version": {
    "sensitive": true,
    "type": "string",
    "value": "1.4.0"
  }
}
"#;

fn scene() -> Scene {
    let scene = Scene::new();
    let here = json!({"LocationConstraint": scene.ground.region()});
    scene.ground.aws(
        "s3",
        "create_bucket",
        &json!({"Bucket": STATE_BUCKET, "CreateBucketConfiguration": here}),
    );
    scene
}

fn asked(scene: &Scene, command: &str) -> Vec<String> {
    let container = if command == "apply" {
        "terraform-applier"
    } else {
        "terraform-planner"
    };
    vec![
        "--".to_owned(),
        container.to_owned(),
        "infrastructure-deploy-script".to_owned(),
        "--repo=infrastructure-live".to_owned(),
        format!("--ref={}", scene.repository.git(&["rev-parse", "HEAD"])),
        format!("--command={command}"),
        "--deploy-path=live".to_owned(),
    ]
}

fn objects(scene: &Scene) -> Vec<String> {
    let listed = scene
        .ground
        .aws("s3", "list_objects_v2", &json!({"Bucket": STATE_BUCKET}));
    let objects = listed["Contents"].as_array().cloned().unwrap_or_default();
    objects
        .iter()
        .filter_map(|object| object["Key"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn terraform_makes_resources_in_aws_and_then_there_is_nothing_left_to_do() {
    let scene = scene();
    let applied = product::run(scene.ci().args(asked(&scene, "apply"))).with(0);
    assert!(
        applied
            .stdout
            .contains("Apply complete! Resources: 3 added, 0 changed, 0 destroyed."),
        "{applied:?}"
    );
    assert_eq!(objects(&scene), ["live.tfstate"], "the state is there and not locked");
    let parameter = scene
        .ground
        .aws("ssm", "get_parameter", &json!({"Name": "/acme/version"}));
    assert_eq!(parameter["Parameter"]["Value"], "1.4.0");
    scene
        .ground
        .aws("s3", "head_bucket", &json!({"Bucket": "acme-artifacts"}));
    let groups = scene.ground.aws(
        "logs",
        "describe_log_groups",
        &json!({"logGroupNamePrefix": "/acme/web"}),
    );
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 30, "{groups}");

    let planned = product::run(scene.ci().args(asked(&scene, "plan")).arg("--detailed-exitcode")).with(0);
    assert!(planned.stdout.contains("No changes."), "{planned:?}");
    let outputs = product::run(scene.ci().args(asked(&scene, "output")).arg("--json")).with(0);
    assert_eq!(outputs.stdout, OUTPUT, "standard output is terraform's, byte for byte");

    for request in scene.ground.requests() {
        let caller = request["caller"].as_str().expect("a caller");
        if caller.contains(":user/") {
            assert_eq!(
                request["action"], "InvokeFunction",
                "the CI user asked for more: {request}"
            );
        }
    }
    assert_eq!(scene.ground.tasks().len(), 3, "one task for each command");
}

#[test]
fn ctrl_c_in_mid_apply_releases_the_lock_of_the_state_and_a_second_apply_goes_on() {
    let scene = scene();
    let mut apply = Running::start(
        &scene.place,
        "apply",
        scene.ci().args(asked(&scene, "apply")).arg("--var=seconds=300"),
    );
    apply.wait_long_for(PATIENCE, "second 2 of 300");
    assert!(
        objects(&scene).contains(&"live.tfstate.tflock".to_owned()),
        "the apply holds the lock: {:?}",
        objects(&scene)
    );
    apply.signal("INT");
    let cancelled = apply.end_within(PATIENCE).with(130);
    assert!(!cancelled.stdout.contains("second 299"), "{cancelled:?}");
    assert_eq!(objects(&scene), ["live.tfstate"], "the lock is released");
    let run = scene.only_run();
    let task = scene.ground.tasks().remove(0);
    assert_eq!(task["stopCode"], "UserInitiated", "{run}: {task}");
}
