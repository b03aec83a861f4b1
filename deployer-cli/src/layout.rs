//! Lays out text for people: paragraphs, labelled fields and lists that fit the width of the terminal.
//!
//! Responsible for: wrapping, colours and making every page harmless to the console that shows it. Never: knows what the text is about.

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use crate::console::{CiSystem, Colour, Settings, Stream, colour, harmless, style, width};

/// Wider lines are hard to read, however wide the terminal is.
const WIDEST: usize = 120;
/// Narrower text is mostly line breaks.
const NARROWEST: usize = 24;
/// Columns of the label of a field, with the space after it.
const LABEL: usize = 11;

/// How a page is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether it has colours.
    pub colour: Colour,
    /// Columns to fit into.
    pub width: usize,
    /// The CI system whose log it may end up in.
    pub ci: Option<CiSystem>,
}

impl Look {
    /// The look of a page on `stream`, by the environment's variables.
    pub fn detect(variable: impl Fn(&str) -> Option<String>, stream: Stream) -> Self {
        Self {
            colour: colour(&variable, stream),
            width: width(&variable),
            ci: CiSystem::detect(&variable),
        }
    }

    /// The look of a page among the messages of a watched run.
    pub const fn of(settings: &Settings) -> Self {
        Self {
            colour: settings.colour,
            width: settings.width,
            ci: settings.ci,
        }
    }
}

/// A text in the making.
#[derive(Debug)]
pub(crate) struct Page {
    look: Look,
    text: String,
}

impl Page {
    pub(crate) fn new(look: Look) -> Self {
        let width = look.width.clamp(NARROWEST, WIDEST);
        Self {
            look: Look { width, ..look },
            text: String::new(),
        }
    }

    pub(crate) const fn width(&self) -> usize {
        self.look.width
    }

    /// Text in the page's colours, for building lines by hand.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        style::paint(self.look.colour, style, text)
    }

    /// A line as it is.
    pub(crate) fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    pub(crate) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Wrapped text, every line indented; nothing when there is no text.
    pub(crate) fn paragraph(&mut self, indent: usize, style: Style, text: &str) {
        if text.is_empty() {
            return;
        }
        for line in wrap(text, self.look.width.saturating_sub(indent)) {
            let painted = self.paint(style, &line);
            self.line(&format!("{:indent$}{painted}", ""));
        }
    }

    /// Wrapped text after a lead such as `1.`; every line begins in the same column. The lead may be painted already.
    pub(crate) fn hanging(&mut self, lead: &str, indent: usize, style: Style, text: &str) {
        let mut start = format!("{lead} ");
        for line in wrap(text, self.look.width.saturating_sub(indent)) {
            let painted = self.paint(style, &line);
            self.line(&format!("{start}{painted}"));
            start = " ".repeat(indent);
        }
    }

    /// A label and its text; nothing when there is no text.
    pub(crate) fn field(&mut self, indent: usize, label: &str, style: Style, text: &str) {
        if text.is_empty() {
            return;
        }
        let label_width = LABEL.max(label.width() + 1);
        let left = indent + label_width;
        for (index, line) in wrap(text, self.look.width.saturating_sub(left)).iter().enumerate() {
            let painted = self.paint(style, line);
            if index == 0 {
                let label = self.paint(style::FAINT, &format!("{label:<label_width$}"));
                self.line(&format!("{:indent$}{label}{painted}", ""));
            } else {
                self.line(&format!("{:left$}{painted}", ""));
            }
        }
    }

    /// The finished text, harmless to the console.
    pub(crate) fn finish(self) -> String {
        harmless(self.look.ci, &self.text)
    }
}

/// Lines of at most `width` columns. Words stay whole unless one alone is too long; then it breaks after a `.`, `/`, `=`
/// or `,`, else after a `-`, else where it must.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        for piece in pieces(word, width) {
            let Some(line) = lines.last_mut() else { continue };
            if line.is_empty() {
                line.push_str(piece.text);
            } else if piece.begins_word && line.width() + 1 + piece.text.width() <= width {
                line.push(' ');
                line.push_str(piece.text);
            } else {
                lines.push(piece.text.to_owned());
            }
        }
    }
    lines
}

/// A word, or a part of one that is too long for a line.
struct Piece<'a> {
    text: &'a str,
    begins_word: bool,
}

fn pieces(word: &str, width: usize) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while rest.width() > width {
        let (text, tail) = rest.split_at(break_at(rest, width));
        pieces.push(Piece {
            text,
            begins_word: pieces.is_empty(),
        });
        rest = tail;
    }
    pieces.push(Piece {
        text: rest,
        begins_word: pieces.is_empty(),
    });
    pieces
}

/// The byte at which a too long word breaks.
fn break_at(word: &str, width: usize) -> usize {
    let mut columns = 0;
    let [mut hard, mut hyphen, mut separator] = [0; 3];
    for (start, character) in word.char_indices() {
        columns += character.to_string().width();
        if columns > width {
            break;
        }
        hard = start + character.len_utf8();
        match character {
            '.' | '/' | '=' | ',' if columns * 4 > width => separator = hard,
            '-' if columns * 4 > width => hyphen = hard,
            _ => {}
        }
    }
    let first = word.chars().next().map_or(word.len(), char::len_utf8);
    let places = [separator, hyphen, hard, first];
    places.into_iter().find(|&place| place > 0).unwrap_or(word.len())
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A look without colours.
    pub(crate) const fn plain(width: usize) -> Look {
        Look {
            colour: Colour::Off,
            width,
            ci: None,
        }
    }

    #[test]
    fn long_words_break_after_a_separator_and_short_words_stay_whole() {
        let lines = wrap("rule containers.terraform-planner.scripts.deploy ok", 24);
        assert_eq!(lines, ["rule containers.", "terraform-planner.", "scripts.deploy ok"]);
    }

    #[test]
    fn a_field_aligns_its_lines_after_the_label() {
        let mut page = Page::new(plain(30));
        page.field(2, "rule", Style::new(), "one two three four five");
        page.field(2, "nothing", Style::new(), "");
        assert_eq!(page.finish(), "  rule       one two three\n             four five\n");
    }

    #[test]
    fn what_is_quoted_on_a_page_cannot_act_on_the_console_even_after_wrapping() {
        let mut page = Page::new(Look {
            ci: Some(CiSystem::GitHub),
            ..plain(24)
        });
        page.paragraph(2, Style::new(), "a very long sentence in ::set-env name=a::b \x1b[2J");
        assert_eq!(
            page.finish(),
            "  a very long sentence\n  in ::set-env name=a::b\n  ␛[2J\n"
        );
        let mut page = Page::new(Look {
            ci: Some(CiSystem::GitHub),
            ..plain(24)
        });
        page.paragraph(2, Style::new(), "a very long sentence ::set-env");
        assert_eq!(page.finish(), "  a very long sentence\n  :␦:set-env\n");
    }

    proptest! {
        #[test]
        fn wrapping_keeps_every_word_and_the_width(text in "[a-z./= 日]{0,120}", width in 8_usize..60) {
            let lines = wrap(&text, width);
            let kept: String = lines.concat().split_whitespace().collect();
            let words: String = text.split_whitespace().collect();
            prop_assert_eq!(kept, words);
            for line in lines {
                prop_assert!(line.width() <= width, "{:?}", line);
            }
        }
    }
}
