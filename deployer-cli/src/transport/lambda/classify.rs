//! From what the SDK reports to the failure that is told. The one place that knows AWS's error codes.

use std::error::Error;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::invoke::InvokeError;
use serde::Deserialize;

use super::Target;
use super::failure::{ConnectionFailure, CredentialsFailure, FunctionFailure, LambdaError, Refusal};
use super::words::{denied, fit};

/// What the only action that we need is called.
const INVOKE: &str = "lambda:InvokeFunction";
/// HTTP statuses from here on are the server's fault.
const SERVER_FAULT: u16 = 500;

/// Why the function was not called, or nothing came back.
pub(super) fn failure(error: &SdkError<InvokeError, HttpResponse>, target: &Target) -> LambdaError {
    let endpoint = || target.endpoint();
    match error {
        SdkError::ServiceError(service) => refused(service.err(), service.raw(), target),
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            let why = format!("HTTP {status}: {}", chain(error));
            if status >= SERVER_FAULT {
                ConnectionFailure::Broken {
                    endpoint: endpoint(),
                    why,
                }
                .into()
            } else {
                let target = target.clone();
                LambdaError::Misread { target, why }
            }
        }
        SdkError::TimeoutError(_) => ConnectionFailure::Silent { endpoint: endpoint() }.into(),
        SdkError::DispatchFailure(dispatch) => match find::<CredentialsError>(error) {
            Some(credentials) => credentials_failure(credentials).into(),
            None => dispatch.as_connector_error().map_or_else(
                || {
                    ConnectionFailure::Broken {
                        endpoint: endpoint(),
                        why: chain(error),
                    }
                    .into()
                },
                |connector| connection(connector, endpoint()).into(),
            ),
        },
        SdkError::ConstructionFailure(_) | _ => unmade(error, endpoint()),
    }
}

fn unmade(error: &SdkError<InvokeError, HttpResponse>, endpoint: String) -> LambdaError {
    match find::<CredentialsError>(error) {
        Some(credentials) => credentials_failure(credentials).into(),
        None => ConnectionFailure::Unmade {
            endpoint,
            why: chain(error),
        }
        .into(),
    }
}

fn credentials_failure(error: &CredentialsError) -> CredentialsFailure {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => CredentialsFailure::None {
            profile: std::env::var("AWS_PROFILE").map_or_else(
                |_unset| "the profile `default`".to_owned(),
                |name| format!("the profile `{}`", fit(&name)),
            ),
        },
        CredentialsError::InvalidConfiguration(_) => CredentialsFailure::Misconfigured { why: causes(error) },
        CredentialsError::ProviderTimedOut(_)
        | CredentialsError::ProviderError(_)
        | CredentialsError::Unhandled(_)
        | _ => CredentialsFailure::Unavailable { why: causes(error) },
    }
}

fn connection(error: &ConnectorError, endpoint: String) -> ConnectionFailure {
    let why = chain(error);
    let connecting =
        find::<hyper_util::client::legacy::Error>(error).is_some_and(hyper_util::client::legacy::Error::is_connect);
    if connecting && breaks_tls(error) {
        ConnectionFailure::Tls { endpoint, why }
    } else if connecting || (error.is_timeout() && !is_attempt(error)) {
        ConnectionFailure::Unreachable { endpoint, why }
    } else if error.is_timeout() {
        ConnectionFailure::Silent { endpoint }
    } else if error.is_user() {
        ConnectionFailure::Unmade { endpoint, why }
    } else {
        ConnectionFailure::Broken { endpoint, why }
    }
}

/// Whether a time-out of the connector came after the connection stood: then the message may have arrived.
fn is_attempt(error: &ConnectorError) -> bool {
    find::<hyper_util::client::legacy::Error>(error).is_none() && !chain(error).contains("connect timeout")
}

fn refused(error: &InvokeError, response: &HttpResponse, target: &Target) -> LambdaError {
    let status = response.status().as_u16();
    let code = error.code().map_or_else(|| format!("HTTP {status}"), fit);
    let raw = error.message().unwrap_or_default();
    let message = fit(raw);
    let target = target.clone();
    match code.as_str() {
        "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" => CredentialsFailure::Expired { code }.into(),
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized" => CredentialsFailure::Unknown { code }.into(),
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "RequestTimeTooSkewed"
        | "IncompleteSignature"
        | "IncompleteSignatureException" => CredentialsFailure::Signature {
            code,
            ours: jiff::Timestamp::now(),
            theirs: response.headers().get("date").map(fit),
        }
        .into(),
        "AccessDeniedException" | "AccessDenied" => denial(raw, &target).into(),
        "ResourceNotFoundException" => not_found(raw, &target).into(),
        "TooManyRequestsException" | "ThrottlingException" | "Throttling" | "EC2ThrottledException" => Refusal::Busy {
            target,
            reason: if message.is_empty() {
                code
            } else {
                format!("{code}: {message}")
            },
        }
        .into(),
        "RequestTooLargeException" | "RequestEntityTooLargeException" | "SerializedRequestEntityTooLargeException" => {
            Refusal::TooLarge { code }.into()
        }
        "ResourceConflictException"
        | "ResourceNotReadyException"
        | "CodeArtifactUserPendingException"
        | "SnapStartNotReadyException"
        | "ENINotReadyException"
        | "ENILimitReachedException"
        | "SubnetIPAddressLimitReachedException"
        | "EC2UnexpectedException" => Refusal::NotReady { target, code, message }.into(),
        "KMSAccessDeniedException" | "KMSDisabledException" | "KMSInvalidStateException" | "KMSNotFoundException" => {
            Refusal::Key { target, code, message }.into()
        }
        _ if status == 429 => Refusal::Busy { target, reason: code }.into(),
        _ if status >= SERVER_FAULT => Refusal::Service { code, message }.into(),
        _ => Refusal::Other { target, code, message }.into(),
    }
}

fn denial(text: &str, target: &Target) -> Refusal {
    let told = denied(text);
    Refusal::Denied {
        principal: told
            .principal
            .map_or_else(|| "the caller".to_owned(), |principal| format!("`{principal}`")),
        action: told.action.unwrap_or_else(|| INVOKE.to_owned()),
        resource: told.resource.unwrap_or_else(|| target.function.to_string()),
        because: told.because,
    }
}

/// AWS names the ARN that it looked for, and with it account and Region.
fn not_found(text: &str, target: &Target) -> Refusal {
    let arn = text.split_whitespace().find(|word| word.starts_with("arn:"));
    let asked = match (arn, target.function.qualifier()) {
        (Some(arn), None) => format!("function `{}`", fit(arn)),
        (Some(arn), Some(alias)) => format!("function `{}`, or no alias or version `{alias}` of it", fit(arn)),
        (None, None) => target.to_string(),
        (None, Some(alias)) => format!("{target}, or no alias or version `{alias}` of it"),
    };
    Refusal::NotFound { asked }
}

/// What Lambda answers in place of a function that failed.
#[derive(Deserialize)]
struct Failed {
    #[serde(rename = "errorType", default)]
    kind: String,
    #[serde(rename = "errorMessage", default)]
    text: String,
}

/// How the function failed.
pub(super) fn function_failure(payload: &[u8]) -> FunctionFailure {
    let failed = serde_json::from_slice(payload).unwrap_or_else(|_unreadable| Failed {
        kind: "no reason given".to_owned(),
        text: String::new(),
    });
    let (kind, text) = (fit(&failed.kind), fit(&failed.text));
    if kind == "Sandbox.Timedout" || text.contains("Task timed out after") {
        FunctionFailure::TimedOut { text }
    } else if kind.starts_with("Runtime.") || kind.starts_with("Sandbox.") || kind.starts_with("Extension.") {
        FunctionFailure::Crashed { kind, text }
    } else {
        FunctionFailure::Failed { kind, text }
    }
}

/// rustls reports what it refuses as invalid data, inside another error of the system.
fn breaks_tls(error: &(dyn Error + 'static)) -> bool {
    let Some(outer) = find::<io::Error>(error) else {
        return false;
    };
    let mut next = Some(outer);
    while let Some(error) = next {
        if error.kind() == io::ErrorKind::InvalidData {
            return true;
        }
        next = error.get_ref().and_then(|payload| payload.downcast_ref());
    }
    false
}

/// The first cause of this type.
fn find<'a, Cause: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a Cause> {
    std::iter::successors(Some(error), |error| (*error).source()).find_map(|error| error.downcast_ref())
}

/// The error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    for error in std::iter::successors(Some(error), |error| (*error).source()) {
        let text = error.to_string();
        if !told.iter().any(|earlier| earlier.contains(&text)) {
            told.push(text);
        }
    }
    fit(&told.join(": "))
}

/// The causes alone.
fn causes(error: &(dyn Error + 'static)) -> String {
    error.source().map_or_else(|| chain(error), chain)
}
