//! What the sandbox needs of this machine and of the permit.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use engine::Permit;
use gatekeeper::Entrypoint;

use crate::config::{LocalConfig, bubblewrap_missing};
use crate::state::SandboxRecord;

/// What the sandbox needs. The error is the reason why it cannot hold the run.
pub(super) fn hold(config: &LocalConfig, permit: &Permit) -> Result<SandboxRecord, String> {
    entrypoint(permit)?;
    privileges(permit)?;
    Ok(SandboxRecord {
        bwrap: bubblewrap(&config.bwrap)?,
        runner: program("the runner", &config.runner)?,
        scripts_dir: scripts(&config.scripts_dir, permit.script())?,
    })
}

/// There are no images in the sandbox, only scripts under the runner.
fn entrypoint(permit: &Permit) -> Result<(), String> {
    match permit.entrypoint() {
        Entrypoint::DeployRunner => Ok(()),
        Entrypoint::Image => Err(format!(
            "container `{}` starts its image's own entry point (`entrypoint: image`), and the sandbox runs scripts without images: \
             run it with `--engine docker` or on AWS, or remove `entrypoint` and put the script into the scripts folder",
            permit.container()
        )),
    }
}

/// The sandbox shows this machine's own programs, so nobody may write there or act as another user, whatever the allow-list says.
fn privileges(permit: &Permit) -> Result<(), String> {
    let root = (!permit.root_filesystem().is_read_only()).then(|| "`root_filesystem: writable`".to_owned());
    let names: Vec<&str> = permit
        .capabilities()
        .iter()
        .map(|capability| capability.as_str())
        .collect();
    let capabilities = (!names.is_empty()).then(|| format!("`capabilities: [{}]`", names.join(", ")));
    let declared: Vec<String> = root.into_iter().chain(capabilities).collect();
    if declared.is_empty() {
        return Ok(());
    }
    Err(format!(
        "container `{}` declares {}, which the sandbox never gives: run it with `--engine docker` or on AWS",
        permit.container(),
        declared.join(" and ")
    ))
}

fn bubblewrap(path: &Path) -> Result<PathBuf, String> {
    let found = if path.components().count() > 1 {
        path.is_file().then(|| path.to_owned())
    } else {
        let places = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&places)
            .map(|place| place.join(path))
            .find(|file| file.is_file())
    };
    found
        .and_then(|file| std::path::absolute(file).ok())
        .ok_or_else(|| bubblewrap_missing(path))
}

/// A program of ours, without links.
pub(super) fn program(what: &str, path: &Path) -> Result<PathBuf, String> {
    match fs::canonicalize(path) {
        Ok(found) if found.is_file() => Ok(found),
        Ok(_) => Err(format!(
            "{what} `{}` is not a program: install deploy-runner again",
            path.display()
        )),
        Err(error) => Err(format!(
            "{what} `{}` cannot be used: {error}: it belongs beside the command-line program, install deploy-runner again",
            path.display()
        )),
    }
}

fn scripts(dir: &Path, script: &str) -> Result<PathBuf, String> {
    let found = fs::canonicalize(dir).map_err(|error| {
        format!(
            "the scripts folder `{}` cannot be used: {error}: choose another with `--scripts-dir`",
            dir.display()
        )
    })?;
    if found.join(script).is_file() {
        Ok(found)
    } else {
        Err(format!(
            "script `{script}` is not in `{}`: put the program there under that name, or choose another folder with `--scripts-dir`",
            found.display()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_bubblewrap_is_named_with_its_package() {
        for missing in ["/nowhere/bwrap", "bwrap-that-nobody-has"] {
            let reason = bubblewrap(Path::new(missing)).unwrap_err();
            assert!(reason.contains("apt-get install bubblewrap"), "{reason}");
        }
    }
}
