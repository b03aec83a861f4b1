//! The linter's rules: each with an allow-list that breaks it and one that keeps it.
#![cfg(test)]

use gatekeeper::lint::lint;
use gatekeeper::source::read;

/// A file of the demo's and the standard list's sort is in order.
#[track_caller]
fn check_file(name: &str, text: &str) {
    let source = read(name, text).unwrap_or_else(|problems| panic!("unreadable: {problems:#?}"));
    let findings: Vec<String> = lint(&source).iter().map(ToString::to_string).collect();
    assert_eq!(findings, Vec::<String>::new());
}

#[test]
fn the_demo_is_in_order() {
    check_file("demo.yaml", include_str!("../../../config/demo.yaml"));
}

#[test]
fn the_standard_allow_list_is_in_order() {
    check_file("allow-list.yaml", include_str!("../../../config/allow-list.yaml"));
}
