//! `deploy-runner --self-test`: what is wrong with the image that this runs in.
//!
//! Responsible for looking, and for saying what to do about each finding. Never changes anything, never starts a script.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{AccessFlags, Uid, eaccess};

use crate::script::{Script, ScriptError};

/// Where programs look for the certificates of authorities, in this order.
const CA_BUNDLES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];
const WRITABLE_BY_OTHERS: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Something that is wrong.
#[derive(Debug, thiserror::Error)]
enum Finding {
    #[error("the user is root: give the image a user, such as `USER 10001:10001`")]
    Root,
    #[error("the root file system is writable: run the container with a read-only root")]
    WritableRoot,
    #[error("there is no bundle of certificates: put one at `/etc/ssl/certs/ca-certificates.crt`")]
    NoCertificates,
    #[error("`{0}` cannot be written: mount a volume there, or set TMPDIR")]
    NoRoom(PathBuf),
    #[error("the trigger directory `{dir}` cannot be read: {source}")]
    NoTriggerDirectory { dir: PathBuf, source: io::Error },
    #[error("the trigger directory `{0}` has no scripts: put at least one there")]
    NoScripts(PathBuf),
    #[error(
        "`{0}` can be written by its group, by others or by the job's user: give it to root and run chmod go-w on it"
    )]
    Writable(PathBuf),
    #[error(transparent)]
    Script(#[from] ScriptError),
}

/// Everything that is wrong, one line each.
#[derive(Debug)]
pub(crate) struct Report(Vec<Finding>);

impl Report {
    /// Looks at the image.
    pub(crate) fn of(trigger_dir: &Path) -> Self {
        let mut findings = Vec::new();
        findings.extend(Uid::effective().is_root().then_some(Finding::Root));
        findings.extend(is_writable_root().then_some(Finding::WritableRoot));
        let bundles = env::var_os("SSL_CERT_FILE").map(PathBuf::from);
        let bundles = bundles.into_iter().chain(CA_BUNDLES.map(PathBuf::from));
        findings.extend(certificates(bundles));
        findings.extend(room(&env::temp_dir()));
        findings.extend(scripts(trigger_dir));
        Self(findings)
    }

    /// Nothing is wrong.
    pub(crate) fn is_good(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_good() {
            return f.write_str("self-test: nothing is wrong");
        }
        for finding in &self.0 {
            writeln!(f, "self-test: {finding}")?;
        }
        write!(f, "self-test: {} to mend", self.0.len())
    }
}

/// A root that cannot be asked counts as writable.
fn is_writable_root() -> bool {
    !statvfs("/").is_ok_and(|root| root.flags().contains(FsFlags::ST_RDONLY))
}

fn certificates(mut bundles: impl Iterator<Item = PathBuf>) -> Option<Finding> {
    let is_bundle = |file: PathBuf| fs::read(file).is_ok_and(|text| contains(&text, b"BEGIN CERTIFICATE"));
    (!bundles.any(is_bundle)).then_some(Finding::NoCertificates)
}

fn contains(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|part| part == words)
}

fn room(directory: &Path) -> Option<Finding> {
    let is_writable = directory.is_dir() && eaccess(directory, AccessFlags::W_OK).is_ok();
    (!is_writable).then(|| Finding::NoRoom(directory.to_owned()))
}

fn scripts(dir: &Path) -> Vec<Finding> {
    let unreadable = |source| Finding::NoTriggerDirectory {
        dir: dir.to_owned(),
        source,
    };
    let names: Result<Vec<_>, _> = fs::read_dir(dir).and_then(|entries| {
        let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
        names.collect()
    });
    let mut names = match names {
        Ok(names) if names.is_empty() => return vec![Finding::NoScripts(dir.to_owned())],
        Ok(names) => names,
        Err(source) => return vec![unreadable(source)],
    };
    names.sort();
    let mut findings: Vec<_> = writable_by_the_job(dir).into_iter().collect();
    let parents = fs::canonicalize(dir);
    findings.extend(
        parents
            .iter()
            .flat_map(|dir| dir.ancestors().skip(1))
            .filter_map(replaceable),
    );
    findings.extend(names.iter().filter_map(|name| script(dir, name)));
    findings
}

fn script(dir: &Path, name: &OsStr) -> Option<Finding> {
    match Script::find(dir, name) {
        Ok(script) => writable_by_the_job(script.path()),
        Err(error) => Some(error.into()),
    }
}

/// What a job is started from must not be the job's to change.
fn writable_by_the_job(path: &Path) -> Option<Finding> {
    changeable(path, |mode| mode & WRITABLE_BY_OTHERS != 0)
}

/// Who may write to a directory can put something else in the place of what is in it, unless only owners may do that there.
fn replaceable(parent: &Path) -> Option<Finding> {
    changeable(parent, |mode| mode & WRITABLE_BY_OTHERS != 0 && mode & STICKY == 0)
}

/// Whoever owns a file can make it writable, whatever its mode is.
fn changeable(path: &Path, by_others: impl Fn(u32) -> bool) -> Option<Finding> {
    let is_safe = fs::metadata(path).is_ok_and(|data| {
        let own = !Uid::effective().is_root() && data.uid() == Uid::effective().as_raw();
        !own && !by_others(data.permissions().mode())
    });
    (!is_safe).then(|| Finding::Writable(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[track_caller]
    fn check(findings: impl IntoIterator<Item = Finding>, expected: &[&str]) {
        let said: Vec<_> = findings.into_iter().map(|finding| finding.to_string()).collect();
        assert_eq!(said.len(), expected.len(), "{said:?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.contains(expected), "{said:?} should say {expected:?}");
        }
    }

    /// A directory of scripts with these names and modes.
    fn trigger(scripts: &[(&str, u32)], mode: u32) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, mode) in scripts {
            let file = dir.path().join(name);
            fs::write(&file, "#!/bin/sh\n").unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(*mode)).unwrap();
        }
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
        dir
    }

    /// What is said besides that the tests' own user owns the files, which is only wrong for a user that is not root.
    fn besides_ownership(dir: &Path) -> Vec<Finding> {
        let is_mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & WRITABLE_BY_OTHERS != 0;
        let findings = scripts(dir).into_iter();
        findings
            .filter(|finding| !matches!(finding, Finding::Writable(path) if !is_mode(path)))
            .collect()
    }

    #[test]
    fn a_trigger_directory_holds_scripts_that_nobody_else_can_write() {
        check(besides_ownership(trigger(&[("a", 0o755)], 0o755).path()), &[]);
        check(
            besides_ownership(trigger(&[("a", 0o755)], 0o777).path()),
            &["can be written by its group"],
        );
        check(
            besides_ownership(trigger(&[("a", 0o644), ("b", 0o775), (".c", 0o755)], 0o755).path()),
            &["`.c` is refused", "`a` is not executable", "`b` is refused: its group"],
        );
        check(besides_ownership(trigger(&[], 0o755).path()), &["has no scripts"]);
        check(scripts(Path::new("/no/such/directory")), &["cannot be read"]);
    }

    #[test]
    fn what_leads_to_the_trigger_directory_is_looked_at_too() {
        let place = trigger(&[], 0o755);
        let (parent, dir) = (place.path().join("parent"), place.path().join("parent/scripts"));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("a"), "#!/bin/sh\n").unwrap();
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        mode(&dir.join("a"), 0o755);
        mode(&dir, 0o755);
        for (bits, expected) in [
            (0o755, &[][..]),
            (0o775, &["parent` can be written by its group"]),
            (0o1777, &[]),
        ] {
            mode(&parent, bits);
            // The folder of temporary files is above it, and everybody may write there.
            check(
                besides_ownership(&dir)
                    .into_iter()
                    .filter(|finding| finding.to_string().contains("parent")),
                expected,
            );
        }
    }

    #[test]
    fn a_bundle_is_a_file_with_a_certificate_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let (empty, good) = (dir.path().join("empty"), dir.path().join("good"));
        fs::write(&empty, "").unwrap();
        fs::write(&good, "x\n-----BEGIN CERTIFICATE-----\n").unwrap();
        check(certificates([empty.clone()].into_iter()), &["there is no bundle"]);
        check(certificates([empty, good].into_iter()), &[]);
    }

    #[test]
    fn a_job_needs_a_place_to_write() {
        let dir = tempfile::tempdir().unwrap();
        check(room(dir.path()), &[]);
        check(room(&dir.path().join("none")), &["cannot be written"]);
    }

    #[test]
    fn a_report_lists_every_finding_and_counts_them() {
        let report = Report(vec![Finding::Root, Finding::WritableRoot]);
        let mut text = String::new();
        write!(text, "{report}").unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(text.ends_with("self-test: 2 to mend") && !report.is_good());
        assert_eq!(Report(Vec::new()).to_string(), "self-test: nothing is wrong");
    }
}
