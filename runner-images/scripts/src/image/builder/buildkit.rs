//! `BuildKit`: `buildctl` asks a daemon, which builds and pushes. The daemon is found through `BUILDKIT_HOST`.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::failure::Failure;
use super::super::registry::last_complaint;
use super::{Build, Files, with_path};
use crate::interruption::Interruptions;
use crate::process;

/// A daemon answers at once, or is not there.
const DEADLINE: Duration = Duration::from_mins(1);

/// Asks for the daemon before anything is fetched: a build cannot fail of its absence.
pub(super) fn find_daemon(
    buildctl: &Path,
    environment: &[(OsString, OsString)],
    interruptions: &mut Interruptions,
) -> Result<(), Failure> {
    let mut asking = Command::new(buildctl);
    asking
        .args(["debug", "workers"])
        .env_clear()
        .envs(environment.iter().cloned());
    let asked = process::capture(&mut asking, Stdio::null(), Instant::now() + DEADLINE, interruptions)?;
    if asked.ended.is_success() {
        Ok(())
    } else {
        Err(Failure::NoDaemon(last_complaint(&asked.stderr)))
    }
}

/// The words of the one call.
pub(super) fn arguments(build: &Build<'_>, files: &Files) -> Vec<OsString> {
    let order = build.order;
    let directory = build.dockerfile.parent().unwrap_or_else(|| Path::new("/"));
    let mut words: Vec<OsString> = vec![
        "build".into(),
        "--progress=plain".into(),
        "--frontend=dockerfile.v0".into(),
    ];
    words.push(with_path("--local=context=", &build.context));
    words.push(with_path("--local=dockerfile=", directory));
    let mut filename = OsString::from("--opt=filename=");
    filename.push(build.dockerfile.file_name().unwrap_or_default());
    words.push(filename);
    words.push(format!("--opt=label:{}", build.revision()).into());
    words.extend(
        order
            .build_args
            .iter()
            .map(|argument| format!("--opt=build-arg:{argument}").into()),
    );
    words.extend(order.secrets.iter().map(|secret| {
        let name = secret.name();
        format!("--secret=id={name},env={name}").into()
    }));
    if let Some(cache) = &order.cache {
        words.push(format!("--import-cache=type=registry,ref={cache}").into());
        words.extend(
            build
                .is_pushed()
                .then(|| format!("--export-cache=type=registry,ref={cache},mode=max").into()),
        );
    }
    if build.is_pushed() {
        words.push(output(build).into());
        words.push(with_path("--metadata-file=", &files.result));
    }
    words
}

/// Names have no comma and no quotation mark, so the quoted list is read as it is meant.
fn output(build: &Build<'_>) -> String {
    let tags = &build.order.tags;
    let names = tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let insecure = if tags.iter().all(|tag| tag.repository().is_on_this_machine()) {
        ",registry.insecure=true"
    } else {
        ""
    };
    format!("--output=type=image,\"name={names}\",push=true{insecure}")
}

/// The digest in what `--metadata-file` holds; empty when there is none.
pub(super) fn digest(metadata: &str) -> String {
    let metadata: Value = serde_json::from_str(metadata).unwrap_or_default();
    let digest = metadata.get("containerimage.digest").and_then(Value::as_str);
    digest.unwrap_or_default().to_owned()
}
