//! Saved plans as files of one directory.
//!
//! Responsible for a file being there as a whole or not at all, and for old ones going away.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::MOST_BYTES;
use crate::values::{AbsolutePath, PlanDigest};

/// Plans live for a week at most; a day later nobody can want the file any more.
const KEPT_FOR: Duration = Duration::from_hours(8 * 24);

/// The directory does not work.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the store of plans `{place}`: {source}; {}", remedy(source))]
pub struct DirectoryError {
    place: PathBuf,
    source: io::Error,
}

fn remedy(source: &io::Error) -> &'static str {
    if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        "free some space there"
    } else {
        "correct --plan-store or the volume of the container"
    }
}

/// The directory.
#[derive(Debug)]
pub struct Directory {
    place: PathBuf,
}

impl Directory {
    /// The store in this directory, which has to be there.
    pub(super) fn at(place: &AbsolutePath) -> Self {
        Self {
            place: place.as_path().to_owned(),
        }
    }

    pub(super) fn put(&self, digest: &PlanDigest, sealed: &[u8]) -> Result<(), DirectoryError> {
        self.write(digest, sealed).map_err(|source| self.unusable(source))?;
        self.forget_old_ones();
        Ok(())
    }

    pub(super) fn get(&self, digest: &PlanDigest) -> Result<Option<Vec<u8>>, DirectoryError> {
        let mut sealed = Vec::new();
        let limit = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
        match File::open(self.file(digest)).and_then(|file| file.take(limit).read_to_end(&mut sealed)) {
            Ok(_) => Ok(Some(sealed)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.unusable(source)),
        }
    }

    pub(super) fn forget(&self, digest: &PlanDigest) {
        fs::remove_file(self.file(digest)).ok();
    }

    fn write(&self, digest: &PlanDigest, sealed: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.place)?;
        file.write_all(sealed)?;
        file.as_file().sync_all()?;
        file.persist(self.file(digest))?;
        Ok(())
    }

    fn file(&self, digest: &PlanDigest) -> PathBuf {
        self.place.join(digest.file_name())
    }

    fn unusable(&self, source: io::Error) -> DirectoryError {
        DirectoryError {
            place: self.place.clone(),
            source,
        }
    }

    /// Nothing depends on it: an old plan is refused by the time in it.
    fn forget_old_ones(&self) {
        let entries = fs::read_dir(&self.place).into_iter().flatten().filter_map(Result::ok);
        for entry in entries.filter(|entry| is_old(&entry.path())) {
            fs::remove_file(entry.path()).ok();
        }
    }
}

impl fmt::Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.display().fmt(f)
    }
}

fn is_old(file: &Path) -> bool {
    let modified = file.symlink_metadata().and_then(|data| data.modified());
    file.extension().is_some_and(|extension| extension == "plan")
        && modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > KEPT_FOR))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn plans_that_are_long_expired_go_away_and_nothing_else_does() {
        let place = tempfile::tempdir().unwrap();
        let store = Directory::at(&place.path().to_str().unwrap().parse().unwrap());
        let [old, young, new] = ["1", "2", "3"].map(|digit| digit.repeat(64).parse::<PlanDigest>().unwrap());
        store.put(&old, b"old").unwrap();
        store.put(&young, b"young").unwrap();
        let other = place.path().join("other");
        fs::write(&other, "").unwrap();
        for (file, days) in [(&store.file(&old), 9), (&other, 9), (&store.file(&young), 7)] {
            let time = SystemTime::now() - Duration::from_hours(days * 24);
            File::options()
                .write(true)
                .open(file)
                .unwrap()
                .set_modified(time)
                .unwrap();
        }
        store.put(&new, b"new").unwrap();
        assert_eq!(store.get(&old).unwrap(), None);
        assert_eq!(store.get(&young).unwrap().unwrap(), b"young");
        assert!(other.exists());
    }
}
