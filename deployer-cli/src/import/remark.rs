//! What a person has to know about an import.

use serde::Serialize;

/// What kind of remark it is. The order is that of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Callers could do this, and cannot any more: it could not be said safely.
    LeftOut,
    /// It works as before, or nothing says how it was; somebody has to look.
    Decide,
    /// Callers can still do this, within narrower limits.
    Stricter,
}

impl Kind {
    /// All kinds, in the order of the list.
    pub const ALL: [Self; 3] = [Self::LeftOut, Self::Decide, Self::Stricter];

    /// As a heading.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::LeftOut => "left out",
            Self::Decide => "to decide",
            Self::Stricter => "stricter",
        }
    }
}

/// One thing to know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Remark {
    /// What kind.
    pub kind: Kind,
    /// Where, in the words of the allow-list; empty for the whole.
    pub path: String,
    /// What became of it, and why.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Remarks as they come up.
#[derive(Debug, Default)]
pub(super) struct Remarks(Vec<Remark>);

impl Remarks {
    pub(super) fn left_out(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        self.add(Kind::LeftOut, path, message.into(), help.into());
    }

    pub(super) fn decide(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        self.add(Kind::Decide, path, message.into(), help.into());
    }

    pub(super) fn stricter(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        self.add(Kind::Stricter, path, message.into(), help.into());
    }

    fn add(&mut self, kind: Kind, path: &str, message: String, help: String) {
        self.0.push(Remark {
            kind,
            path: path.to_owned(),
            message,
            help,
        });
    }

    /// All of them, what is left out first; otherwise as they came up, and none twice.
    pub(super) fn finish(mut self) -> Vec<Remark> {
        self.0.sort_by_key(|remark| remark.kind);
        let mut seen = std::collections::BTreeSet::new();
        self.0.retain(|remark| seen.insert(remark.clone()));
        self.0
    }
}
