//! Questions over HTTP, each with an end.
//!
//! Responsible for no address, header or body ever being part of a reason: an address may be a credential.

use std::fmt;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::crypto::aws_lc_rs;
use ureq::http::{HeaderMap, Request};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Error, Proxy};

/// For one connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For one question, answer included.
const QUESTION_TIMEOUT: Duration = Duration::from_mins(1);

/// One question.
pub(super) struct Question<'run> {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: &'run [u8],
    /// How much of the answer is read.
    pub(super) most_bytes: usize,
    /// When an answer is of no use any more.
    pub(super) end: Instant,
}

/// The answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) content: Vec<u8>,
    /// Nothing was left unread.
    pub(super) is_whole: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// It took too long.
    #[error("no answer in time")]
    Slow,
    /// No such name.
    #[error("the name is not known")]
    Name,
    /// The connection.
    #[error("{0}")]
    Connection(io::Error),
    /// Its encryption.
    #[error("the encrypted connection failed: {0}")]
    Encryption(String),
    /// No certificates to check it with.
    #[error(
        "there are no certificates to check the other side with: put the package `ca-certificates` into the image, or declare SSL_CERT_FILE"
    )]
    NoCertificates,
    /// No HTTP.
    #[error("the answer is not HTTP")]
    Broken,
}

impl Unreachable {
    pub(super) const fn is_passing(&self) -> bool {
        match self {
            Self::Slow | Self::Name | Self::Connection(_) | Self::Broken => true,
            Self::Encryption(_) | Self::NoCertificates => false,
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the errors of the library are open-ended, and what they say may repeat an address"
)]
impl From<Error> for Unreachable {
    fn from(error: Error) -> Self {
        match error {
            Error::Timeout(_) => Self::Slow,
            Error::HostNotFound => Self::Name,
            Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => Self::Slow,
            Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(inner) => Self::Encryption(inner.to_string()),
                None => Self::Connection(error),
            },
            Error::ConnectionFailed => Self::Connection(io::ErrorKind::ConnectionRefused.into()),
            Error::Rustls(error) => Self::Encryption(error.to_string()),
            Error::Tls(what) => Self::Encryption(what.to_owned()),
            _ => Self::Broken,
        }
    }
}

/// Who asks.
pub(super) struct Http {
    /// Through the declared proxy, if there is one.
    agent: Agent,
    /// The task's own endpoint is behind no proxy.
    direct: Agent,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

impl Http {
    /// Reads the certificates of this machine if they are needed.
    pub(super) fn prepare(encrypted: bool) -> Result<Self, Unreachable> {
        let certificates = if encrypted { certificates()? } else { Vec::new() };
        let roots = RootCerts::Specific(Arc::new(certificates));
        Ok(Self {
            agent: agent(roots.clone(), Proxy::try_from_env()),
            direct: agent(roots, None),
        })
    }

    pub(super) fn ask(&self, question: Question<'_>) -> Result<Reply, Unreachable> {
        ask(&self.agent, question)
    }

    pub(super) fn ask_directly(&self, question: Question<'_>) -> Result<Reply, Unreachable> {
        ask(&self.direct, question)
    }
}

/// Those of the system, or of `SSL_CERT_FILE`.
fn certificates() -> Result<Vec<Certificate<'static>>, Unreachable> {
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return Err(Unreachable::NoCertificates);
    }
    Ok(found
        .iter()
        .map(|known| Certificate::from_der(known).to_owned())
        .collect())
}

fn agent(roots: RootCerts, proxy: Option<Proxy>) -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .root_certs(roots)
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .proxy(proxy)
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .user_agent("deploy-runner")
        .build()
        .new_agent()
}

fn ask(agent: &Agent, question: Question<'_>) -> Result<Reply, Unreachable> {
    let left = question.end.saturating_duration_since(Instant::now());
    let mut request = Request::builder().method(question.method).uri(question.url);
    for (name, value) in question.headers {
        request = request.header(name, value);
    }
    let answer = if question.method == "GET" {
        let request = request.body(()).map_err(Error::from)?;
        let request = agent.configure_request(request);
        agent.run(request.timeout_global(Some(left.min(QUESTION_TIMEOUT))).build())?
    } else {
        let request = request.body(question.body).map_err(Error::from)?;
        let request = agent.configure_request(request);
        agent.run(request.timeout_global(Some(left.min(QUESTION_TIMEOUT))).build())?
    };
    let (head, body) = answer.into_parts();
    let limit = u64::try_from(question.most_bytes).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    body.into_reader()
        .take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(Error::from)?;
    let is_whole = content.len() <= question.most_bytes;
    Ok(Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        content,
        is_whole,
    })
}
