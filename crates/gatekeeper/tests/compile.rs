//! What the compiled form of an allow-list is.
#![cfg(test)]

use gatekeeper::compile::compile;
use gatekeeper::compiled::Compiled;
use gatekeeper::source::read;

const DEMO: &str = include_str!("../../../config/demo.yaml");

#[track_caller]
fn compiled(text: &str) -> Compiled {
    let source = read("test.yaml", text).unwrap_or_else(|problems| panic!("unreadable: {problems:#?}"));
    compile(&source).unwrap_or_else(|findings| panic!("refused: {findings:#?}"))
}

#[test]
fn the_canonical_bytes_read_back_as_the_same_allow_list() {
    let demo = compiled(DEMO);
    let read_back: Compiled = serde_json::from_slice(&demo.canonical_bytes()).unwrap();
    assert_eq!(read_back, demo);
    assert_eq!(read_back.digest(), demo.digest());
}
