//! Pages of a run's log: whole lines from a byte onwards.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use protocol::{Cursor, RunId};

use super::ReadError;
use crate::state::{RunDir, StateError};

/// Some lines of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) frames: Vec<String>,
    /// The byte at which to read on.
    pub(super) next: u64,
    /// There are more whole lines now, or there may be.
    pub(super) more: bool,
}

/// The byte that a cursor stands for.
pub(super) fn position(cursor: &Cursor) -> Result<u64, ReadError> {
    match cursor.as_str() {
        "" => Ok(0),
        text => text
            .parse()
            .map_err(|_not_a_number| ReadError::Cursor(text.chars().take(32).collect())),
    }
}

/// Whole lines from a byte onwards, at most so many bytes of them. A line without its end is not there yet.
pub(super) fn read(dir: &RunDir, run: RunId, from: u64, page_bytes: usize) -> Result<Page, ReadError> {
    let path = dir.frames();
    let mut bytes = Vec::new();
    File::open(&path)
        .and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            file.take(u64::try_from(page_bytes).unwrap_or(u64::MAX))
                .read_to_end(&mut bytes)
        })
        .map_err(StateError::io("read", &path))?;
    let full = bytes.len() >= page_bytes;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if full && whole == 0 {
        return Err(ReadError::Damaged { run, at: from });
    }
    bytes.truncate(whole);
    let text = String::from_utf8_lossy(&bytes);
    Ok(Page {
        frames: text.lines().map(str::to_owned).collect(),
        next: from + u64::try_from(whole).unwrap_or(0),
        more: full,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const RUN: RunId = RunId::from_random([1; 16]);

    fn log(text: &str) -> (tempfile::TempDir, RunDir) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("frames"), text).unwrap();
        let dir = RunDir::new(folder.path().to_owned());
        (folder, dir)
    }

    #[test]
    fn pages_hold_whole_lines_and_join_to_the_whole_log() {
        let (_folder, dir) = log("one\ntwo\nthree\nfour\n");
        let mut from = 0;
        let mut lines = Vec::new();
        loop {
            let page = read(&dir, RUN, from, 7).unwrap();
            lines.extend(page.frames);
            from = page.next;
            if !page.more {
                break;
            }
        }
        assert_eq!(lines, ["one", "two", "three", "four"]);
    }

    #[test]
    fn a_line_without_its_end_is_not_there_yet() {
        let (_folder, dir) = log("one\ntw");
        let page = read(&dir, RUN, 0, 100).unwrap();
        assert_eq!(
            page,
            Page {
                frames: vec!["one".to_owned()],
                next: 4,
                more: false
            }
        );
    }

    #[test]
    fn a_line_longer_than_any_frame_is_damage_and_not_an_endless_wait() {
        let (_folder, dir) = log(&"x".repeat(64));
        assert_eq!(
            read(&dir, RUN, 0, 32).expect_err("damaged").to_string(),
            format!("the log of run `{RUN}` is damaged at byte 0: it holds no line end")
        );
    }

    #[test]
    fn a_cursor_of_another_engine_is_refused() {
        let error = position(&Cursor::new("f/3749")).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "`f/3749` is not a cursor of this engine: start with an empty one"
        );
        assert_eq!(position(&Cursor::default()).unwrap(), 0);
    }
}
