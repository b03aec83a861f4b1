//! Where saved plans are kept.

use std::fmt;
use std::str::FromStr;

use super::{AbsolutePath, ValueError, refuse_invisible};

/// A directory of this machine, or a folder of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanStore {
    /// The directory.
    Directory(AbsolutePath),
    /// The folder.
    Bucket(BucketFolder),
}

/// A bucket, and what the names of all objects in it begin with. Every character of it stands for itself in an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketFolder {
    bucket: String,
    /// Empty, or with a slash at its end.
    prefix: String,
}

impl BucketFolder {
    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key of an object in the folder.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

impl FromStr for PlanStore {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        refuse_invisible(text)?;
        let refused = || ValueError::PlanStore(text.to_owned());
        match text.strip_prefix("s3://") {
            Some(rest) => bucket_folder(rest).map(Self::Bucket).ok_or_else(refused),
            None => text
                .parse()
                .map(Self::Directory)
                .map_err(|_not_a_path: ValueError| refused()),
        }
    }
}

/// Names with dots are refused: the certificate of S3 does not cover them.
fn bucket_folder(text: &str) -> Option<BucketFolder> {
    let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let named_well = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|b| is_letter(b) || b == b'-')
        && !bucket.starts_with('-')
        && !bucket.ends_with('-');
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let part_is_plain = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(is_plain);
    let placed_well = prefix.is_empty() || (prefix.len() <= 512 && prefix.split('/').all(part_is_plain));
    (named_well && placed_well).then(|| BucketFolder {
        bucket: bucket.to_owned(),
        prefix: if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        },
    })
}

impl fmt::Display for PlanStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.fmt(f),
            Self::Bucket(folder) => folder.fmt(f),
        }
    }
}

impl fmt::Display for BucketFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}
