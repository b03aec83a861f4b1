//! What the last line of the screen holds, so that nothing of ours is ever written into a line of the job.
//!
//! Never: writes anything.

/// What the last line of the screen holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Screen {
    /// Nothing: the next byte begins a line.
    LineStart,
    /// Job output without an end of line.
    JobLine,
    /// The live line, with this text.
    Live(String),
}

/// What the written bytes leave on the last line of the screen; nothing when they leave it as it was. Colours do not count.
pub(super) fn screen_after(written: &[u8]) -> Option<Screen> {
    let after_line_end = written.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
    let mut rest = after_line_end;
    while let Some(sequence) = rest.strip_prefix(b"\x1b[") {
        let end = sequence.iter().position(|&byte| byte == b'm');
        rest = end.and_then(|end| sequence.get(end + 1..)).unwrap_or_default();
    }
    match (rest.is_empty(), after_line_end.len() < written.len()) {
        (false, _) => Some(Screen::JobLine),
        (true, true) => Some(Screen::LineStart),
        (true, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_after_a_line_end_do_not_begin_a_line() {
        assert_eq!(screen_after(b"text"), Some(Screen::JobLine));
        assert_eq!(screen_after(b"text\n"), Some(Screen::LineStart));
        assert_eq!(screen_after(b"text\n\x1b[0m\x1b[1m"), Some(Screen::LineStart));
        assert_eq!(screen_after(b"\n\x1b[0mtext"), Some(Screen::JobLine));
        assert_eq!(screen_after(b"\x1b[0m"), None);
        assert_eq!(screen_after(b""), None);
    }
}
