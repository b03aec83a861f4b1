//! Where Terraform keeps the state, also when Terragrunt runs it.
//!
//! Responsible for refusing to change anything when the state would be thrown away with the checkout: whoever loses the state
//! loses track of what exists. Reads what `terraform init` recorded; never reads a state. Who looks where Terragrunt initialises is
//! [`super::watch`].

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

/// Why nothing may be changed.
#[derive(Debug, thiserror::Error)]
pub enum StatePlaceError {
    /// No backend, or one inside the checkout.
    #[error(
        "the state would be lost with the checkout: declare a `backend` in the code, or one with a `path` outside of the repository (`--backend-config=path=/…`; with `--all` in the code)"
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

const NOTES: &str = ".terraform";
const RECORD: &str = "terraform.tfstate";
/// Where Terragrunt puts copies of a unit's code, below the unit, unless it is told another place.
pub(crate) const CACHE: &str = ".terragrunt-cache";

/// Whether the state's place runs plans on this machine, so that there is a file to look at. Unreadable notes are for
/// [`require_durable`] to tell. `module` is the initialised directory.
pub(super) fn plans_are_here(module: &Path) -> bool {
    let copies = copies_of_unit(module);
    std::iter::once(module)
        .chain(copies.iter().map(PathBuf::as_path))
        .all(|module| {
            let record = fs::read_to_string(module.join(NOTES).join(RECORD)).unwrap_or_default();
            let record: Value = serde_json::from_str(&record).unwrap_or_default();
            let kind = record.pointer("/backend/type").and_then(Value::as_str);
            !matches!(kind, Some("remote" | "cloud"))
        })
}

/// Whether each unit will write its plan here, as far as the code tells before any of them is initialised. Terragrunt fails when it
/// is to show a plan that is not there: a backend that plans elsewhere writes none, nor does a plan that fails with an error to ignore.
/// Any file of the checkout that speaks of one is reason for doubt.
pub(super) fn units_write_their_plans(checkout: &Path) -> bool {
    let mut places = vec![checkout.to_owned()];
    while let Some(place) = places.pop() {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            let name = entry.file_name();
            let is_code = ENDS_OF_CODE.iter().any(|end| name.to_string_lossy().ends_with(end));
            match kind {
                Ok(kind) if kind.is_dir() => places.push(path),
                Ok(kind) if kind.is_file() && is_code && is_reason_for_doubt(&path) => return false,
                _ => {}
            }
        }
    }
    true
}

const ENDS_OF_CODE: [&str; 4] = [".hcl", ".tf", ".tofu", ".json"];

/// Without spaces, as HCL and JSON write it.
const DOUBTS: [&str; 8] = [
    "backend\"remote\"",
    "backend=\"remote\"",
    "\"backend\":\"remote\"",
    "backend\":{\"remote\"",
    "backend\":[{\"remote\"",
    "cloud{",
    "\"cloud\":",
    "ignore\"",
];

fn is_reason_for_doubt(file: &Path) -> bool {
    let text = fs::read(file).unwrap_or_default();
    let text: String = String::from_utf8_lossy(&text).split_whitespace().collect();
    DOUBTS.iter().any(|words| text.contains(words))
}

/// Where Terragrunt has put copies of a unit's code and initialised them. Links are not followed.
fn copies_of_unit(unit: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut places = vec![unit.join(CACHE)];
    while let Some(place) = places.pop() {
        if place.join(NOTES).join(RECORD).symlink_metadata().is_ok() {
            found.push(place.clone());
        }
        let below = fs::read_dir(&place).into_iter().flatten().flatten();
        let below =
            below.filter(|entry| entry.file_name() != NOTES && entry.file_type().is_ok_and(|kind| kind.is_dir()));
        places.extend(below.map(|entry| entry.path()));
    }
    found
}

/// Refuses a state that ends with the script. `module` is the initialised directory, `data` where it keeps its notes if that is not
/// `.terraform`, `temporary` what is removed at the end.
pub(super) fn require_durable(module: &Path, data: Option<&OsStr>, temporary: &Path) -> Result<(), StatePlaceError> {
    let record = module.join(data.unwrap_or(OsStr::new(NOTES))).join(RECORD);
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
        let result = require_durable(&module, None, &temporary);
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
    fn a_copy_of_a_unit_tells_too_where_plans_are_made() {
        for (kind, here) in [("s3", true), ("cloud", false)] {
            let unit = tempfile::tempdir().unwrap();
            let notes = unit.path().join(".terragrunt-cache/h4sh/m0dule/modules/vpc/.terraform");
            fs::create_dir_all(&notes).unwrap();
            let record = format!(r#"{{"backend":{{"type":"{kind}","config":{{}}}}}}"#);
            fs::write(notes.join("terraform.tfstate"), record).unwrap();
            assert_eq!(plans_are_here(unit.path()), here, "{kind}");
        }
    }

    #[test]
    fn notes_are_read_where_the_engine_keeps_them() {
        let place = tempfile::tempdir().unwrap();
        let module = place.path().join("module");
        let durable = |data: Option<&str>| require_durable(&module, data.map(OsStr::new), place.path()).is_ok();
        fs::create_dir_all(module.join("data")).unwrap();
        fs::write(module.join("data/terraform.tfstate"), r#"{"backend":{"type":"s3"}}"#).unwrap();
        assert!(durable(Some("data")));
        assert!(durable(Some(module.join("data").to_str().unwrap())));
        assert!(!durable(None));
        assert!(!durable(Some("other")));
    }

    #[test]
    fn code_that_speaks_of_plans_that_are_not_written_is_reason_for_doubt() {
        for (name, text, here) in [
            ("a/main.tf", "terraform {\n  backend \"s3\" {}\n}", true),
            ("a/main.tf", "terraform {\n  backend \"remote\" {}\n}", false),
            ("root.hcl", "remote_state {\n  backend = \"remote\"\n}", false),
            ("root.hcl", "contents = <<E\nterraform {\n cloud\t{\n", false),
            (
                "a/b.tf.json",
                "{\"terraform\": [{\"backend\": {\"remote\": {}}}]}",
                false,
            ),
            ("a/b.tofu", "terraform { cloud { } }", false),
            ("a/terragrunt.hcl", "errors {\n  ignore \"x\" {\n", false),
            ("a/main.tf", "lifecycle {\n  ignore_changes = [\"a\"]\n}", true),
            ("a/readme.md", "terraform { cloud { } }", true),
        ] {
            let place = tempfile::tempdir().unwrap();
            let file = place.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
            assert_eq!(units_write_their_plans(place.path()), here, "{name}: {text}");
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
