//! What can go wrong between us and a container engine, in words for people.

use std::path::{Path, PathBuf};

use bollard::errors::Error;

/// An engine's own words are cut here.
const MAX_CHARS: usize = 500;

/// Why the engine did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    #[error("the container engine at `{}` does not answer: {reason}", .socket.display())]
    Unreachable { socket: PathBuf, reason: String },
    #[error("the container engine does not have it: {0}")]
    Missing(String),
    #[error("{0}")]
    Refused(String),
    /// It answered something that we cannot read; it may be about to change.
    #[error("the container engine's answer cannot be read: {0}")]
    Unreadable(String),
}

impl EngineError {
    pub(super) fn of(socket: &Path, error: &Error) -> Self {
        if let Error::DockerResponseServerError { status_code, message } = error {
            let message = one_line(message);
            return if *status_code == 404 {
                Self::Missing(message)
            } else {
                Self::Refused(message)
            };
        }
        if let Error::DockerStreamError { error } = error {
            return Self::Refused(one_line(error));
        }
        if matches!(error, Error::JsonDataError { .. } | Error::JsonSerdeError { .. }) {
            return Self::Unreadable(one_line(&error.to_string()));
        }
        Self::Unreachable {
            socket: socket.to_owned(),
            reason: one_line(&innermost(error)),
        }
    }

    pub(super) fn late(socket: &Path, seconds: u64) -> Self {
        Self::Unreachable {
            socket: socket.to_owned(),
            reason: format!("no answer within {seconds} seconds"),
        }
    }
}

/// The innermost cause: the outer errors of an HTTP client only say that there is one.
fn innermost(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// One line without characters that act on a console.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .join(" ")
        .chars()
        .filter(|char| !char.is_control())
        .take(MAX_CHARS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engines_words_are_one_line_that_acts_on_nothing() {
        assert_eq!(one_line("  cannot\n\tdo \u{1b}[2J it\r\n"), "cannot do [2J it");
        assert_eq!(one_line(&"x".repeat(10_000)).len(), MAX_CHARS);
    }
}
