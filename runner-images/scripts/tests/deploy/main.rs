//! `infrastructure-deploy-script` as its users meet it: the real program with real git and real Terraform.
//!
//! Nothing here needs a network: repositories are local, servers listen on the loopback address, and the only resource type
//! is the one that is built into Terraform.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod bucket_server;
#[cfg(test)]
mod commands;
#[cfg(test)]
#[path = "../common/comparison.rs"]
mod comparison;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod git_server;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod many_files;
#[cfg(test)]
mod over_ssh;
#[cfg(test)]
mod over_tls;
#[cfg(test)]
#[path = "../../../../crates/gatekeeper/tests/gate/generate/random.rs"]
mod random;
#[cfg(test)]
#[path = "../common/reports.rs"]
mod reports;
#[cfg(test)]
mod reviewed;
#[cfg(test)]
mod saved_plans;
#[cfg(test)]
mod saved_plans_in_s3;
#[cfg(test)]
#[path = "../common/script.rs"]
mod script;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod signals;
#[cfg(test)]
mod ssh_server;
#[cfg(test)]
mod summaries;
#[cfg(test)]
mod terragrunt;
#[cfg(test)]
mod terragrunt_states;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod words;
