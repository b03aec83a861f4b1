//! `build-packer-artifact` and `build-docker-image` as their users meet them: the real programs with real git, a real Packer, a real
//! builder of images, a real registry and the emulated EC2, all on the loopback address.

#[cfg(test)]
#[path = "../common/comparison.rs"]
mod comparison;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod image;
#[cfg(test)]
#[path = "../deploy/many_files.rs"]
mod many_files;
#[cfg(test)]
mod packer;
#[cfg(test)]
#[path = "../../../../crates/gatekeeper/tests/gate/generate/random.rs"]
mod random;
#[cfg(test)]
mod reference;
#[cfg(test)]
#[path = "../common/reports.rs"]
mod reports;
#[cfg(test)]
mod requests;
#[cfg(test)]
#[path = "../common/script.rs"]
mod script;
#[cfg(test)]
#[path = "../../src/aws/server.rs"]
mod server;
