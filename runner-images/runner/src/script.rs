//! Finds the script. Refuses everything that is not a safe program right in the trigger directory.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, eaccess};

const WRITABLE_BY_OTHERS: u32 = 0o022;

/// A program in the trigger directory that may be started.
#[derive(Debug)]
pub(crate) struct Script(PathBuf);

/// Why a script is not started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScriptError {
    #[error("script `{0}` is refused: expected the name of a file, without a slash, a leading dot or a leading dash")]
    Name(String),
    #[error("script `{script}` cannot be found in `{dir}`: {source}")]
    NotFound {
        script: String,
        dir: String,
        source: io::Error,
    },
    #[error("script `{script}` is refused: it leads out of `{dir}`, put the program itself there")]
    LeadsOut { script: String, dir: String },
    #[error("script `{0}` is refused: it is not a regular file")]
    NotAFile(String),
    #[error("script `{script}` is not executable ({source}): run chmod +x on it")]
    NotExecutable { script: String, source: nix::Error },
    #[error("script `{0}` is refused: its group or others may write to it, run chmod go-w on it")]
    Writable(String),
}

impl Script {
    pub(crate) fn find(dir: &Path, name: &OsStr) -> Result<Self, ScriptError> {
        let script = || name.to_string_lossy().into_owned();
        if !is_plain_name(name) {
            return Err(ScriptError::Name(script()));
        }
        let not_found = |source| ScriptError::NotFound {
            script: script(),
            dir: dir.display().to_string(),
            source,
        };
        let dir = fs::canonicalize(dir).map_err(not_found)?;
        let path = fs::canonicalize(dir.join(name)).map_err(not_found)?;
        if path.parent() != Some(&dir) {
            let dir = dir.display().to_string();
            return Err(ScriptError::LeadsOut { script: script(), dir });
        }
        let metadata = fs::symlink_metadata(&path).map_err(not_found)?;
        if !metadata.is_file() {
            return Err(ScriptError::NotAFile(script()));
        }
        if metadata.permissions().mode() & WRITABLE_BY_OTHERS != 0 {
            return Err(ScriptError::Writable(script()));
        }
        eaccess(&path, AccessFlags::X_OK).map_err(|source| ScriptError::NotExecutable {
            script: script(),
            source,
        })?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

fn is_plain_name(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    let bad_start = matches!(bytes.first(), None | Some(b'.' | b'-'));
    !bad_start && !bytes.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    struct TriggerDir {
        root: tempfile::TempDir,
        dir: PathBuf,
    }

    impl TriggerDir {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join("scripts");
            fs::create_dir(&dir).unwrap();
            Self { root, dir }
        }

        fn file(&self, path: &str, mode: u32) {
            let path = self.dir.join(path);
            fs::write(&path, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }

        #[track_caller]
        fn refuses(&self, name: &str, expected: &str) {
            let error = Script::find(&self.dir, name.as_ref())
                .expect_err("must be refused")
                .to_string();
            assert!(
                error.contains(expected) && error.contains(&format!("`{name}`")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_program_in_the_trigger_directory_is_found_directly_or_by_a_link_that_stays_inside() {
        let trigger = TriggerDir::new();
        trigger.file("run", 0o755);
        symlink("run", trigger.dir.join("alias")).unwrap();
        let expected = fs::canonicalize(trigger.dir.join("run")).unwrap();
        assert_eq!(Script::find(&trigger.dir, "run".as_ref()).unwrap().path(), expected);
        assert_eq!(Script::find(&trigger.dir, "alias".as_ref()).unwrap().path(), expected);
    }

    #[test]
    fn a_name_that_could_leave_the_directory_or_be_an_option_is_refused() {
        let trigger = TriggerDir::new();
        trigger.file("../outside", 0o755);
        trigger.file(".hidden", 0o755);
        for name in [
            "",
            "../outside",
            "/bin/sh",
            "./run",
            "..",
            ".hidden",
            "-c",
            "a\\b",
            "a/b",
        ] {
            trigger.refuses(name, "expected the name of a file");
        }
    }

    #[test]
    fn a_link_that_leads_out_is_refused() {
        let trigger = TriggerDir::new();
        trigger.file("../outside", 0o755);
        fs::create_dir(trigger.dir.join("sub")).unwrap();
        trigger.file("sub/inner", 0o755);
        symlink("/bin/sh", trigger.dir.join("shell")).unwrap();
        symlink("../outside", trigger.dir.join("up")).unwrap();
        symlink("sub/inner", trigger.dir.join("down")).unwrap();
        for name in ["shell", "up", "down"] {
            trigger.refuses(name, "leads out of");
        }
        assert!(trigger.root.path().join("outside").exists());
    }

    #[test]
    fn what_is_not_a_safe_program_is_refused() {
        let trigger = TriggerDir::new();
        trigger.file("data", 0o644);
        trigger.file("group", 0o775);
        trigger.file("others", 0o757);
        fs::create_dir(trigger.dir.join("folder")).unwrap();
        trigger.refuses("data", "is not executable");
        trigger.refuses("group", "may write to it");
        trigger.refuses("others", "may write to it");
        trigger.refuses("folder", "not a regular file");
        trigger.refuses("absent", "cannot be found");
    }
}
