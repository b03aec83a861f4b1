//! Lists: items that are there twice.

use std::fmt::Display;
use std::hash::Hash;

use crate::source::{List, Located};

use super::report::Report;

/// Reports items that are there twice.
pub(super) fn no_duplicates<T: Display + Eq + Hash>(list: Option<&List<Located<T>>>, report: &mut Report) {
    let items = list.map(|list| list.items.as_slice()).unwrap_or_default();
    let mut seen = std::collections::HashSet::new();
    for (index, item) in items.iter().enumerate() {
        if !seen.insert(&item.value) {
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
