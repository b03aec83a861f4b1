//! The standard scripts that run inside the containers, and what they share.
//!
//! Responsible for fetching exactly one commit with a git that trusts nothing, and for what is done with it: running one tool
//! whose output and exit code pass through untouched, or setting variables in one file and pushing the result. Never decides what a caller may ask for (the gate does), never reads an allow-list.

pub mod aws;
pub mod checkout;
pub mod deploy;
mod environment;
pub mod exit_code;
pub mod full_disk;
pub mod git;
pub mod handover;
pub mod hcl;
pub mod image;
pub mod interruption;
pub mod packer;
pub mod process;
pub mod program;
pub mod report;
pub mod repository_url;
pub mod source_code;
pub mod update;
pub mod values;
pub mod working_place;
