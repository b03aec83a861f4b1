//! What AWS says when a permission is missing, as action and resource. Never guesses a policy: it repeats what was refused.

use crate::plain;

/// A permission that the gate's role lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denied {
    /// Such as `ecs:RunTask`.
    pub(crate) action: String,
    /// The ARN that was asked for, as far as AWS names it.
    pub(crate) resource: String,
}

impl Denied {
    /// Reads `User: … is not authorized to perform: ACTION on resource: RESOURCE because …`; what it does not say is what was asked for.
    pub(crate) fn read(message: &str, action: &str, resource: &str) -> Self {
        let said = |before: &str| {
            message
                .split_once(before)
                .and_then(|(_, rest)| rest.split_whitespace().next())
                .map(|word| word.trim_matches(['.', ',', '"', '\'', '`', '(', ')']))
                .filter(|word| !word.is_empty())
                .map(plain::line)
        };
        Self {
            action: said("to perform: ").unwrap_or_else(|| action.to_owned()),
            resource: said("on resource: ").unwrap_or_else(|| resource.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_and_resource_come_from_the_message_and_else_from_the_call() {
        let message = "User: arn:aws:sts::123456789012:assumed-role/gate/x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/job because no identity-based policy allows the iam:PassRole action";
        let read = Denied::read(message, "ecs:RunTask", "task definition `a:1`");
        assert_eq!(read.action, "iam:PassRole");
        assert_eq!(read.resource, "arn:aws:iam::123456789012:role/job");
        let silent = Denied::read("Access denied", "ecs:RunTask", "task definition `a:1`");
        assert_eq!(
            (silent.action.as_str(), silent.resource.as_str()),
            ("ecs:RunTask", "task definition `a:1`")
        );
    }
}
