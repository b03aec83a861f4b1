//! Everything that talks to a container engine, Docker or Podman, over its socket on this machine.
//!
//! Responsible for: which sockets there are, whether an image is there, what a container is made of, and that none is left. Only the program
//! `deploy-runner-local` calls what speaks over a socket; the caller's program asks it, and so does not carry it.

mod ask;
mod client;
mod dropped_limits;
mod engine_error;
mod image;
mod look;
mod process;
mod sockets;
mod specification;
mod sweep;

pub(crate) use ask::{discard as ask_to_discard, look as ask_to_look};
pub(crate) use client::{Client, State};
pub(crate) use dropped_limits::dropped_limits;
pub(crate) use engine_error::{EngineError, one_line};
pub(crate) use image::{Image, ImageFacts};
pub(crate) use look::{Answer, Found, Question, answer};
pub(crate) use process::{of_container, oom_file};
pub use sockets::ContainerSockets;
pub(crate) use specification::{Purpose, container_name, specification};
pub(crate) use sweep::{discard, leave};
