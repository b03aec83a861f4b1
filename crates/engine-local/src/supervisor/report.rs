//! What a run's folder tells about how it went: the log's closing line, the sandbox's own words, room on the disk.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use protocol::frame::{Body, Trailer, decode};

use crate::state::RunDir;

/// A disk with less room than this cannot take a frame.
const FULL_BELOW_BYTES: u64 = 64 * 1024;
/// More than the longest frame.
const TAIL_BYTES: u64 = 64 * 1024;
/// A reason is a line or two.
const MAX_REASON_CHARS: usize = 600;

/// The trailer, if the last whole line of the log is one. Only the runner can write there.
pub(super) fn trailer(dir: &RunDir) -> Option<Trailer> {
    let tail = tail(&dir.frames())?;
    let whole = tail.get(..tail.rfind('\n')?)?;
    match decode(whole.lines().next_back()?).ok()?.body {
        Body::Trailer(trailer) => Some(trailer),
        Body::Output(_) => None,
    }
}

/// Nothing more can be written where the run's folder is.
pub(super) fn disk_is_full(dir: &RunDir) -> bool {
    rustix::fs::statvfs(dir.path()).is_ok_and(|room| room.f_bavail.saturating_mul(room.f_frsize) < FULL_BELOW_BYTES)
}

/// Why there is no sandbox, in bubblewrap's own words, with what to do where that is known.
pub(super) fn why_no_sandbox(dir: &RunDir, otherwise: &str) -> String {
    let said = last_words(dir);
    let reason = if said.is_empty() { otherwise.to_owned() } else { said };
    let advice = namespaces_forbidden().map_or(String::new(), |cause| format!(": {cause}"));
    format!("the sandbox could not be set up: {reason}{advice}")
}

/// The last line of what the sandbox and the runner said about themselves.
pub(super) fn last_words(dir: &RunDir) -> String {
    let text = tail(&dir.diagnostics()).unwrap_or_default();
    let line = text
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    line.chars()
        .filter(|char| !char.is_control())
        .take(MAX_REASON_CHARS)
        .collect()
}

/// The kernel settings that keep people from making sandboxes, read from the kernel and not from anybody's error text.
fn namespaces_forbidden() -> Option<&'static str> {
    let is = |path: &str, value: &str| std::fs::read_to_string(path).is_ok_and(|text| text.trim() == value);
    if is("/proc/sys/user/max_user_namespaces", "0") {
        return Some("this machine forbids user namespaces: allow them with `sysctl user.max_user_namespaces=15000`");
    }
    if is("/proc/sys/kernel/unprivileged_userns_clone", "0") {
        return Some(
            "this machine forbids user namespaces to users: allow them with `sysctl kernel.unprivileged_userns_clone=1`",
        );
    }
    if is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") {
        return Some(
            "this machine's AppArmor forbids user namespaces to unknown programs: give bubblewrap a profile with `userns,`, \
             or allow them with `sysctl kernel.apparmor_restrict_unprivileged_userns=0`",
        );
    }
    None
}

fn tail(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
