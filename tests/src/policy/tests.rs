//! What the evaluator answers, as IAM's documentation says it.

use serde_json::json;

use super::*;

const OBJECT: &str = "arn:aws:s3:::bucket/folder/object";

#[track_caller]
fn check(statements: &Value, action: &str, resource: &str, context: &Context<'_>, expected: bool) {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let request = Request {
        action,
        resource,
        context,
    };
    assert_eq!(allows(&[policy], request), expected, "{request:?}: {statements}");
}

#[test]
fn nothing_is_allowed_unless_a_statement_says_so_and_a_denial_wins() {
    let allow = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let deny = json!({"Effect": "Deny", "Action": "s3:Get*", "Resource": "arn:aws:s3:::bucket/*"});
    check(&json!([]), "s3:GetObject", OBJECT, &[], false);
    check(&json!([allow]), "s3:GetObject", OBJECT, &[], true);
    check(&json!([allow, deny]), "s3:GetObject", OBJECT, &[], false);
    check(&json!([deny, allow]), "s3:GetObject", OBJECT, &[], false);
    check(&json!([allow, deny]), "s3:PutObject", OBJECT, &[], true);
    check(&json!([deny]), "s3:PutObject", OBJECT, &[], false);
}

#[test]
fn actions_are_compared_in_any_case_and_resources_as_they_are_written() {
    let statement = json!([{"Effect": "Allow", "Action": ["S3:getobject"], "Resource": [OBJECT]}]);
    check(&statement, "s3:GetObject", OBJECT, &[], true);
    check(&statement, "s3:GetObjectAcl", OBJECT, &[], false);
    check(&statement, "s3:GetObject", &OBJECT.to_uppercase(), &[], false);
}

#[test]
fn what_a_statement_excludes_is_everything_else() {
    let statement = json!([{"Effect": "Allow", "NotAction": "iam:*", "NotResource": OBJECT}]);
    check(&statement, "s3:GetObject", "arn:aws:s3:::other", &[], true);
    check(&statement, "s3:GetObject", OBJECT, &[], false);
    check(&statement, "iam:PassRole", "arn:aws:s3:::other", &[], false);
}

#[test]
fn wildcards_describe_the_whole_text() {
    for (pattern, text, expected) in [
        ("a*c", "abbc", true),
        ("a*c", "abbcd", false),
        ("a*b*c", "aXbYbZc", true),
        ("a?c", "ac", false),
        ("a?c", "abc", true),
        ("*", "", true),
        ("", "a", false),
        ("arn:aws:ecs:*:task/x/*", "arn:aws:ecs:r:1:task/x/1", true),
    ] {
        assert_eq!(glob::matches(pattern, text), expected, "{pattern} {text}");
    }
    assert!(glob::arn_matches("arn:aws:ecs:r:1:*", "arn:aws:ecs:r:1:task/x/1:2"));
    assert!(!glob::arn_matches("arn:aws:ecs:*:task/x/1", "arn:aws:ecs:r:1:task/x/1"));
}

#[test]
fn every_condition_must_hold_with_one_of_its_values() {
    let with =
        |condition: Value| json!([{"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": condition}]);
    let cluster = "arn:aws:ecs:r:1:cluster/one";
    for (condition, context, expected) in [
        (json!({"StringEquals": {"k": ["x", "y"]}}), &[("K", "y")][..], true),
        (json!({"StringEquals": {"k": "x"}}), &[("k", "X")], false),
        (json!({"StringEquals": {"k": "x"}}), &[], false),
        (json!({"StringEquals": {"k": "x*"}}), &[("k", "xy")], false),
        (json!({"StringLike": {"k": "x*"}}), &[("k", "xy")], true),
        (json!({"StringNotEquals": {"k": "true"}}), &[], true),
        (json!({"StringNotEquals": {"k": "true"}}), &[("k", "true")], false),
        (json!({"ArnEquals": {"k": cluster}}), &[("k", cluster)], true),
        (
            json!({"ArnEquals": {"k": cluster}}),
            &[("k", "arn:aws:ecs:r:1:cluster/two")],
            false,
        ),
        (
            json!({"ArnNotLike": {"k": "arn:aws:ecs:*:1:cluster/*"}}),
            &[("k", cluster)],
            false,
        ),
        (json!({"StringEquals": {"k": "x", "l": "y"}}), &[("k", "x")], false),
        (
            json!({"StringEquals": {"k": "x"}, "StringLike": {"l": "y*"}}),
            &[("k", "x"), ("l", "n")],
            false,
        ),
    ] {
        check(&with(condition), "a:B", "*", context, expected);
    }
}

#[test]
fn a_role_is_taken_by_whom_it_trusts_only() {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
    }]});
    let account = [("aws:SourceAccount", "1")];
    assert!(trusts(
        &trust,
        ("Service", "ecs-tasks.amazonaws.com"),
        "sts:AssumeRole",
        &account
    ));
    assert!(!trusts(
        &trust,
        ("Service", "ec2.amazonaws.com"),
        "sts:AssumeRole",
        &account
    ));
    assert!(!trusts(
        &trust,
        ("AWS", "ecs-tasks.amazonaws.com"),
        "sts:AssumeRole",
        &account
    ));
    assert!(!trusts(
        &trust,
        ("Service", "ecs-tasks.amazonaws.com"),
        "sts:TagSession",
        &account
    ));
    assert!(!trusts(
        &trust,
        ("Service", "ecs-tasks.amazonaws.com"),
        "sts:AssumeRole",
        &[]
    ));
}

#[test]
#[should_panic(expected = "`NumericLessThan` is not understood here")]
fn an_operator_that_it_does_not_know_has_no_answer() {
    let condition = json!({"NumericLessThan": {"k": "1"}});
    let statement = json!([{"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": condition}]);
    check(&statement, "a:B", "*", &[("k", "0")], true);
}

#[test]
#[should_panic(expected = "policy variables are not understood here")]
fn a_variable_has_no_answer() {
    let statement = json!([{"Effect": "Allow", "Action": "a:B", "Resource": "arn:aws:s3:::${aws:username}"}]);
    check(&statement, "a:B", "*", &[], false);
}
