//! The harness of the whole-product tests.
//!
//! Responsible for: reading the attack corpus, finding the built programs, giving each test a state folder, a repository and a
//! simulated AWS of its own.
//! Never: replaces a part of the product by a double. What these tests start is what a user starts.

pub mod allow_list;
pub mod corpus;
pub mod fuzzed;
pub mod ground;
pub mod images;
pub mod installation;
pub mod permissions;
pub mod planted;
pub mod policy;
pub mod product;
pub mod registry;
pub mod repository;
pub mod terraform;
