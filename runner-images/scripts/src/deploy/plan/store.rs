//! Where saved plans are kept, named by their digests: a directory, or a folder of a bucket.
//!
//! Responsible for a plan being there as a whole or not at all, and for its size. Never looks into one, and trusts none: what a store
//! holds is proven by its digest and by the key.

mod bucket;
mod directory;

use crate::aws::s3::S3Error;
use crate::interruption::Interruptions;
use crate::values::{PlanDigest, PlanStore};

use bucket::Bucket;
use directory::Directory;

pub use directory::DirectoryError;

/// More than any plan.
const MOST_BYTES: usize = 256 * 1024 * 1024;

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
        place: String,
    },
    /// More than is kept.
    #[error("the plan `{digest}` is larger than {} MiB and cannot be saved: split the directory", MOST_BYTES / 1024 / 1024)]
    TooLarge {
        /// The plan.
        digest: PlanDigest,
    },
    /// The directory does not work.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The bucket does not work.
    #[error(transparent)]
    Bucket(#[from] S3Error),
}

/// The store.
#[derive(Debug)]
pub enum Store {
    /// In a directory.
    Directory(Directory),
    /// In a bucket.
    Bucket(Box<Bucket>),
}

impl Store {
    /// The store at this place. Nothing is asked yet.
    pub fn at(place: &PlanStore) -> Result<Self, StoreError> {
        match place {
            PlanStore::Directory(path) => Ok(Self::Directory(Directory::at(path))),
            PlanStore::Bucket(folder) => Ok(Self::Bucket(Box::new(Bucket::of(folder)?))),
        }
    }

    /// Keeps a plan.
    pub fn put(&self, digest: &PlanDigest, sealed: &[u8], interruptions: &mut Interruptions) -> Result<(), StoreError> {
        if sealed.len() > MOST_BYTES {
            return Err(StoreError::TooLarge { digest: digest.clone() });
        }
        match self {
            Self::Directory(directory) => Ok(directory.put(digest, sealed)?),
            Self::Bucket(bucket) => Ok(bucket.put(digest, sealed, interruptions)?),
        }
    }

    /// The plan of this digest.
    pub fn get(&self, digest: &PlanDigest, interruptions: &mut Interruptions) -> Result<Vec<u8>, StoreError> {
        let (found, place) = match self {
            Self::Directory(directory) => (directory.get(digest)?, directory.to_string()),
            Self::Bucket(bucket) => (bucket.get(digest, interruptions)?, bucket.to_string()),
        };
        found.ok_or_else(|| StoreError::Missing {
            digest: digest.clone(),
            place,
        })
    }

    /// Removes a plan that was applied, where that is allowed. Without that, Terraform still refuses it: its state has moved on.
    pub fn forget(&self, digest: &PlanDigest) {
        match self {
            Self::Directory(directory) => directory.forget(digest),
            // Whoever applies may only read; the rule of the bucket removes old plans.
            Self::Bucket(_) => {}
        }
    }
}
