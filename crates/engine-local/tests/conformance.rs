//! The suite that every engine passes, over this machine's engine with the real runner in real sandboxes.

#![cfg(target_os = "linux")]

mod common;

engine::conformance_suite!(common::Machine::new());
