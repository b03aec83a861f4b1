//! Lambda: functions with instances, each of which serves one call at a time.
//!
//! A function goes on to its end also when its caller is gone, as on AWS.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{Response, StatusCode};
use serde_json::json;

use crate::reply::{Fault, answer, header};
use crate::world::{ACCOUNT, REGION};

/// Largest payload of a request or an answer, in bytes.
const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// A function's error: what its runtime reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// The sort of error.
    pub kind: String,
    /// What happened.
    pub message: String,
}

/// One instance of a function: takes an event, gives an answer.
pub type Instance =
    Arc<dyn Fn(Vec<u8>) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, FunctionError>> + Send>> + Send + Sync>;

/// Makes a new instance: what a function does in its init.
pub type Init = Arc<dyn Fn() -> Instance + Send + Sync>;

/// A function as it is registered.
#[derive(Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its aliases.
    pub aliases: Vec<String>,
    /// Makes an instance.
    pub init: Init,
    /// A call may take so long, in milliseconds.
    pub timeout: u64,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.name)
    }
}

/// One call of a function, as it is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invocation {
    /// When it began, in milliseconds of Unix time.
    pub at: u64,
    /// Its duration as it is billed, in milliseconds, its init included.
    pub billed: u64,
    /// It made a new instance.
    pub cold: bool,
    /// Bytes of its answer.
    pub answered: usize,
}

/// The functions of the account.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    functions: HashMap<String, Registered>,
    pub(crate) invocations: Vec<Invocation>,
}

struct Registered {
    function: Function,
    idle: Vec<Instance>,
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} with {} idle instances", self.function, self.idle.len())
    }
}

/// An instance that is free for one call.
pub(crate) struct Taken {
    pub(crate) name: String,
    pub(crate) instance: Instance,
    pub(crate) cold: bool,
    pub(crate) timeout: u64,
}

impl Functions {
    pub(crate) fn register(&mut self, function: Function) {
        let name = function.name.clone();
        let idle = Vec::new();
        self.functions.insert(name, Registered { function, idle });
    }

    /// An idle instance, or a new one. Absent when there is no such function or alias.
    pub(crate) fn take(&mut self, name: &str, alias: Option<&str>) -> Option<Taken> {
        let registered = self.functions.get_mut(name)?;
        let function = &registered.function;
        let known = alias.is_none_or(|alias| alias == "$LATEST" || function.aliases.iter().any(|known| known == alias));
        known.then(|| {
            let idle = registered.idle.pop();
            Taken {
                name: name.to_owned(),
                cold: idle.is_none(),
                instance: idle.unwrap_or_else(|| (registered.function.init)()),
                timeout: registered.function.timeout,
            }
        })
    }

    /// Puts an instance back.
    pub(crate) fn give_back(&mut self, name: &str, instance: Instance) {
        if let Some(registered) = self.functions.get_mut(name) {
            registered.idle.push(instance);
        }
    }
}

/// A function's name and alias, from `name`, `name:alias`, a partial ARN or an ARN, and the qualifier of the query.
pub(crate) fn parse_name<'a>(text: &'a str, qualifier: Option<&'a str>) -> (&'a str, Option<&'a str>) {
    let parts: Vec<&str> = text.split(':').collect();
    let rest = match parts.iter().position(|part| *part == "function") {
        Some(place) => parts.get(place + 1..).unwrap_or_default(),
        None => parts.as_slice(),
    };
    let name = rest.first().copied().unwrap_or_default();
    (name, qualifier.or_else(|| rest.get(1).copied()))
}

/// The payload is too large to be taken.
pub(crate) fn check_size(payload: &[u8]) -> Result<(), Fault> {
    if payload.len() <= MAX_PAYLOAD {
        return Ok(());
    }
    Err(Fault::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestTooLargeException",
        format!(
            "{} byte payload is too large for the RequestResponse invocation type (limit {MAX_PAYLOAD} bytes)",
            payload.len()
        ),
    ))
}

pub(crate) fn not_found(name: &str, alias: Option<&str>) -> Fault {
    let alias = alias.map(|alias| format!(":{alias}")).unwrap_or_default();
    let message = format!("Function not found: arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}{alias}");
    Fault::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

/// What the caller gets of a finished call.
pub(crate) fn finished(outcome: Result<Vec<u8>, FunctionError>) -> Response<Vec<u8>> {
    let outcome = outcome.and_then(|payload| {
        if payload.len() <= MAX_PAYLOAD {
            return Ok(payload);
        }
        let size = payload.len();
        Err(FunctionError {
            kind: "Function.ResponseSizeTooLarge".to_owned(),
            message: format!(
                "Response payload size ({size} bytes) exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes)."
            ),
        })
    });
    let mut response = match outcome {
        Ok(payload) => answer(StatusCode::OK, "application/json", payload),
        Err(error) => {
            let body = json!({ "errorType": error.kind, "errorMessage": error.message });
            let mut response = answer(StatusCode::OK, "application/json", body.to_string().into_bytes());
            header(&mut response, "x-amz-function-error", "Unhandled");
            response
        }
    };
    header(&mut response, "x-amz-executed-version", "$LATEST");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_in_four_ways() {
        let arn = "arn:aws:lambda:us-west-2:123456789012:function:gate:live";
        assert_eq!(parse_name(arn, None), ("gate", Some("live")));
        assert_eq!(parse_name("123456789012:function:gate", None), ("gate", None));
        assert_eq!(parse_name("gate:live", None), ("gate", Some("live")));
        assert_eq!(parse_name("gate", Some("live")), ("gate", Some("live")));
    }
}
