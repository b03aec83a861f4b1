//! Secrets that come on standard input, where an engine's variables could be read by others. Never shows a value.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::Read;

use protocol::{MAX_SECRETS_BYTES, SECRETS_ON_STDIN, SECRETS_VARIABLE};

/// Values by name.
#[derive(Default)]
pub(crate) struct HandedOver(HashMap<String, String>);

/// Why the secrets cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandedOverError {
    #[error(
        "`{SECRETS_VARIABLE}` is `{0}`, and only `{SECRETS_ON_STDIN}` is known: the runner in the image is older than the engine"
    )]
    Unknown(String),
    #[error("the declared secrets cannot be read from standard input: {0}")]
    Input(#[from] std::io::Error),
    #[error("what came on standard input is no JSON object of secrets (it is not shown)")]
    NoSecrets,
}

impl HandedOver {
    /// Reads what is there; `own` reads the runner's own environment.
    pub(crate) fn read(own: impl Fn(&OsStr) -> Option<OsString>, input: impl Read) -> Result<Self, HandedOverError> {
        match own(SECRETS_VARIABLE.as_ref()) {
            None => Ok(Self::default()),
            Some(how) if how == SECRETS_ON_STDIN => {
                let mut json = Vec::new();
                input.take(MAX_SECRETS_BYTES).read_to_end(&mut json)?;
                serde_json::from_slice(&json)
                    .map(Self)
                    .map_err(|_quotes_values| HandedOverError::NoSecrets)
            }
            Some(how) => Err(HandedOverError::Unknown(how.to_string_lossy().into_owned())),
        }
    }

    pub(crate) fn value(&self, name: &OsStr) -> Option<OsString> {
        self.0.get(name.to_str()?).map(OsString::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variable: Option<&str>, input: &str) -> Result<HandedOver, HandedOverError> {
        HandedOver::read(
            |name| variable.filter(|_| name == SECRETS_VARIABLE).map(OsString::from),
            input.as_bytes(),
        )
    }

    #[test]
    fn secrets_come_on_standard_input_only_where_the_engine_says_so() {
        let json = r#"{"TOKEN":"hunter2"}"#;
        assert_eq!(
            read(Some("stdin"), json).unwrap().value("TOKEN".as_ref()),
            Some("hunter2".into())
        );
        assert_eq!(read(None, json).unwrap().value("TOKEN".as_ref()), None);
    }

    #[test]
    fn what_is_not_understood_is_an_error_that_shows_nothing_of_it() {
        for input in ["", "hunter2", r#"{"TOKEN":"hunter2""#, r#"{"TOKEN":{"a":"hunter2"}}"#] {
            let error = read(Some("stdin"), input).err().map(|error| error.to_string());
            assert_eq!(
                error.as_deref(),
                Some("what came on standard input is no JSON object of secrets (it is not shown)")
            );
        }
        assert!(read(Some("socket"), "").is_err());
    }
}
