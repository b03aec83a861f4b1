//! The JSON Schema of the allow-list file, made from the same declarations that the reader uses.
//!
//! Editors complete and check with it; the gate never relies on it. Knows no field of the file.

use crate::source::{Definitions, SchemaNode, Source, schema_of};

/// The schema as `config/allow-list.schema.json` holds it: pretty, with a newline at its end.
pub fn json_schema() -> String {
    let mut definitions = Definitions::default();
    let root = schema_of::<Source>(&mut definitions);
    let mut text = to_pretty(&root.into_document("deploy-runner allow-list", definitions));
    text.push('\n');
    text
}

#[expect(
    clippy::expect_used,
    reason = "the schema holds text, numbers and text keys only, and none of these can fail"
)]
fn to_pretty(root: &SchemaNode) -> String {
    serde_json::to_string_pretty(root).expect("a schema is plain data")
}
