//! The standard scripts that run inside the containers.
