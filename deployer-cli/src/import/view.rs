//! Shows what became of a configuration. Never: looks at the configuration itself.

use anstyle::Style;
use gatekeeper::lint::Severity;

use super::{Imported, Kind, Remark};
use crate::console::style;
use crate::layout::{Look, Page};

/// As text for a person.
pub fn render(imported: &Imported, look: Look) -> String {
    let mut page = Page::new(look);
    for kind in Kind::ALL {
        let remarks: Vec<_> = imported.remarks.iter().filter(|remark| remark.kind == kind).collect();
        if remarks.is_empty() {
            continue;
        }
        page.paragraph(0, colour_of(kind), &format!("{} ({})", kind.heading(), remarks.len()));
        for remark in remarks {
            show(remark, &mut page);
        }
        page.blank();
    }
    match &imported.allow_list {
        Some(text) => {
            page.field(0, "digest", Style::new(), &text.digest);
            let next = match text.warnings {
                0 => "`infrastructure-deployer check` finds nothing".to_owned(),
                1 => format!("`infrastructure-deployer check` shows 1 {}", Severity::Warning),
                more => format!("`infrastructure-deployer check` shows {more} {}s", Severity::Warning),
            };
            page.field(0, "next", Style::new(), &next);
        }
        None => page.paragraph(
            0,
            style::BAD,
            "nothing is written: nothing is left that callers could run",
        ),
    }
    page.finish()
}

fn show(remark: &Remark, page: &mut Page) {
    let path = if remark.path.is_empty() {
        "everywhere"
    } else {
        &remark.path
    };
    page.paragraph(2, style::STRONG, path);
    page.paragraph(4, Style::new(), &remark.message);
    page.paragraph(4, style::FAINT, &remark.help);
}

/// For a machine: JSON with a line end.
pub fn json(imported: &Imported) -> Result<String, serde_json::Error> {
    let result = serde_json::json!({
        "digest": imported.allow_list.as_ref().map(|text| &text.digest),
        "warnings": imported.allow_list.as_ref().map(|text| text.warnings),
        "remarks": imported.remarks,
    });
    serde_json::to_string_pretty(&result).map(|text| text + "\n")
}

const fn colour_of(kind: Kind) -> Style {
    match kind {
        Kind::LeftOut => style::BAD,
        Kind::Decide => style::CAUTION,
        Kind::Stricter => style::GOOD,
    }
}
