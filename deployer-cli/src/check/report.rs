//! Shows what a check found: each remark with its line of the file, and a summary.
//!
//! Never: looks at the file itself.

use anstyle::Style;
use gatekeeper::lint::Severity;
use unicode_width::UnicodeWidthStr as _;

use super::{Checked, Remark};
use crate::console::style;
use crate::layout::{Look, Page};

/// Columns of source before the place that are shown when the line is too long.
const BEFORE: usize = 20;

/// The result as text for a person.
pub fn render(checked: &Checked, look: Look) -> String {
    let mut page = Page::new(look);
    for remark in &checked.remarks {
        show(checked, remark, &mut page);
        page.blank();
    }
    summary(checked, &mut page);
    page.finish()
}

/// The result for a machine: JSON with a line end.
pub fn json(checked: &Checked) -> Result<String, serde_json::Error> {
    let result = serde_json::json!({
        "file": checked.file,
        "errors": checked.count(Severity::Error),
        "warnings": checked.count(Severity::Warning),
        "digest": checked.compiled.as_ref().map(gatekeeper::compiled::Compiled::digest),
        "remarks": checked.remarks,
    });
    serde_json::to_string_pretty(&result).map(|text| text + "\n")
}

fn show(checked: &Checked, remark: &Remark, page: &mut Page) {
    let style = colour_of(remark.severity);
    let head = page.paint(style, &format!("{}[{}]:", remark.severity, remark.code));
    let indent = remark.severity.to_string().width() + remark.code.width() + 4;
    if indent * 3 < page.width() {
        page.hanging(&head, indent, style::STRONG, &remark.message);
    } else {
        page.line(&head);
        page.paragraph(2, style::STRONG, &remark.message);
    }
    let gutter = remark.line.to_string().len();
    let arrow = page.paint(style::FAINT, &format!("{:gutter$}-->", ""));
    page.line(&format!("{arrow} {}:{}:{}", checked.file, remark.line, remark.column));
    excerpt(checked, remark, gutter, page);
    let lead = page.paint(style::FAINT, &format!("{:gutter$} =", ""));
    let mut note = |style: Style, text: &str| {
        if !text.is_empty() {
            page.hanging(&lead, gutter + 3, style, text);
        }
    };
    if !remark.path.is_empty() {
        note(style::FAINT, &format!("at `{}`", remark.path));
    }
    note(Style::new(), &remark.help);
    if let Some(word) = &remark.suggestion {
        note(style::GOOD, &format!("did you mean `{word}`?"));
    }
}

/// The line of the file, and below it a mark under the word that the remark is about.
fn excerpt(checked: &Checked, remark: &Remark, gutter: usize, page: &mut Page) {
    let line_of = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
    let Some(line) = checked.text.lines().nth(line_of(remark.line)) else {
        return;
    };
    let line = line.replace('\t', " ");
    let (shown, before) = window(&line, line_of(remark.column), page.width().saturating_sub(gutter + 4));
    let word = shown.get(before.len()..).unwrap_or_default();
    let marked = word
        .find([' ', ',', ':', '}', ']'])
        .map_or(word, |end| word.get(..end).unwrap_or(word));
    let underline = format!("{:1$}{2}", "", before.width(), "^".repeat(marked.width().max(1)));
    let bar = |number: &str| format!("{number:>gutter$} |");
    let (number, empty) = (remark.line.to_string(), bar(""));
    let empty = page.paint(style::FAINT, &empty);
    page.line(&format!("{} {shown}", page.paint(style::FAINT, &bar(&number))));
    page.line(&format!(
        "{empty} {}",
        page.paint(colour_of(remark.severity), &underline)
    ));
}

/// The part of a line that fits, and of it what stands before the character at `column`.
fn window(line: &str, column: usize, width: usize) -> (String, String) {
    let fits = line.width() <= width;
    let skip = if fits { 0 } else { column.saturating_sub(BEFORE) };
    let mut shown: String = line.chars().skip(skip).collect();
    while shown.width() > width {
        shown.pop();
    }
    let before = shown.chars().take(column - skip.min(column)).collect();
    (shown, before)
}

const fn colour_of(severity: Severity) -> Style {
    match severity {
        Severity::Error => style::BAD,
        Severity::Warning => style::CAUTION,
    }
}

fn summary(checked: &Checked, page: &mut Page) {
    let (errors, warnings) = (checked.count(Severity::Error), checked.count(Severity::Warning));
    let counted = |count: usize, what: &str| match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        more => format!("{more} {what}s"),
    };
    let counts = format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
    let style = match (errors, warnings) {
        (0, 0) => style::GOOD,
        (0, _) => style::CAUTION,
        _ => style::BAD,
    };
    page.paragraph(0, style, &format!("{}: {counts}", checked.file));
    if let Some(compiled) = &checked.compiled {
        let scripts: usize = compiled
            .containers
            .values()
            .map(|container| container.scripts.len())
            .sum();
        let contents = format!(
            "{}, {}",
            counted(compiled.containers.len(), "container"),
            counted(scripts, "script"),
        );
        page.field(0, "contents", Style::new(), &contents);
        page.field(0, "digest", Style::new(), &compiled.digest());
    }
}
