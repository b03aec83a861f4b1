//! What the documents about AWS say is what the code reads, and no policy in them grants more than it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The JSON blocks of a document.
fn blocks(name: &str) -> Vec<Value> {
    let text = read(name);
    let blocks = text
        .split("```json\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("a block has an end"));
    blocks
        .map(|block| serde_json::from_str(block).unwrap_or_else(|error| panic!("{name}: {error}\n{block}")))
        .collect()
}

/// One text or a list of them.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        _ => panic!("neither a text nor a list: {value}"),
    }
}

/// The statements of the policies of a document that grant permissions, trust policies left out.
fn statements() -> Vec<Value> {
    let policies = blocks("docs/aws-permissions.md");
    let all = policies
        .iter()
        .flat_map(|policy| policy["Statement"].as_array().expect("statements"));
    all.filter(|statement| statement.get("Principal").is_none())
        .cloned()
        .collect()
}

#[test]
fn every_variable_of_the_engine_is_in_the_table_of_settings_and_no_other() {
    let names = |text: &str, before: &str| -> BTreeSet<String> {
        let found = text.split(before).skip(1).map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_uppercase() || *c == '_')
                .collect::<String>()
        });
        found.filter(|name| name.starts_with("DEPLOY_RUNNER_")).collect()
    };
    let read_by_the_code = names(&read("crates/engine-ecs/src/settings.rs"), "\"");
    let documented = names(&read("docs/aws.md"), "\n| `");
    assert!(read_by_the_code.len() > 5, "{read_by_the_code:?}");
    assert_eq!(documented, read_by_the_code);
}

#[test]
fn the_credentials_of_ci_may_do_one_thing() {
    let policy = &blocks("docs/aws-permissions.md")[0];
    let statements = policy["Statement"].as_array().expect("statements");
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0]["Action"], "lambda:InvokeFunction");
    assert_eq!(
        statements[0]["Resource"],
        "arn:aws:lambda:eu-west-1:111122223333:function:deploy-runner-invoker:live"
    );
}

#[test]
fn no_policy_of_the_documents_has_a_wildcard_for_an_action_or_one_for_everything_without_saying_so() {
    // These have no resource of their own: the one in IAM, the other on Fargate.
    let without_resource = ["ecr:GetAuthorizationToken", "ecs:ListTasks"];
    for statement in statements() {
        let actions = texts(&statement["Action"]);
        assert!(actions.iter().all(|action| !action.contains('*')), "{statement}");
        let everything = texts(&statement["Resource"]).contains(&"*");
        assert_eq!(
            everything,
            actions.iter().any(|action| without_resource.contains(action)),
            "{statement}"
        );
    }
}

#[test]
fn every_call_of_ecs_is_limited_to_the_cluster_and_every_role_to_ecs() {
    let condition = |statement: &Value, operator: &str, key: &str| statement["Condition"][operator][key].clone();
    let mut limited = BTreeSet::new();
    for statement in statements() {
        for action in texts(&statement["Action"]) {
            let limit = match action {
                "ecs:RunTask" | "ecs:StopTask" | "ecs:DescribeTasks" | "ecs:ListTasks" => {
                    condition(&statement, "ArnEquals", "ecs:cluster")
                }
                "ecs:TagResource" => condition(&statement, "StringEquals", "ecs:CreateAction"),
                "iam:PassRole" => condition(&statement, "StringEquals", "iam:PassedToService"),
                _ => continue,
            };
            assert!(limit.is_string(), "{action}: {statement}");
            limited.insert(action.to_owned());
        }
    }
    assert_eq!(limited.len(), 6, "{limited:?}");
}

#[test]
fn the_task_definition_of_the_document_has_the_shape_that_the_engine_relies_on() {
    let blocks = blocks("docs/aws.md");
    let job = &blocks[0]["containerDefinitions"][0];
    assert_eq!(job["name"], "job");
    assert_eq!(job["essential"], true);
    assert_eq!(job["stopTimeout"], 120);
    assert_eq!(job["logConfiguration"]["options"]["mode"], "blocking");
    assert_eq!(
        job["logConfiguration"]["options"]["awslogs-stream-prefix"],
        "deploy-runner"
    );
}
