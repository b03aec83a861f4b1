//! How a task says that it is ours, and which request and form of output it belongs to: written by a launch, read by every look.

/// How `startedBy` begins for every task that deploy-runner starts.
pub(crate) const STARTED_BY_PREFIX: &str = "deploy-runner/";
/// The tag that holds the digest of the request.
pub(crate) const TAG_REQUEST_DIGEST: &str = "deploy-runner:request-digest";
/// The tag that says what the log holds: `framed` or `raw`.
pub(crate) const TAG_OUTPUT: &str = "deploy-runner:output";
