use std::io;
use std::sync::{Arc, Mutex};

use super::*;
use crate::console::{JobOutput, Settings, Stream as Connected};

/// A stream that takes some bytes and then fails.
#[derive(Clone)]
struct Failing {
    room: usize,
    kind: io::ErrorKind,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl Failing {
    fn new(room: usize, kind: io::ErrorKind) -> Self {
        Self {
            room,
            kind,
            taken: Arc::default(),
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.taken.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = self.taken.lock().unwrap();
        let fits = bytes.len().min(self.room - taken.len());
        if fits == 0 {
            return Err(self.kind.into());
        }
        taken.extend_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Shows three pieces on a standard output that takes four bytes.
async fn shown_on(kind: io::ErrorKind) -> (Shown, String, String) {
    let (out, err) = (Failing::new(4, kind), Failing::new(10_000, kind));
    let settings = Settings::detect(|_| None, Connected::Other, Connected::Other, JobOutput::Safe);
    let display = Display::start(Console::new(settings, "test", out.clone(), err.clone())).unwrap();
    for (channel, text) in [
        (Channel::Stdout, "one\n"),
        (Channel::Stdout, "two\n"),
        (Channel::Stderr, "three\n"),
    ] {
        let bytes = text.as_bytes().to_vec();
        display.show(Show::Output(Piece { channel, bytes })).await;
    }
    display
        .show(Show::Output(Piece {
            channel: Channel::Stdout,
            bytes: b"four\n".to_vec(),
        }))
        .await;
    let shown = display.settle().await;
    display.finish().await;
    (shown, out.text(), err.text())
}

#[tokio::test]
async fn a_reader_that_leaves_is_told_once_and_is_no_failure() {
    let (shown, out, err) = shown_on(io::ErrorKind::BrokenPipe).await;
    assert_eq!((shown.failure, out.as_str()), (None, "one\n"));
    assert_eq!(err.matches("closed by its reader").count(), 1, "{err}");
    assert!(err.contains("three\n"), "{err}");
}

#[tokio::test]
async fn a_stream_that_fails_is_told_once_and_remembered() {
    let (shown, out, err) = shown_on(io::ErrorKind::StorageFull).await;
    assert_eq!(out, "one\n");
    assert!(shown.failure.unwrap().starts_with("cannot write to standard output"));
    assert_eq!(err.matches("cannot write to standard output").count(), 1, "{err}");
    assert!(err.contains("three\n"), "{err}");
}
