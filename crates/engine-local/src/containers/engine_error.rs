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
        match error {
            Error::DockerResponseServerError {
                status_code: 404,
                message,
            } => Self::Missing(one_line(message)),
            Error::DockerResponseServerError { message, .. } => Self::Refused(one_line(message)),
            Error::DockerStreamError { error } => Self::Refused(one_line(error)),
            Error::JsonDataError { message, .. } => Self::Unreadable(one_line(message)),
            Error::JsonSerdeError { err } => Self::Unreadable(one_line(&err.to_string())),
            other => Self::Unreachable {
                socket: socket.to_owned(),
                reason: one_line(&with_causes(other)),
            },
        }
    }

    pub(super) fn late(socket: &Path, seconds: u64) -> Self {
        Self::Unreachable {
            socket: socket.to_owned(),
            reason: format!("no answer within {seconds} seconds"),
        }
    }
}

/// The outer errors of an HTTP client only say that there is an inner one.
fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
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
