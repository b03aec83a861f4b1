//! Where saved plans are kept: files in one directory, named by their digests.
//!
//! Responsible for a file being there as a whole or not at all, and for old ones going away. Never looks into one, and trusts none:
//! what a file holds is proven by its digest and by the key.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::values::{AbsolutePath, PlanDigest};

/// Plans live for a week at most; a day later nobody can want the file any more.
const KEPT_FOR: Duration = Duration::from_hours(8 * 24);
/// More than any plan.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// Why a plan cannot be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is none of this digest.
    #[error(
        "there is no saved plan `{digest}` in `{place}`: it was never saved there, was applied already, or is long expired; plan again"
    )]
    Missing {
        /// The plan.
        digest: PlanDigest,
        /// The store.
        place: PathBuf,
    },
    /// The store does not work.
    #[error("cannot use the store of plans `{place}`: {source}; correct --plan-store or the volume of the container")]
    Unusable {
        /// The store.
        place: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// The directory.
#[derive(Debug)]
pub struct Store {
    place: PathBuf,
}

impl Store {
    /// The store in this directory, which has to be there.
    pub fn at(place: &AbsolutePath) -> Self {
        Self {
            place: place.as_path().to_owned(),
        }
    }

    /// Keeps a plan.
    pub fn put(&self, digest: &PlanDigest, sealed: &[u8]) -> Result<(), StoreError> {
        self.write(digest, sealed).map_err(|source| self.unusable(source))?;
        self.forget_old_ones();
        Ok(())
    }

    /// The plan of this digest.
    pub fn get(&self, digest: &PlanDigest) -> Result<Vec<u8>, StoreError> {
        let mut sealed = Vec::new();
        match File::open(self.file(digest)).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut sealed)) {
            Ok(_) => Ok(sealed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::Missing {
                digest: digest.clone(),
                place: self.place.clone(),
            }),
            Err(source) => Err(self.unusable(source)),
        }
    }

    /// Removes a plan that was applied. If that fails, Terraform still refuses it: its state has moved on.
    pub fn forget(&self, digest: &PlanDigest) {
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
        self.place.join(format!("{digest}.plan"))
    }

    fn unusable(&self, source: io::Error) -> StoreError {
        StoreError::Unusable {
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
        let store = Store::at(&place.path().to_str().unwrap().parse().unwrap());
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
        assert!(matches!(store.get(&old), Err(StoreError::Missing { .. })));
        assert_eq!(store.get(&young).unwrap(), b"young");
        assert!(other.exists());
    }
}
