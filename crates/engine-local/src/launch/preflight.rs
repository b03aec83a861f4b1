//! What must be true before anything is created: folders, secrets and mount points, and that something can hold the run.
//!
//! Each failure names its cause and its cure.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::config::LocalConfig;
use crate::handover::Payload;
use crate::state::{DecisionRecord, LaunchRecord, State};
use engine::{LaunchError, Permit};

use super::choice;
use super::sandbox::program;

/// Where a volume may not be mounted, nor above nor below: the sandbox's own places.
const RESERVED: &[&str] = &[
    "/bin",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt/deploy-runner",
    "/proc",
    "/sbin",
    "/sys",
    "/usr",
];

/// The values of the secrets that the permit needs.
pub(super) fn secrets(config: &LocalConfig, permit: &Permit) -> Result<Payload, LaunchError> {
    let missing: Vec<String> = permit
        .secrets()
        .iter()
        .filter(|(name, _)| config.secrets.value(name).is_none())
        .map(|(name, reference)| {
            format!("secret `{name}` (`{reference}`) has no value: pass `--secret {name}=env:VARIABLE` or `--secret {name}=file:PATH`")
        })
        .collect();
    if !missing.is_empty() {
        return Err(failed(missing.join("; ")));
    }
    let values = permit
        .secrets()
        .keys()
        .filter_map(|name| Some((name.clone(), config.secrets.value(name)?.to_owned())));
    Ok(Payload::new(values.collect()))
}

/// What of this machine the run uses.
pub(super) fn check(config: &LocalConfig, state: &State, permit: &Permit) -> Result<LaunchRecord, LaunchError> {
    let supervisor = program("the run's supervisor", &config.supervisor).map_err(failed)?;
    permit.volumes().iter().try_for_each(|(name, at)| volume(name, at))?;
    let state_dir = std::path::absolute(state.root()).map_err(|error| failed(error.to_string()))?;
    let read_only = permit
        .repositories()
        .iter()
        .filter_map(|repository| repository.url.strip_prefix("file://").map(PathBuf::from))
        .chain(config.read_only_binds.iter().cloned())
        .map(|path| readable(path, &state_dir))
        .collect::<Result<_, _>>()?;
    let chosen = choice::choose(config, permit, &supervisor, &state_dir).map_err(failed)?;
    Ok(LaunchRecord {
        supervisor,
        volumes_dir: state_dir.join("volumes"),
        state_dir,
        read_only,
        room: chosen.room,
        notices: chosen.notices,
    })
}

/// What the gate allowed, for the run's folder.
pub(super) fn decision(permit: &Permit) -> DecisionRecord {
    DecisionRecord {
        allow_list_digest: permit.allow_list_digest().to_owned(),
        image: permit.image().to_owned(),
        entrypoint: permit.entrypoint(),
        environment: permit.environment().clone(),
        secrets: permit.secrets().clone(),
        network: permit.network(),
        volumes: permit.volumes().clone(),
        root_filesystem: permit.root_filesystem(),
        capabilities: permit.capabilities().to_vec(),
        repositories: permit.repositories().to_vec(),
        timeout_seconds: permit.timeout_seconds(),
        stop_timeout_seconds: permit.stop_timeout_seconds(),
    }
}

fn failed(reason: String) -> LaunchError {
    LaunchError::FailedToStart { reason }
}

fn volume(name: &str, at: &str) -> Result<(), LaunchError> {
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !plain {
        return Err(failed(format!(
            "volume `{name}` cannot be a folder here: its name may have letters, digits, `-` and `_`"
        )));
    }
    let path = Path::new(at);
    let normalised = path.is_absolute()
        && path
            .components()
            .skip(1)
            .all(|part| matches!(part, Component::Normal(_)));
    let reserved = RESERVED
        .iter()
        .any(|place| path.starts_with(place) || Path::new(place).starts_with(path));
    if !normalised || reserved {
        return Err(failed(format!(
            "volume `{name}` cannot be mounted at `{at}`: choose a place such as `/state` in the allow-list"
        )));
    }
    Ok(())
}

/// A folder of this machine that the run may read. It may not show the runs' own folders.
fn readable(path: PathBuf, state_root: &Path) -> Result<PathBuf, LaunchError> {
    let real = fs::canonicalize(&path).map_err(|error| {
        failed(format!(
            "`{}`, which the run must read, cannot be used: {error}",
            path.display()
        ))
    })?;
    let state_real = fs::canonicalize(state_root).unwrap_or_else(|_| state_root.to_owned());
    if state_real.starts_with(&real) || real.starts_with(&state_real) {
        return Err(failed(format!(
            "`{}` would show the folders of other runs to the run: move it out of there",
            path.display()
        )));
    }
    if path.is_absolute() { Ok(path) } else { Ok(real) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(result: Result<impl std::fmt::Debug, LaunchError>, expected: &str) {
        let error = result.expect_err("must be refused").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_volume_is_mounted_only_where_it_hides_nothing_of_the_sandbox() {
        for at in [
            "/",
            "/usr",
            "/usr/local",
            "/opt",
            "/etc/ssl",
            "state",
            "/a/../usr",
            "/proc/1",
        ] {
            refused(volume("state", at), &format!("cannot be mounted at `{at}`"));
        }
        for at in ["/state", "/work/cache", "/home/job/.terraform.d", "/var/lib/x"] {
            volume("state", at).unwrap();
        }
    }

    #[test]
    fn a_volume_name_cannot_leave_the_volumes_folder() {
        for name in ["", "..", "a/b", "."] {
            refused(
                volume(name, "/state"),
                &format!("volume `{name}` cannot be a folder here"),
            );
        }
    }

    #[test]
    fn nothing_that_shows_the_state_folder_is_shown_to_a_run() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        fs::create_dir_all(state.join("runs")).unwrap();
        for shown in [
            folder.path().to_owned(),
            state.clone(),
            state.join("runs"),
            PathBuf::from("/"),
        ] {
            refused(readable(shown, &state), "would show the folders of other runs");
        }
        let other = folder.path().join("repository");
        fs::create_dir(&other).unwrap();
        assert_eq!(readable(other.clone(), &state).unwrap(), other);
    }
}
