//! Says what IAM policies allow, from their JSON alone.
//!
//! Follows the evaluation that IAM documents for one account: an explicit denial wins, and nothing is allowed unless a statement says so.
//! Never guesses: an element, an operator or a variable that it does not know is a panic, because an answer would be worth nothing.

mod condition;
mod glob;

use serde_json::{Map, Value};

use glob::matches;

/// Keys of the request's context by name, as IAM fills them in.
pub type Context<'a> = [(&'a str, &'a str)];

/// What somebody tries.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// As `service:Action`.
    pub action: &'a str,
    /// The ARN, or `*` where the action knows no resource.
    pub resource: &'a str,
    /// What conditions may look at.
    pub context: &'a Context<'a>,
}

/// Do these policies of a role or user let it?
pub fn allows(policies: &[Value], request: Request<'_>) -> bool {
    decide(policies, |statement| {
        known(
            statement,
            &[
                "Sid",
                "Effect",
                "Action",
                "NotAction",
                "Resource",
                "NotResource",
                "Condition",
            ],
        );
        of_action(statement, request.action)
            && of_resource(statement, request.resource)
            && condition::holds(statement, request.context)
    })
}

/// Does this trust policy let the principal, as `Service` and `ecs-tasks.amazonaws.com`, take the role?
pub fn trusts(policy: &Value, principal: (&str, &str), action: &str, context: &Context<'_>) -> bool {
    decide(std::slice::from_ref(policy), |statement| {
        known(statement, &["Sid", "Effect", "Principal", "Action", "Condition"]);
        let (kind, name) = principal;
        let trusted = statement["Principal"].get(kind).map(texts).unwrap_or_default();
        // A principal's name has no wildcards; `*` alone is everybody.
        trusted.iter().any(|trusted| *trusted == name || *trusted == "*")
            && of_action(statement, action)
            && condition::holds(statement, context)
    })
}

fn decide(policies: &[Value], applies: impl Fn(&Value) -> bool) -> bool {
    let mut allowed = false;
    for policy in policies {
        known(policy, &["Version", "Id", "Statement"]);
        assert_eq!(policy["Version"], "2012-10-17", "another policy language: {policy}");
        for statement in policy["Statement"].as_array().expect("a list of statements") {
            match (statement["Effect"].as_str(), applies(statement)) {
                (Some("Deny"), true) => return false,
                (Some("Allow"), applies) => allowed |= applies,
                (Some("Deny"), false) => {}
                _ => panic!("neither allow nor deny: {statement}"),
            }
        }
    }
    allowed
}

fn of_action(statement: &Value, action: &str) -> bool {
    let lower = action.to_ascii_lowercase();
    one_of(statement, "Action", "NotAction", |pattern| {
        matches(&pattern.to_ascii_lowercase(), &lower)
    })
}

fn of_resource(statement: &Value, resource: &str) -> bool {
    one_of(statement, "Resource", "NotResource", |pattern| {
        matches(pattern, resource)
    })
}

/// Whether one of the patterns fits, or none of the excluded ones.
fn one_of(statement: &Value, element: &str, excluded: &str, fits: impl Fn(&str) -> bool) -> bool {
    match (statement.get(element), statement.get(excluded)) {
        (Some(patterns), None) => texts(patterns).into_iter().any(fits),
        (None, Some(patterns)) => !texts(patterns).into_iter().any(fits),
        _ => panic!("expected either {element} or {excluded}: {statement}"),
    }
}

/// One text or a list of them.
fn texts(value: &Value) -> Vec<&str> {
    let found: Vec<&str> = match value {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().map(|text| text.as_str().expect("a text")).collect(),
        _ => panic!("neither a text nor a list: {value}"),
    };
    assert!(
        !found.iter().any(|text| text.contains("${")),
        "policy variables are not understood here: {value}"
    );
    found
}

fn known(value: &Value, elements: &[&str]) {
    let value: &Map<String, Value> = value.as_object().expect("a JSON object");
    let strange: Vec<_> = value.keys().filter(|key| !elements.contains(&key.as_str())).collect();
    assert!(strange.is_empty(), "not understood here: {strange:?}");
}

#[cfg(test)]
mod tests;
