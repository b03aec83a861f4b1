//! Saved plans as objects of a bucket. Old ones go away by a rule of the bucket.

use std::fmt;

use super::MOST_BYTES;
use crate::aws::s3::{self, S3Error};
use crate::interruption::Interruptions;
use crate::values::{BucketFolder, PlanDigest};

/// The folder, and how it is reached.
#[derive(Debug)]
pub struct Bucket {
    folder: BucketFolder,
    client: s3::Client,
}

impl Bucket {
    pub(super) fn of(folder: &BucketFolder) -> Result<Self, S3Error> {
        Ok(Self {
            folder: folder.clone(),
            client: s3::Client::of(folder.bucket())?,
        })
    }

    pub(super) fn put(
        &self,
        digest: &PlanDigest,
        sealed: &[u8],
        interruptions: &mut Interruptions,
    ) -> Result<(), S3Error> {
        self.client
            .put_new(&self.folder.key(&digest.file_name()), sealed, interruptions)
    }

    pub(super) fn get(
        &self,
        digest: &PlanDigest,
        interruptions: &mut Interruptions,
    ) -> Result<Option<Vec<u8>>, S3Error> {
        self.client
            .get(&self.folder.key(&digest.file_name()), MOST_BYTES, interruptions)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.folder.fmt(f)
    }
}
