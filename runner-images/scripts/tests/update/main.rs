//! `terraform-update-variable` as its users meet it: the real program, real git, a real server on the loopback address.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
#[path = "../common/comparison.rs"]
mod comparison;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod gate;
#[cfg(test)]
#[path = "../deploy/git_server.rs"]
mod git_server;
#[cfg(test)]
mod over_ssh;
#[cfg(test)]
mod pushes;
#[cfg(test)]
mod race;
#[cfg(test)]
#[path = "../../../../crates/gatekeeper/tests/gate/generate/random.rs"]
mod random;
#[cfg(test)]
#[path = "../common/script.rs"]
mod script;
#[cfg(test)]
#[path = "../deploy/ssh_server.rs"]
mod ssh_server;
#[cfg(test)]
mod words;
