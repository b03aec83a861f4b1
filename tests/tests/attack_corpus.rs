//! The corpus itself: it covers what `THREATS.md` claims.

use std::collections::BTreeSet;

use e2e::corpus;

#[test]
fn every_row_of_the_catalogue_has_attacks_and_there_are_at_least_two_hundred() {
    let rows = corpus::rows();
    let numbers: Vec<u8> = rows.iter().map(|row| row.row).collect();
    assert_eq!(numbers, (1..=32).collect::<Vec<u8>>());
    for row in &rows {
        assert!(
            row.entries.len() >= 5,
            "row {} has {} attacks only",
            row.row,
            row.entries.len()
        );
    }
    let attacks: usize = rows.iter().map(|row| row.entries.len()).sum();
    assert!(attacks >= 200, "{attacks} attacks");
}

#[test]
fn no_two_attacks_of_a_row_have_the_same_name() {
    for row in corpus::rows() {
        let names: BTreeSet<&str> = row.entries.iter().map(corpus::Attack::name).collect();
        assert_eq!(names.len(), row.entries.len(), "row {}", row.row);
    }
}
