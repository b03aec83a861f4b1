//! A machine image (AMI), as EC2 tells of it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::values::AmiTag;

/// An AMI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `ami-…`.
    pub id: String,
    /// How far it is.
    pub state: ImageState,
    /// When it was made.
    pub created: Timestamp,
    /// What it is tagged with.
    pub tags: BTreeMap<String, String>,
}

/// How far an AMI is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageState {
    /// Machines can be started from it.
    Available,
    /// It is being made, and may still fail.
    Pending,
}

/// Whether a text is the id of an AMI, such as `ami-0123456789abcdef0`.
pub fn is_ami_id(text: &str) -> bool {
    let digits = text.strip_prefix("ami-").unwrap_or_default();
    (1..=32).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Image {
    /// Whether it has exactly this tag.
    pub fn has(&self, tag: &AmiTag) -> bool {
        self.tags.get(tag.key()).is_some_and(|value| value == tag.value())
    }

    /// What is compared to find the newest: of two that were made in the same moment, always the same one.
    pub(super) fn age(&self) -> (Timestamp, &str) {
        (self.created, &self.id)
    }
}
