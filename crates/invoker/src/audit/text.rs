//! Text of a caller in a record: short, and harmless on the terminal of whoever reads it.

/// Longest text in characters.
pub(super) const MAX_CHARS: usize = 256;

/// Shortens, and escapes everything that does not print as itself: controls, bidirectional overrides, blanks of other kinds.
pub(super) fn bounded(text: &str) -> String {
    let escaped = text.chars().take(MAX_CHARS).flat_map(|char| {
        let as_itself = matches!(char, '"' | '\'' | '\\');
        let escape = (!as_itself).then(|| char.escape_debug());
        escape.into_iter().flatten().chain(as_itself.then_some(char))
    });
    escaped.take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_print_as_itself_is_escaped() {
        assert_eq!(bounded("a\n\u{1b}[31m\u{202e}b"), r"a\n\u{1b}[31m\u{202e}b");
        assert_eq!(bounded(r#"é "quoted" 'so' C:\x"#), r#"é "quoted" 'so' C:\x"#);
    }

    #[test]
    fn text_is_cut_at_its_limit_even_when_escapes_make_it_longer() {
        assert_eq!(bounded(&"é".repeat(1000)), "é".repeat(MAX_CHARS));
        assert_eq!(bounded(&"\u{7f}".repeat(1000)).chars().count(), MAX_CHARS);
    }
}
