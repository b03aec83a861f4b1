//! Why a message to the function has no reply, in words that say what to do.
//!
//! Responsible for: the text of each failure, what may be hoped for after it, and whether the gate may have acted on the message.
//! Never: shows a token, a signature or a signed address.

use super::Target;
use crate::transport::{Arrival, Hope};

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LambdaError {
    /// Who we are.
    #[error(transparent)]
    Credentials(#[from] CredentialsFailure),
    /// Lambda did not call the function.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The function failed.
    #[error("{target} {failure}{}", in_request(.request.as_deref()))]
    Function {
        /// Which function.
        target: Target,
        /// How.
        failure: FunctionFailure,
        /// Lambda's id of the call.
        request: Option<String>,
    },
    /// Nothing came back.
    #[error(transparent)]
    Connection(#[from] ConnectionFailure),
    /// Something else than an answer came back.
    #[error(
        "{target} answered something that is no answer of a gate ({why}): name the invoker with --invoker-function-id"
    )]
    Misread {
        /// Which function.
        target: Target,
        /// What is wrong with it.
        why: String,
    },
}

/// What is wrong with our credentials.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsFailure {
    /// There are none.
    #[error(
        "no AWS credentials: looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, {profile}, a web identity token, \
         a container's role and an instance's role; set one of them up, or log in (`aws sso login`, `aws login`)"
    )]
    None {
        /// Which profile was looked at.
        profile: String,
    },
    /// Their source failed.
    #[error("cannot get AWS credentials: {why}; log in again, or mend the source of the credentials")]
    Unavailable {
        /// What the source says.
        why: String,
    },
    /// Their source is not set up as it must be.
    #[error("the set-up of the AWS credentials is not understood: {why}")]
    Misconfigured {
        /// What is wrong.
        why: String,
    },
    /// They were good once.
    #[error("the AWS session has expired ({code}): log in again, or have CI issue new credentials")]
    Expired {
        /// AWS's word.
        code: String,
    },
    /// AWS does not know them.
    #[error(
        "AWS does not know these credentials ({code}): check the access key and that its session token belongs to it"
    )]
    Unknown {
        /// AWS's word.
        code: String,
    },
    /// The signature is not accepted.
    #[error("AWS refuses our signature ({code}): {}", clocks(.ours, .theirs.as_deref()))]
    Signature {
        /// AWS's word.
        code: String,
        /// The time here.
        ours: jiff::Timestamp,
        /// The time at AWS, as its answer tells it.
        theirs: Option<String>,
    },
}

/// Why Lambda did not call the function.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// No permission.
    #[error("{principal} may not `{action}` on `{resource}`: allow it in the policy of these credentials{}", in_brackets(.because))]
    Denied {
        /// Who.
        principal: String,
        /// What.
        action: String,
        /// On what.
        resource: String,
        /// Why, as AWS tells.
        because: String,
    },
    /// No such function, alias or version.
    #[error(
        "AWS has no {asked}: check --invoker-function-id, --aws-region and whose account these credentials are for"
    )]
    NotFound {
        /// What was asked for, and where.
        asked: String,
    },
    /// Too many calls at once.
    #[error("{target} is called too often just now ({reason})")]
    Busy {
        /// Which function.
        target: Target,
        /// AWS's word.
        reason: String,
    },
    /// The message is too large.
    #[error("the message is larger than Lambda takes ({code}): shorten the arguments")]
    TooLarge {
        /// AWS's word.
        code: String,
    },
    /// Not yet, or not any more.
    #[error("{target} is not ready ({code}): {message}")]
    NotReady {
        /// Which function.
        target: Target,
        /// AWS's word.
        code: String,
        /// AWS's text.
        message: String,
    },
    /// The function's settings cannot be decrypted.
    #[error(
        "{target} cannot read its own settings ({code}): its role needs kms:Decrypt on the key, and the key must be enabled: {message}"
    )]
    Key {
        /// Which function.
        target: Target,
        /// AWS's word.
        code: String,
        /// AWS's text.
        message: String,
    },
    /// Lambda failed.
    #[error("Lambda failed ({code}): {message}")]
    Service {
        /// AWS's word.
        code: String,
        /// AWS's text.
        message: String,
    },
    /// Something else that will not pass.
    #[error("Lambda refuses to call {target} ({code}): {message}")]
    Other {
        /// Which function.
        target: Target,
        /// AWS's word.
        code: String,
        /// AWS's text.
        message: String,
    },
}

/// How the function failed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FunctionFailure {
    /// It took too long.
    #[error("did not answer within its time-out: {text}")]
    TimedOut {
        /// Lambda's text.
        text: String,
    },
    /// Its process was killed or ended.
    #[error("broke down, out of memory or at its start ({kind}: {text}); its log says more")]
    Crashed {
        /// Lambda's word.
        kind: String,
        /// Lambda's text.
        text: String,
    },
    /// It reported an error.
    #[error("failed ({kind}: {text}); its log says more")]
    Failed {
        /// The function's word.
        kind: String,
        /// The function's text.
        text: String,
    },
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionFailure {
    /// The other side is not who it should be, or speaks no TLS.
    #[error(
        "no secure connection to {endpoint}: {why}; a proxy that looks into TLS needs its authority in SSL_CERT_FILE"
    )]
    Tls {
        /// Where to.
        endpoint: String,
        /// What failed.
        why: String,
    },
    /// No connection.
    #[error("cannot reach {endpoint}: {why}; check the Region, the network, HTTPS_PROXY and AWS_ENDPOINT_URL")]
    Unreachable {
        /// Where to.
        endpoint: String,
        /// What failed.
        why: String,
    },
    /// The connection broke.
    #[error("the connection to {endpoint} broke: {why}")]
    Broken {
        /// Where to.
        endpoint: String,
        /// What failed.
        why: String,
    },
    /// No answer in time.
    #[error("no answer from {endpoint} in time")]
    Silent {
        /// Where to.
        endpoint: String,
    },
    /// The request could not be made.
    #[error("cannot make the request to {endpoint}: {why}")]
    Unmade {
        /// Where to.
        endpoint: String,
        /// What failed.
        why: String,
    },
}

impl LambdaError {
    /// What may be hoped for.
    pub(crate) const fn hope(&self) -> Hope {
        match self {
            Self::Credentials(CredentialsFailure::Unavailable { .. }) => Hope::ForARun,
            Self::Refused(Refusal::Busy { .. } | Refusal::NotReady { .. } | Refusal::Service { .. })
            | Self::Function { .. }
            | Self::Connection(ConnectionFailure::Broken { .. } | ConnectionFailure::Silent { .. }) => Hope::Good,
            Self::Connection(ConnectionFailure::Unreachable { .. }) => Hope::Brief,
            Self::Credentials(
                CredentialsFailure::None { .. }
                | CredentialsFailure::Misconfigured { .. }
                | CredentialsFailure::Expired { .. }
                | CredentialsFailure::Unknown { .. }
                | CredentialsFailure::Signature { .. },
            )
            | Self::Refused(
                Refusal::Denied { .. }
                | Refusal::NotFound { .. }
                | Refusal::TooLarge { .. }
                | Refusal::Key { .. }
                | Refusal::Other { .. },
            )
            | Self::Connection(ConnectionFailure::Tls { .. } | ConnectionFailure::Unmade { .. })
            | Self::Misread { .. } => Hope::None,
        }
    }

    /// Whether the gate may have acted on the message. What answers in another language is no gate of ours.
    pub(crate) const fn arrival(&self) -> Arrival {
        match self {
            Self::Function { .. }
            | Self::Refused(Refusal::Service { .. })
            | Self::Connection(ConnectionFailure::Broken { .. } | ConnectionFailure::Silent { .. }) => Arrival::Perhaps,
            Self::Credentials(_)
            | Self::Refused(
                Refusal::Denied { .. }
                | Refusal::NotFound { .. }
                | Refusal::Busy { .. }
                | Refusal::TooLarge { .. }
                | Refusal::NotReady { .. }
                | Refusal::Key { .. }
                | Refusal::Other { .. },
            )
            | Self::Connection(
                ConnectionFailure::Tls { .. }
                | ConnectionFailure::Unreachable { .. }
                | ConnectionFailure::Unmade { .. },
            )
            | Self::Misread { .. } => Arrival::No,
        }
    }
}

fn in_request(request: Option<&str>) -> String {
    request
        .map(|request| format!(" (request {request})"))
        .unwrap_or_default()
}

fn in_brackets(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(" ({reason})")
    }
}

fn clocks(ours: &jiff::Timestamp, theirs: Option<&str>) -> String {
    let theirs = theirs.map(|theirs| format!(" and AWS's {theirs}")).unwrap_or_default();
    format!("check the secret access key and the clock; the clock here says {ours:.0}Z{theirs}").replace("ZZ", "Z")
}
