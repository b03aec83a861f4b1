//! Allow-lists for tests, made on the one path that the product has: YAML text, reader, compiler, canonical bytes, gate.

use std::fs;
use std::path::Path;

use gatekeeper::{AllowList, compile, source};

/// Why a text did not become an allow-list: every message, one on a line.
#[derive(Debug)]
pub struct Refused(pub String);

/// Takes the whole way from YAML text to a loaded allow-list.
pub fn load(name: &str, yaml: &str) -> Result<AllowList, Refused> {
    let source =
        source::read(name, yaml).map_err(|errors| Refused(lines(errors.iter().map(|error| &error.message))))?;
    let compiled = compile::compile(&source)
        .map_err(|findings| Refused(lines(findings.iter().map(|finding| &finding.message))))?;
    AllowList::load(&compiled.canonical_bytes()).map_err(|error| Refused(error.to_string()))
}

/// Loads a file that is known to be good.
pub fn from_file(path: &Path) -> AllowList {
    let yaml = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    load(&path.display().to_string(), &yaml).unwrap_or_else(|refused| panic!("{}: {}", path.display(), refused.0))
}

fn lines<'text>(messages: impl Iterator<Item = &'text String>) -> String {
    messages.map(String::as_str).collect::<Vec<_>>().join("\n")
}
