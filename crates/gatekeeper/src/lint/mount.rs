//! Volumes: where they are mounted, and by whom.

use crate::source::{ContainerSource, Source, Text};

use super::report::Report;

/// Directories that a volume may not cover, nor lie in: the system, the runner's own, and what the sandbox makes.
const RESERVED: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt/deploy-runner",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/tmp",
    "/usr",
    "/var",
    "/work",
];

/// Volumes that nothing mounts, and volumes that several containers write.
pub(super) fn check_volumes(source: &Source, report: &mut Report) {
    for (volume, entry) in &source.volumes.entries {
        let may_be_shared = entry.shared.as_ref().is_some_and(|field| field.value);
        let users: Vec<&str> = source
            .containers
            .entries
            .iter()
            .filter(|(_, container)| container.volumes.get(volume).is_some())
            .map(|(name, _)| name.value.as_str())
            .collect();
        report.at(volume, |report| match users.as_slice() {
            [] => {
                let help = "mount it in the `volumes` of a container, or remove it";
                report.warning(
                    "unused-volume",
                    volume.mark,
                    format!("no container mounts the volume `{volume}`"),
                    help,
                );
            }
            [_] => {}
            _ if may_be_shared => {}
            several => {
                let message = format!(
                    "every one of {} can write the volume `{volume}`",
                    crate::source::listed(several)
                );
                let help =
                    "a run in one can change what a run in another relies on; give each its own, or say `shared: true`";
                report.warning("shared-volume", volume.mark, message, help);
            }
        });
    }
}

/// The mounts of one container.
pub(super) fn check(source: &Source, container: &ContainerSource, report: &mut Report) {
    let mut earlier: Vec<&Text> = Vec::new();
    for (volume, mount) in &container.volumes.entries {
        report.at(volume, |report| {
            super::name::known(volume, source.volumes.names(), "volume", "unknown-volume", report);
            if let Err(reason) = usable(mount) {
                let help = "choose an absolute path of its own, such as `/state`";
                report.error("mount-path", mount.mark, format!("`{mount}` {reason}"), help);
            } else if let Some(other) = earlier.iter().find(|other| nested(other, mount)) {
                let message = format!("`{mount}` and `{other}` lie in one another");
                report.error(
                    "mount-overlap",
                    mount.mark,
                    message,
                    "give each volume a path of its own",
                );
            }
        });
        earlier.push(mount);
    }
}

fn usable(mount: &str) -> Result<(), &'static str> {
    let Some(path) = mount.strip_prefix('/') else {
        return Err("is not an absolute path");
    };
    if path
        .split('/')
        .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return Err("is not a normalised path below `/`");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'.' | b'-');
    if !path.bytes().all(plain) {
        return Err("has characters other than letters, digits, `_`, `.`, `-` and `/`");
    }
    if RESERVED.iter().any(|reserved| nested(reserved, mount)) {
        return Err("covers, or lies in, a directory of the system or of the runner");
    }
    Ok(())
}

/// Whether one path is the other or lies in it.
fn nested(left: &str, right: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(left, right) || within(right, left)
}
