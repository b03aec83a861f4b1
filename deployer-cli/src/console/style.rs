//! The colours of our own messages, in one place.
//!
//! Never: decides whether colours are wanted.

use anstyle::{AnsiColor, Style};

use super::Colour;

/// A heading, or a name that the eye should find.
pub const STRONG: Style = Style::new().bold();
/// What may be skipped.
pub const FAINT: Style = Style::new().dimmed();
/// Good news.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// An error, a refusal.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// A warning.
pub const CAUTION: Style = AnsiColor::Yellow.on_default().bold();
/// Advice: what to do next.
pub const ADVICE: Style = AnsiColor::Cyan.on_default();

/// Text in a style, or plain.
pub fn paint(colour: Colour, style: Style, text: &str) -> String {
    match colour {
        Colour::On if !text.is_empty() => format!("{style}{text}{style:#}"),
        Colour::On | Colour::Off => text.to_owned(),
    }
}
