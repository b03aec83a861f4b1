//! Writes a file whole or not at all: a reader never sees half of it, and a failure leaves the old one as it was.
//!
//! Never: creates folders, or replaces what is not a file (a device or a pipe is written to).

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: {source}", .file.display())]
pub struct AtomicFileError {
    /// Which file.
    pub file: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// Writes the bytes to the file. The new file may be read by everybody; secrets do not belong in it.
pub fn write(file: &Path, bytes: &[u8]) -> Result<(), AtomicFileError> {
    let special = std::fs::metadata(file).is_ok_and(|found| !found.is_file());
    let written = if special {
        std::fs::write(file, bytes)
    } else {
        replace(file, bytes)
    };
    written.map_err(|source| AtomicFileError {
        file: file.to_owned(),
        source,
    })
}

fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut new = builder().prefix(".infrastructure-deployer-").tempfile_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}

#[cfg(unix)]
fn builder() -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt as _;

    let mut builder = tempfile::Builder::new();
    // The process's umask still applies.
    builder.permissions(std::fs::Permissions::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn builder() -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out.json");
        write(&file, b"old").unwrap();
        write(&file, b"new").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_names_the_file_and_its_cause() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("missing/out.json"), b"x").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("missing/out.json`: No such file"), "{text}");
        let error = write(folder.path(), b"x").unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::IsADirectory);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_stays_a_device() {
        write(Path::new("/dev/null"), b"x").unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }
}
