//! Reads the values of declared secrets. Never: shows one, or takes one from a command line.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::args::{SecretOption, SecretSource};

/// Longest value in bytes: it travels in an environment variable.
const MAX_BYTES: usize = 64 * 1024;

/// Why a secret has no value. Names it, never shows it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// The variable is absent.
    #[error("secret `{name}`: the variable `{variable}` is not set")]
    NoVariable {
        /// The secret.
        name: String,
        /// The variable.
        variable: String,
    },
    /// The file cannot be read.
    #[error("secret `{name}`: cannot read `{}`: {source}", .path.display())]
    NoFile {
        /// The secret.
        name: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The value cannot be the value of a variable.
    #[error("secret `{0}`: its value is empty, longer than {MAX_BYTES} bytes, not UTF-8 text or holds a NUL byte")]
    Unusable(String),
}

/// Reads each secret's value.
pub(super) fn read(
    secrets: &[SecretOption],
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Vec<(String, String)>, SecretError> {
    secrets
        .iter()
        .map(|secret| Ok((secret.name.clone(), value(secret, &variable)?)))
        .collect()
}

fn value(secret: &SecretOption, variable: impl Fn(&str) -> Option<OsString>) -> Result<String, SecretError> {
    let bytes = match &secret.source {
        SecretSource::Variable(name) => {
            let value = variable(name).ok_or_else(|| SecretError::NoVariable {
                name: secret.name.clone(),
                variable: name.clone(),
            })?;
            value.into_encoded_bytes()
        }
        SecretSource::File(path) => {
            let content = std::fs::read(path).map_err(|source| SecretError::NoFile {
                name: secret.name.clone(),
                path: path.clone(),
                source,
            })?;
            without_line_end(content)
        }
    };
    let usable = (1..=MAX_BYTES).contains(&bytes.len()) && !bytes.contains(&0);
    let text = usable.then(|| String::from_utf8(bytes)).and_then(Result::ok);
    text.ok_or_else(|| SecretError::Unusable(secret.name.clone()))
}

/// Editors and `echo` end a file with a newline that is not part of the secret.
fn without_line_end(mut bytes: Vec<u8>) -> Vec<u8> {
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: SecretSource, expected: Result<&str, &str>) {
        let secret = SecretOption {
            name: "TOKEN".into(),
            source,
        };
        let environment = |name: &str| match name {
            "SET" => Some("hunter2".into()),
            "EMPTY" => Some("".into()),
            _ => None,
        };
        match (read(&[secret], environment), expected) {
            (Ok(values), Ok(expected)) => assert_eq!(values, [("TOKEN".to_owned(), expected.to_owned())]),
            (Err(error), Err(expected)) => assert_eq!(error.to_string(), expected),
            (read, _) => panic!("expected {expected:?}, got {read:?}"),
        }
    }

    fn file(content: &[u8]) -> (tempfile::TempDir, SecretSource) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, content).unwrap();
        (folder, SecretSource::File(path))
    }

    const UNUSABLE: &str =
        "secret `TOKEN`: its value is empty, longer than 65536 bytes, not UTF-8 text or holds a NUL byte";

    #[test]
    fn a_value_comes_from_a_variable_as_it_is() {
        check(SecretSource::Variable("SET".into()), Ok("hunter2"));
        check(
            SecretSource::Variable("UNSET".into()),
            Err("secret `TOKEN`: the variable `UNSET` is not set"),
        );
    }

    #[test]
    fn a_value_comes_from_a_file_without_one_line_end() {
        for (content, expected) in [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a b ", " a b ")] {
            let (_folder, source) = file(content.as_bytes());
            check(source, Ok(expected));
        }
    }

    #[test]
    fn a_value_that_no_variable_can_carry_is_refused_without_showing_it() {
        for content in [&b""[..], b"\n", b"a\0b", b"\xff", "a".repeat(65537).as_bytes()] {
            let (_folder, source) = file(content);
            check(source, Err(UNUSABLE));
        }
        check(SecretSource::Variable("EMPTY".into()), Err(UNUSABLE));
    }
}
