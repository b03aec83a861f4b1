//! Whose signature a request has: the task's role, or declared keys.
//!
//! Responsible for no part of them ever being shown, and for asking nobody for them but the task's own endpoint.

use std::fmt;
use std::time::Instant;

use serde::Deserialize;

use super::Service;
use super::endpoint::is_this_machine;
use super::http::{Http, Question, Unreachable};
use crate::exit_code::{DECLARATION, UNAVAILABLE};

/// Where ECS answers with a task's credentials.
const OF_ECS: &str = "http://169.254.170.2";
/// Where it answers them in full addresses.
const LINK_LOCAL: [&str; 2] = ["169.254.170.2", "169.254.170.23"];
/// They are a short text.
const MOST_BYTES: usize = 64 * 1024;

/// There are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Nobody gives any.
    #[error(
        "there are no credentials for {0}: give the container a task role, or declare the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    None(Service),
    /// Credentials from another machine, unencrypted.
    #[error("AWS_CONTAINER_CREDENTIALS_FULL_URI names another machine without `https://`: nothing was asked of it")]
    Address,
    /// Nobody answers.
    #[error("the credentials of the task cannot be had: {0}; see the task role in the task definition")]
    Unreachable(Unreachable),
    /// Something else answers.
    #[error(
        "the credentials of the task cannot be had: the answer is {0} and holds none; see the task role in the task definition"
    )]
    NotThere(u16),
}

impl CredentialsError {
    /// What a script exits with.
    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            Self::Unreachable(_) | Self::NotThere(429 | 500..) => UNAVAILABLE,
            Self::None(_) | Self::Address | Self::NotThere(_) => DECLARATION,
        }
    }

    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(reason) => reason.is_passing(),
            Self::NotThere(status) => matches!(status, 429 | 500..),
            Self::None(_) | Self::Address => false,
        }
    }
}

/// Keys to sign with.
#[derive(Clone, Deserialize)]
pub(super) struct Credentials {
    #[serde(rename = "AccessKeyId")]
    id: String,
    #[serde(rename = "SecretAccessKey")]
    secret: String,
    #[serde(rename = "Token")]
    token: Option<String>,
}

impl Credentials {
    pub(super) fn new(id: &str, secret: &str, token: Option<&str>) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token: token.map(str::to_owned),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Where they come from.
pub(super) enum Source {
    /// They are declared.
    Declared(Credentials),
    /// The task's endpoint gives them, anew whenever they are needed: they do not last long.
    Task(String),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Declared(_) => "Declared(…)",
            Self::Task(_) => "Task(…)",
        })
    }
}

impl Source {
    /// As the environment says; declared keys come first, as for Terraform.
    pub(super) fn find(service: Service, own: impl Fn(&str) -> Option<String>) -> Result<Self, CredentialsError> {
        if let (Some(id), Some(secret)) = (own("AWS_ACCESS_KEY_ID"), own("AWS_SECRET_ACCESS_KEY")) {
            let token = own("AWS_SESSION_TOKEN");
            return Ok(Self::Declared(Credentials::new(&id, &secret, token.as_deref())));
        }
        if let Some(path) = own("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").filter(|path| path.starts_with('/')) {
            return Ok(Self::Task(format!("{OF_ECS}{path}")));
        }
        match own("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            Some(url) if is_trusted(&url) => Ok(Self::Task(url)),
            Some(_) => Err(CredentialsError::Address),
            None => Err(CredentialsError::None(service)),
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Task(url) if url.starts_with("https://"))
    }

    pub(super) fn credentials(&self, http: &Http, end: Instant) -> Result<Credentials, CredentialsError> {
        let url = match self {
            Self::Declared(credentials) => return Ok(credentials.clone()),
            Self::Task(url) => url.clone(),
        };
        let question = Question {
            method: "GET",
            url,
            headers: Vec::new(),
            body: &[],
            most_bytes: MOST_BYTES,
            end,
        };
        let reply = http.ask_directly(question).map_err(CredentialsError::Unreachable)?;
        match serde_json::from_slice(&reply.content) {
            Ok(credentials) if reply.status == 200 => Ok(credentials),
            Ok(_) | Err(_) => Err(CredentialsError::NotThere(reply.status)),
        }
    }
}

fn is_trusted(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return url.starts_with("https://");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    port.bytes().all(|b| b.is_ascii_digit()) && (is_this_machine(host) || LINK_LOCAL.contains(&host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fixture::environment;

    fn find(variables: &[(&str, &str)]) -> Result<Source, CredentialsError> {
        Source::find(Service::Ec2, environment(variables))
    }

    #[test]
    fn a_task_asks_its_own_endpoint_and_no_other_machine_without_encryption() {
        let url = |name: &str, value: &str| match find(&[(name, value)]) {
            Ok(Source::Task(url)) => Some(url),
            Ok(Source::Declared(_)) | Err(_) => None,
        };
        let (relative, full) = (
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        );
        assert_eq!(
            url(relative, "/v2/credentials/x").as_deref(),
            Some("http://169.254.170.2/v2/credentials/x")
        );
        assert_eq!(url(relative, "@evil.example.com/x"), None);
        for trusted in [
            "http://127.0.0.1:8080/x",
            "http://localhost/x",
            "http://169.254.170.23/v1/credentials",
            "https://credentials.example.com/x",
        ] {
            assert_eq!(url(full, trusted).as_deref(), Some(trusted));
        }
        for refused in [
            "http://10.0.0.1/x",
            "http://127.0.0.1@evil.example.com/x",
            "http://127.0.0.1:x@evil.example.com/",
            "ftp://127.0.0.1/x",
            "http://[::1]/x",
        ] {
            assert!(
                matches!(find(&[(full, refused)]), Err(CredentialsError::Address)),
                "{refused}"
            );
        }
        assert!(matches!(find(&[]), Err(CredentialsError::None(Service::Ec2))));
    }

    #[test]
    fn an_endpoint_that_cannot_now_is_not_one_that_has_none() {
        for (status, code, passes) in [
            (503, UNAVAILABLE, true),
            (429, UNAVAILABLE, true),
            (404, DECLARATION, false),
        ] {
            let error = CredentialsError::NotThere(status);
            assert_eq!((error.exit_code(), error.is_passing()), (code, passes), "{status}");
        }
    }

    #[test]
    fn declared_keys_come_first_and_nothing_of_them_is_shown() {
        let source = find(&[
            ("AWS_ACCESS_KEY_ID", "AKIAHUNTER"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AWS_SESSION_TOKEN", "hunter3"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/hunter4"),
        ])
        .unwrap();
        assert_eq!(format!("{source:?}"), "Declared(…)");
        let task = find(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/hunter4")]).unwrap();
        assert_eq!(format!("{task:?}"), "Task(…)");
        let credentials = Credentials::new("AKIAHUNTER", "hunter2", Some("hunter3"));
        assert_eq!(format!("{credentials:?}"), "Credentials(…)");
    }
}
