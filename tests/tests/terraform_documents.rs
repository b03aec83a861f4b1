//! The tables of permissions in the documents are what the tests hold the roles to.
//!
//! `UPDATE_DOCS=1` writes them again.

use std::fs;
use std::path::Path;

use e2e::permissions::{attempts_table, permissions_table};

const DOCUMENT: &str = "docs/aws-permissions.md";

#[track_caller]
fn check(name: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(DOCUMENT);
    let text = fs::read_to_string(&path).expect("the document is there");
    let (begin, end) = (
        format!("<!-- {name}: written by the test terraform_documents -->\n"),
        format!("<!-- /{name} -->\n"),
    );
    let (before, rest) = text.split_once(&begin).expect("the table has a beginning");
    let (found, after) = rest.split_once(&end).expect("the table has an end");
    let expected = table.replace("123456789012", "111122223333");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{begin}{expected}{end}{after}")).expect("the document can be written");
        return;
    }
    assert_eq!(
        found, expected,
        "{DOCUMENT}: UPDATE_DOCS=1 cargo nextest run --workspace -E 'binary(terraform_documents)' -j 1 writes it"
    );
}

#[test]
fn the_tables_of_permissions_are_those_of_the_tests() {
    check("permissions", &permissions_table());
    check("attempts", &attempts_table());
}
