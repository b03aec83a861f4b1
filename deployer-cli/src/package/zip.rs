//! The deployment package of the Lambda function: the program and the allow-list that it enforces, in one zip file.
//!
//! The same program and the same allow-list always give the same bytes, so that a digest tells whether anything changed: fixed order,
//! times, modes and compression, whatever system it is made on. Never reads or writes a file.

use std::io::{Cursor, Write as _};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

/// What Lambda starts in a custom runtime.
const PROGRAM: &str = "bootstrap";
/// Where the program looks for its allow-list.
const ALLOW_LIST: &str = "allow-list.json";
/// The strongest of the compressor.
const LEVEL: i64 = 9;

/// Packs the program and the compiled allow-list.
pub(super) fn pack(program: &[u8], allow_list: &[u8]) -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, bytes) in [(PROGRAM, 0o755, program), (ALLOW_LIST, 0o644, allow_list)] {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(DateTime::DEFAULT)
            .system(System::Unix)
            .unix_permissions(mode);
        zip.start_file(name, options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use zip::ZipArchive;

    use super::*;

    #[test]
    fn the_same_contents_always_give_the_same_bytes() {
        let program: Vec<u8> = (0..100_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
        let first = pack(&program, b"{}").unwrap();
        assert_eq!(pack(&program, b"{}").unwrap(), first);
        assert!(
            first.len() < program.len() / 2,
            "{} bytes are not compressed",
            first.len()
        );
    }

    #[test]
    fn the_program_can_be_executed_and_neither_file_tells_when_it_was_made() {
        let zip = pack(b"program", b"{}").unwrap();
        let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
        let mut files = Vec::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            let year = file.last_modified().unwrap().year();
            files.push((
                file.name().unwrap().into_owned(),
                file.unix_mode().unwrap() & 0o777,
                year,
                text,
            ));
        }
        let expected = [("bootstrap", 0o755, "program"), ("allow-list.json", 0o644, "{}")];
        let expected = expected.map(|(name, mode, text)| (name.to_owned(), mode, 1980, text.to_owned()));
        assert_eq!(files, expected);
    }
}
