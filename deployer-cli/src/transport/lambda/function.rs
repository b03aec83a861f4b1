//! How a Lambda function is named: by name, ARN or partial ARN, each with or without an alias or version.
//!
//! Responsible for: taking the parts apart, so that a mistake is found before anything is sent. Never: asks AWS.

use std::fmt;
use std::str::FromStr;

/// Longest name of a function (Lambda API reference, `Invoke`, `FunctionName`).
const MAX_NAME: usize = 64;
/// Longest alias (Lambda API reference, `Invoke`, `Qualifier`).
const MAX_QUALIFIER: usize = 128;
/// Digits of an account id.
const ACCOUNT_DIGITS: usize = 12;

/// A function as a caller names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionId {
    scope: Scope,
    name: String,
    qualifier: Option<String>,
}

/// What a caller says about where the function is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    /// In the account of the credentials.
    Own,
    /// In this account.
    Account(String),
    /// In this account and Region.
    Arn {
        partition: String,
        region: String,
        account: String,
    },
}

/// The words name no function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a function as NAME, NAME:ALIAS, ACCOUNT:function:NAME[:ALIAS] or arn:aws:lambda:REGION:ACCOUNT:function:NAME[:ALIAS]"
)]
pub(crate) struct NotAFunction;

impl FunctionId {
    /// Name, partial ARN or ARN, without the alias.
    pub(crate) fn unqualified(&self) -> String {
        let name = &self.name;
        match &self.scope {
            Scope::Own => name.clone(),
            Scope::Account(account) => format!("{account}:function:{name}"),
            Scope::Arn {
                partition,
                region,
                account,
            } => format!("arn:{partition}:lambda:{region}:{account}:function:{name}"),
        }
    }

    /// Alias or version.
    pub(crate) fn qualifier(&self) -> Option<&str> {
        self.qualifier.as_deref()
    }

    /// The Region of an ARN.
    pub(crate) fn region(&self) -> Option<&str> {
        match &self.scope {
            Scope::Arn { region, .. } => Some(region),
            Scope::Own | Scope::Account(_) => None,
        }
    }
}

impl fmt::Display for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.unqualified())?;
        self.qualifier
            .as_ref()
            .map_or(Ok(()), |qualifier| write!(f, ":{qualifier}"))
    }
}

impl FromStr for FunctionId {
    type Err = NotAFunction;

    fn from_str(text: &str) -> Result<Self, NotAFunction> {
        let parts: Vec<&str> = text.split(':').collect();
        let (scope, name, qualifier) = match parts.as_slice() {
            [name] => (Scope::Own, name, None),
            [name, qualifier] => (Scope::Own, name, Some(qualifier)),
            [account, "function", name] => (Scope::account(account)?, name, None),
            [account, "function", name, qualifier] => (Scope::account(account)?, name, Some(qualifier)),
            ["arn", partition, "lambda", region, account, "function", name] => {
                (Scope::arn(partition, region, account)?, name, None)
            }
            ["arn", partition, "lambda", region, account, "function", name, qualifier] => {
                (Scope::arn(partition, region, account)?, name, Some(qualifier))
            }
            _ => return Err(NotAFunction),
        };
        let latest_or_word = |text: &&str| is_word(text, MAX_QUALIFIER) || *text == "$LATEST";
        if !is_word(name, MAX_NAME) || !qualifier.is_none_or(latest_or_word) {
            return Err(NotAFunction);
        }
        Ok(Self {
            scope,
            name: (*name).to_owned(),
            qualifier: qualifier.map(|text| (*text).to_owned()),
        })
    }
}

impl Scope {
    fn account(account: &str) -> Result<Self, NotAFunction> {
        is_account(account)
            .then(|| Self::Account(account.to_owned()))
            .ok_or(NotAFunction)
    }

    fn arn(partition: &str, region: &str, account: &str) -> Result<Self, NotAFunction> {
        if !partition.starts_with("aws") || !is_word(partition, MAX_NAME) || !is_region(region) || !is_account(account)
        {
            return Err(NotAFunction);
        }
        Ok(Self::Arn {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
        })
    }
}

/// Whether a text can be a Region: it becomes part of a host name.
pub(crate) fn is_region(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_word(text: &str, longest: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=longest).contains(&text.len()) && text.bytes().all(plain)
}

fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, unqualified: &str, qualifier: Option<&str>, region: Option<&str>) {
        let id: FunctionId = text.parse().unwrap_or_else(|_| panic!("`{text}` must be read"));
        assert_eq!(
            (id.unqualified().as_str(), id.qualifier(), id.region()),
            (unqualified, qualifier, region)
        );
        assert_eq!(id.to_string(), text);
    }

    #[test]
    fn every_form_that_lambda_takes_is_taken_apart() {
        check("invoker", "invoker", None, None);
        check("invoker:live", "invoker", Some("live"), None);
        check("invoker:$LATEST", "invoker", Some("$LATEST"), None);
        let partial = "123456789012:function:invoker";
        check(partial, partial, None, None);
        check("123456789012:function:invoker:7", partial, Some("7"), None);
        let arn = "arn:aws:lambda:us-west-2:123456789012:function:invoker";
        check(arn, arn, None, Some("us-west-2"));
        check(&format!("{arn}:live"), arn, Some("live"), Some("us-west-2"));
        let gov = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:invoker";
        check(gov, gov, None, Some("us-gov-west-1"));
    }

    #[test]
    fn what_is_no_function_is_refused() {
        for text in [
            "",
            ":",
            "invoker:",
            "a b",
            "invoker/../x",
            "1234:function:invoker",
            "123456789012:layer:invoker",
            "arn:aws:s3:us-west-2:123456789012:function:invoker",
            "arn:gcp:lambda:us-west-2:123456789012:function:invoker",
            "arn:aws:lambda:us.west:123456789012:function:invoker",
            "arn:aws:lambda:us-west-2:123456789012:function:invoker:live:more",
            "https://evil.example.com",
            "invoker?x=1",
        ] {
            assert_eq!(text.parse::<FunctionId>(), Err(NotAFunction), "{text}");
        }
        assert_eq!("x".repeat(65).parse::<FunctionId>(), Err(NotAFunction));
    }
}
