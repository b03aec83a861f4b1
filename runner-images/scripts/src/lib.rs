//! The standard scripts that run inside the containers, and what they share.
//!
//! Responsible for fetching exactly one commit with a git that trusts nothing, and for what is done with it: running one tool
//! whose output and exit code pass through untouched, or setting variables in one file and pushing the result. Never decides what a caller may ask for (the gate does), never reads an allow-list.

pub mod arguments;
pub mod aws;
pub mod checkout;
pub mod clearance;
pub mod deploy;
pub mod exit_code;
pub mod failure;
pub mod full_disk;
pub mod git;
pub mod handover;
pub mod hcl;
mod help;
pub mod image;
pub mod interruption;
pub mod packer;
pub mod plan;
pub mod planted;
pub mod process;
pub mod program;
pub mod report;
pub mod repository_url;
pub mod source_code;
pub mod state_place;
pub mod tool;
pub mod toolbox;
pub mod update;
pub mod values;
pub mod watch;
pub mod working_place;
