//! The images that `make images` builds here, as they will be run: a read-only root, a user that is not root, nothing of this machine.
//!
//! The programs must have been built by `scripts/dist.sh`, as for the whole-product tests.

#[cfg(test)]
mod content;
#[cfg(test)]
#[path = "../deploy/git_server.rs"]
mod git_server;
#[cfg(test)]
mod inventory;
#[cfg(test)]
mod public;
#[cfg(test)]
mod run;
#[cfg(test)]
mod self_test;
#[cfg(test)]
mod store;
#[cfg(test)]
#[path = "../deploy/tls.rs"]
mod tls;
#[cfg(test)]
mod work;
