//! The address of the repository, restricted to the few forms that mean one thing only.
//!
//! Responsible for which transports exist at all. Never contacts anything, never holds a password.

use std::fmt;
use std::str::FromStr;

/// Why an address is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UrlError {
    /// Another transport, or git's short form `host:path`.
    #[error("`{0}` has no transport that is allowed: give a full `https://`, `ssh://` or `file:///` address")]
    Transport(String),
    /// Readable and changeable on its way.
    #[error("`{0}` is not encrypted: use `https://` (plain `http://` is only for this machine)")]
    Unencrypted(String),
    /// A user name or password in the address.
    #[error("the address carries a user name or password: leave them out and declare the secret GIT_TOKEN")]
    Credentials,
    /// The host could be read as an option or as something else.
    #[error("`{0}` has no plain host name: use letters, digits, dots and dashes, not starting with a dash")]
    Host(String),
    /// The path could be read as something else.
    #[error("`{0}` has no plain path: leave out spaces, `..`, `?`, `#`, backslashes and parts that start with a dash")]
    Path(String),
}

/// How git reaches the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// HTTPS.
    Https,
    /// HTTP on this machine.
    Http,
    /// SSH.
    Ssh,
    /// A directory of this machine.
    File,
}

impl Transport {
    /// The name git's protocol allow-list has for it.
    pub const fn git_name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Ssh => "ssh",
            Self::File => "file",
        }
    }

    /// Whether a failure may go away by itself.
    pub const fn is_remote(self) -> bool {
        match self {
            Self::Https | Self::Http | Self::Ssh => true,
            Self::File => false,
        }
    }
}

/// The address of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryUrl {
    text: String,
    transport: Transport,
    origin: String,
}

impl RepositoryUrl {
    /// The address as git takes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How git reaches it.
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// Host and port, as they are written.
    pub fn authority(&self) -> &str {
        let (_, rest) = self.origin.split_once("://").unwrap_or_default();
        rest.trim_end_matches('/')
    }

    /// Transport, host and port, with a slash at the end: the scope of a credential.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl FromStr for RepositoryUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (transport, rest) = split_transport(text)?;
        let (authority, path) = rest.split_once('/').ok_or_else(|| UrlError::Path(text.to_owned()))?;
        check_authority(text, transport, authority)?;
        if path_is_plain(path) {
            let origin = format!("{}://{authority}/", transport.git_name());
            Ok(Self {
                text: text.to_owned(),
                transport,
                origin,
            })
        } else {
            Err(UrlError::Path(text.to_owned()))
        }
    }
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn split_transport(text: &str) -> Result<(Transport, &str), UrlError> {
    [Transport::Https, Transport::Http, Transport::Ssh, Transport::File]
        .into_iter()
        .find_map(|transport| Some((transport, text.strip_prefix(transport.git_name())?.strip_prefix("://")?)))
        .ok_or_else(|| UrlError::Transport(text.to_owned()))
}

fn check_authority(text: &str, transport: Transport, authority: &str) -> Result<(), UrlError> {
    let host_and_port = match (transport, authority.rsplit_once('@')) {
        (Transport::Ssh, Some((user, rest))) if is_name(user) => rest,
        (_, Some(_)) => return Err(UrlError::Credentials),
        (_, None) => authority,
    };
    if transport == Transport::File {
        return if authority.is_empty() {
            Ok(())
        } else {
            Err(UrlError::Host(text.to_owned()))
        };
    }
    let host = match host_and_port.split_once(':') {
        Some((host, port)) if !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()) => host,
        Some(_) => return Err(UrlError::Host(text.to_owned())),
        None => host_and_port,
    };
    if !is_name(host) {
        return Err(UrlError::Host(text.to_owned()));
    }
    if transport == Transport::Http && host != "localhost" && host != "127.0.0.1" {
        return Err(UrlError::Unencrypted(text.to_owned()));
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

fn path_is_plain(path: &str) -> bool {
    !path.is_empty()
        && path
            .chars()
            .all(|c| !c.is_control() && !c.is_whitespace() && !matches!(c, '?' | '#' | '\\'))
        && path.split('/').all(|part| part != ".." && !part.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_forms_are_accepted_and_know_their_origin() {
        for (text, transport, origin) in [
            (
                "https://git.example.com/acme/live.git",
                Transport::Https,
                "https://git.example.com/",
            ),
            (
                "https://git.example.com:8443/live",
                Transport::Https,
                "https://git.example.com:8443/",
            ),
            (
                "ssh://git@git.example.com/acme/live.git",
                Transport::Ssh,
                "ssh://git@git.example.com/",
            ),
            ("file:///srv/git/live.git", Transport::File, "file:///"),
            (
                "http://127.0.0.1:8080/live.git",
                Transport::Http,
                "http://127.0.0.1:8080/",
            ),
        ] {
            let url: RepositoryUrl = text.parse().unwrap();
            assert_eq!((url.transport(), url.origin(), url.as_str()), (transport, origin, text));
        }
    }

    #[test]
    fn transport_tricks_are_refused() {
        for text in [
            "ext::sh -c true",
            "ext::https://git.example.com/x",
            "fd::3",
            "git://git.example.com/x",
            "git@git.example.com:x",
            "/srv/git/live.git",
            "../live.git",
            "-oProxyCommand=x",
            "--upload-pack=x",
            "HTTPS://git.example.com/x",
            "",
        ] {
            assert_eq!(text.parse::<RepositoryUrl>(), Err(UrlError::Transport(text.to_owned())));
        }
        for text in [
            "ssh://-oProxyCommand=x/y",
            "ssh://git@-oProxyCommand/y",
            "https:///y",
            "https://host:/x",
            "file://host/x",
        ] {
            assert_eq!(text.parse::<RepositoryUrl>(), Err(UrlError::Host(text.to_owned())));
        }
        for text in [
            "https://h/",
            "https://h/-x",
            "https://h/a/../b",
            "https://h/a?b",
            "file:///a b",
            "ssh://h/a\nb",
        ] {
            assert_eq!(text.parse::<RepositoryUrl>(), Err(UrlError::Path(text.to_owned())));
        }
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        for text in [
            "https://user:hunter2@git.example.com/x",
            "https://hunter2@git.example.com/x",
            "ssh://a:hunter2@h/x",
        ] {
            let refused = text.parse::<RepositoryUrl>().unwrap_err();
            assert_eq!(refused, UrlError::Credentials);
            assert!(!refused.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn plain_http_is_only_for_this_machine() {
        for text in [
            "http://git.example.com/x",
            "http://127.0.0.1.example.com/x",
            "http://10.0.0.1/x",
        ] {
            assert_eq!(
                text.parse::<RepositoryUrl>(),
                Err(UrlError::Unencrypted(text.to_owned()))
            );
        }
    }
}
