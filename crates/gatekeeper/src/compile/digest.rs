//! The bytes of a compiled allow-list, and their digest.

use sha2::{Digest, Sha256};

use crate::compiled::Compiled;

impl Compiled {
    /// The one way to write this allow-list: compact JSON, fields in the order of the types, entries in the order of the file.
    ///
    /// # Panics
    /// Never: the types hold nothing that cannot be serialised.
    #[expect(
        clippy::expect_used,
        reason = "text keys, text, integers and booleans only: none of these can fail to serialise"
    )]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an allow-list is plain data")
    }

    /// SHA-256 of the canonical bytes, in lower-case hexadecimal.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.canonical_bytes()))
    }
}
