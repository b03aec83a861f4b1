//! An audit log in a file of this machine: one line of JSON for each event, written under a lock.
//!
//! An opened event is a whole line with blanks at its end; completing it writes the same line again in place. So a disk that
//! fills up, or a process that dies in between, leaves a readable event. The file must not be rotated while runs are starting.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::text::MAX_CHARS;
use super::{AuditError, AuditEvent, AuditLog};

/// Room that an outcome takes at most: a bounded reason of four-byte characters or escaped quotes, a run id, and the names.
const ROOM_FOR_OUTCOME: usize = MAX_CHARS * 4 + 128;

/// The log file. It is made when the first event is recorded.
#[derive(Debug)]
pub struct JsonLinesLog {
    path: PathBuf,
}

/// The place of an event in the file.
#[derive(Debug)]
pub struct OpenLine {
    file: File,
    start: u64,
    length: usize,
}

impl JsonLinesLog {
    /// A log in that file. Its folder must exist when the first event is recorded.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Appends a line of at least `length` bytes and answers where it is.
    fn append(&self, event: &AuditEvent, room: usize) -> Result<OpenLine, AuditError> {
        let text = serde_json::to_vec(event)?;
        let length = text.len() + room;
        self.write_line(&padded(text, length))
            .map_err(|source| self.unwritable(source))
    }

    fn write_line(&self, line: &[u8]) -> io::Result<OpenLine> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        only_for_owner(&mut options);
        let mut file = options.open(&self.path)?;
        file.lock()?;
        let end = end_of_lines(&mut file)?;
        if let Err(source) = file.write_all(line) {
            // Half a line would spoil the next one. If even this fails, the next writer begins a new line.
            let _kept = file.set_len(end);
            return Err(source);
        }
        file.unlock()?;
        Ok(OpenLine {
            file,
            start: end,
            length: line.len() - 1,
        })
    }

    fn unwritable(&self, source: io::Error) -> AuditError {
        AuditError::Unwritable {
            log: self.path.display().to_string(),
            source,
        }
    }
}

impl AuditLog for JsonLinesLog {
    type Entry = OpenLine;

    /// Waits for the disk, because a run follows. Nothing follows a denial, so its record does not wait.
    fn open(&self, event: &AuditEvent) -> Result<OpenLine, AuditError> {
        let entry = self.append(event, ROOM_FOR_OUTCOME)?;
        entry.file.sync_data().map_err(|source| self.unwritable(source))?;
        Ok(entry)
    }

    fn complete(&self, mut entry: OpenLine, event: &AuditEvent) -> Result<(), AuditError> {
        let text = serde_json::to_vec(event)?;
        if text.len() > entry.length {
            return Err(AuditError::Outgrown {
                log: self.path.display().to_string(),
            });
        }
        let line = padded(text, entry.length);
        let written = entry
            .file
            .seek(SeekFrom::Start(entry.start))
            .and_then(|_| entry.file.write_all(&line));
        written.map_err(|source| self.unwritable(source))
    }

    fn record(&self, event: &AuditEvent) -> Result<(), AuditError> {
        self.append(event, 0).map(drop)
    }
}

/// The line: the text, blanks up to its length, and a line feed.
fn padded(mut text: Vec<u8>, length: usize) -> Vec<u8> {
    text.resize(length, b' ');
    text.push(b'\n');
    text
}

/// Goes to the end of the file, and to the beginning of a line if a writer died within one.
fn end_of_lines(file: &mut File) -> io::Result<u64> {
    let end = file.seek(SeekFrom::End(0))?;
    if end == 0 {
        return Ok(0);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(end - 1))?;
    file.read_exact(&mut last)?;
    if last == [b'\n'] {
        return Ok(end);
    }
    file.write_all(b"\n")?;
    Ok(end + 1)
}

#[cfg(unix)]
fn only_for_owner(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn only_for_owner(_: &mut OpenOptions) {}
