//! Compiles an allow-list to the canonical form that the gate loads and Terraform reads.
//!
//! Responsible for: the exact bytes, whose SHA-256 is the digest, and where they go; the Lambda function's deployment package with
//! them inside. Never: compiles an allow-list with an error.

mod bootstrap;
mod lambda;
mod manifest;
mod zip;

use std::io::{self, Write};
use std::path::Path;

use crate::atomic_file::{self, AtomicFileError};
use gatekeeper::compiled::Compiled;

pub use lambda::{Beside, LambdaError, Made, Places, make};
pub use manifest::ManifestError;

/// Where the compiled allow-list goes.
pub enum Destination<'a> {
    /// A stream.
    Stream(&'a mut dyn Write),
    /// A file, replaced as a whole.
    File(&'a Path),
}

/// Why the compiled allow-list was not written.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] AtomicFileError),
    /// The stream failed.
    #[error("cannot write the compiled allow-list to standard output: {0}")]
    Stream(#[from] io::Error),
}

/// Writes the canonical bytes, nothing before and nothing after, and answers their digest.
pub fn write(compiled: &Compiled, destination: Destination<'_>) -> Result<String, PackageError> {
    let bytes = compiled.canonical_bytes();
    match destination {
        Destination::Stream(stream) => {
            stream.write_all(&bytes)?;
            stream.flush()?;
        }
        Destination::File(file) => atomic_file::write(file, &bytes)?,
    }
    Ok(compiled.digest())
}

#[cfg(test)]
mod tests {
    use gatekeeper::AllowList;

    use super::*;
    use crate::check::Checked;

    fn compiled() -> Compiled {
        let text = "version: 1\ncontainers: { c: { description: C., image: i, task: { cpu: 256, memory: 512, timeout: 1m }, \
                    scripts: { s: { description: S. } } } }\n";
        let checked = Checked::of("allow-list.yaml", text.to_owned());
        checked.compiled.unwrap_or_else(|| panic!("{:?}", checked.remarks))
    }

    #[test]
    fn the_gate_loads_the_written_bytes_and_knows_them_by_the_same_digest() {
        let mut stream = Vec::new();
        let digest = write(&compiled(), Destination::Stream(&mut stream)).unwrap();
        let list = AllowList::load(&stream).unwrap();
        assert_eq!(list.digest(), digest);
    }

    #[test]
    fn a_file_gets_exactly_the_same_bytes_as_a_stream() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("allow-list.json");
        let mut stream = Vec::new();
        write(&compiled(), Destination::Stream(&mut stream)).unwrap();
        write(&compiled(), Destination::File(&file)).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), stream);
    }
}
