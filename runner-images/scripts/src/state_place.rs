//! Where Terraform keeps the state.
//!
//! Responsible for refusing to change anything when the state would be thrown away with the checkout: whoever loses the state
//! loses track of what exists. Reads what `terraform init` recorded; never reads a state.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

/// Why nothing may be changed.
#[derive(Debug, thiserror::Error)]
pub enum StatePlaceError {
    /// No backend, or one inside the checkout.
    #[error(
        "the state would be lost with the checkout: declare a `backend` in the code, or one with a `path` outside of the repository (`--backend-config=path=/…`)"
    )]
    InsideCheckout,
    /// The record is not what Terraform writes.
    #[error("cannot tell where the state is kept: `{path}` is not readable: {reason}")]
    Unreadable {
        /// Terraform's record.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Whether the state's place runs plans on this machine, so that there is a file to look at. Unreadable notes are for
/// [`require_durable`] to tell.
pub fn plans_are_here(module: &Path) -> bool {
    let record = fs::read_to_string(module.join(".terraform/terraform.tfstate")).unwrap_or_default();
    let record: Value = serde_json::from_str(&record).unwrap_or_default();
    let kind = record.pointer("/backend/type").and_then(Value::as_str);
    !matches!(kind, Some("remote" | "cloud"))
}

/// Refuses a state that ends with the script. `module` is the initialised directory, `temporary` what is removed at the end.
pub fn require_durable(module: &Path, temporary: &Path) -> Result<(), StatePlaceError> {
    let record = module.join(".terraform/terraform.tfstate");
    let text = match fs::read_to_string(&record) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StatePlaceError::InsideCheckout),
        Err(error) => {
            return Err(StatePlaceError::Unreadable {
                path: record,
                reason: error.to_string(),
            });
        }
    };
    let backend: Value = serde_json::from_str(&text).map_err(|error| StatePlaceError::Unreadable {
        path: record.clone(),
        reason: error.to_string(),
    })?;
    match backend.pointer("/backend/type").and_then(Value::as_str) {
        None => Err(StatePlaceError::InsideCheckout),
        Some("local") => {
            let config = |name: &str| {
                backend
                    .pointer(&format!("/backend/config/{name}"))
                    .and_then(Value::as_str)
            };
            let workspaces_are_outside = config("workspace_dir").is_none_or(|dir| is_outside(module, temporary, dir));
            match config("path") {
                Some(path) if is_outside(module, temporary, path) && workspaces_are_outside => Ok(()),
                _ => Err(StatePlaceError::InsideCheckout),
            }
        }
        Some(_) => Ok(()),
    }
}

/// The state's file may not exist yet, so its path is judged by its words, and by where its directory leads.
fn is_outside(module: &Path, temporary: &Path, path: &str) -> bool {
    let place = normalised(&module.join(path));
    let directory = place.parent().unwrap_or(&place);
    let resolved = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    !place.starts_with(temporary) && !resolved.starts_with(temporary)
}

fn normalised(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                result.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => result.push(part),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(record: Option<&str>, durable: bool) {
        let place = tempfile::tempdir().unwrap();
        let temporary = place.path().canonicalize().unwrap();
        let module = temporary.join("checkout/module");
        fs::create_dir_all(module.join(".terraform")).unwrap();
        if let Some(record) = record {
            fs::write(module.join(".terraform/terraform.tfstate"), record).unwrap();
        }
        let result = require_durable(&module, &temporary);
        assert_eq!(result.is_ok(), durable, "{record:?}: {result:?}");
    }

    #[test]
    fn a_state_inside_the_checkout_is_refused() {
        check(None, false);
        check(Some("{}"), false);
        check(Some("not json"), false);
        check(Some(r#"{"backend":{"type":"local","config":{"path":null}}}"#), false);
        check(
            Some(r#"{"backend":{"type":"local","config":{"path":"terraform.tfstate"}}}"#),
            false,
        );
        check(
            Some(r#"{"backend":{"type":"local","config":{"path":"../other/x.tfstate"}}}"#),
            false,
        );
        check(
            Some(r#"{"backend":{"type":"local","config":{"path":"../../x.tfstate"}}}"#),
            false,
        );
        check(
            Some(r#"{"backend":{"type":"local","config":{"path":"/x/y","workspace_dir":"here"}}}"#),
            false,
        );
    }

    #[test]
    fn plans_of_a_remote_operation_are_not_here() {
        for (kind, here) in [("local", true), ("s3", true), ("remote", false), ("cloud", false)] {
            let place = tempfile::tempdir().unwrap();
            assert!(plans_are_here(place.path()));
            fs::create_dir(place.path().join(".terraform")).unwrap();
            let record = format!(r#"{{"backend":{{"type":"{kind}","config":{{}}}}}}"#);
            fs::write(place.path().join(".terraform/terraform.tfstate"), record).unwrap();
            assert_eq!(plans_are_here(place.path()), here, "{kind}");
        }
    }

    #[test]
    fn a_state_elsewhere_is_accepted() {
        check(Some(r#"{"backend":{"type":"s3","config":{}}}"#), true);
        check(Some(r#"{"backend":{"type":"cloud","config":{}}}"#), true);
        check(
            Some(r#"{"backend":{"type":"local","config":{"path":"/state/x.tfstate"}}}"#),
            true,
        );
    }
}
