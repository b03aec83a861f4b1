//! The conditions of a statement: every operator and every key of it must hold, with one of its values.
//!
//! Knows the operators that this project's policies use, and panics at every other.

use serde_json::{Map, Value};

use super::glob::{arn_matches, matches};
use super::{Context, texts};

/// Do all conditions of the statement hold?
pub(super) fn holds(statement: &Value, context: &Context<'_>) -> bool {
    let none = Map::new();
    let conditions = statement.get("Condition").map_or(&none, |condition| {
        condition.as_object().expect("conditions by their operators")
    });
    conditions.iter().all(|(operator, keys)| {
        let keys = keys.as_object().expect("values by their keys");
        keys.iter()
            .all(|(key, values)| compares(operator, &texts(values), value_of(context, key)))
    })
}

/// Names of keys are the same in any case of letters.
fn value_of<'a>(context: &Context<'a>, key: &str) -> Option<&'a str> {
    let found = context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
    found.map(|(_, value)| *value)
}

/// A key that the request does not have: a negated operator holds, any other does not.
fn compares(operator: &str, values: &[&str], found: Option<&str>) -> bool {
    let any = |fits: fn(&str, &str) -> bool| found.is_some_and(|found| values.iter().any(|value| fits(value, found)));
    match operator {
        "StringEquals" => any(|value, found| value == found),
        "StringNotEquals" => !any(|value, found| value == found),
        "StringLike" => any(matches),
        // IAM treats both alike: wildcards are allowed in either.
        "ArnLike" | "ArnEquals" => any(arn_matches),
        "ArnNotLike" | "ArnNotEquals" => !any(arn_matches),
        _ => panic!("the condition operator `{operator}` is not understood here"),
    }
}
