//! The digest of a request: what an audit record and an engine know it by.

use protocol::RunRequest;
use sha2::{Digest, Sha256};

/// SHA-256, in lower-case hexadecimal, of the request as compact JSON: the fields in the order of the type, absent ones left out,
/// `args` and `task` always present. Spaces, the order of keys and escapes in the message that carried it count for nothing.
pub fn request_digest(request: &RunRequest) -> Result<String, serde_json::Error> {
    serde_json::to_vec(request).map(|bytes| hex::encode(Sha256::digest(bytes)))
}
