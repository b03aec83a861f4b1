//! How an engine hands the values of secrets to the runner where its variables could be read by others.

/// Variable of the runner: with the value [`SECRETS_ON_STDIN`] the declared secrets come on its standard input and not as variables.
pub const SECRETS_VARIABLE: &str = "DEPLOY_RUNNER_SECRETS";
/// One JSON object from name to value, up to the end of the input.
pub const SECRETS_ON_STDIN: &str = "stdin";
/// Longest such object in bytes.
pub const MAX_SECRETS_BYTES: u64 = 16 * 1024 * 1024;
