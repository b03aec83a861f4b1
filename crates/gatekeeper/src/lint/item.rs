//! Lists: items that are there twice.

use crate::source::{List, Text};

use super::report::Report;

/// Reports items that are there twice.
pub(super) fn no_duplicates(list: Option<&List<Text>>, report: &mut Report) {
    let items = list.map(|list| list.items.as_slice()).unwrap_or_default();
    let mut seen = std::collections::HashSet::new();
    for (index, item) in items.iter().enumerate() {
        if !seen.insert(item.value.as_str()) {
            report.at(&format!("[{index}]"), |report| {
                report.warning(
                    "duplicate-item",
                    item.mark,
                    format!("`{item}` is listed twice"),
                    "remove one of them",
                );
            });
        }
    }
}
