//! The summary of a plan: how much it adds, changes, destroys and replaces, and what.
//!
//! Responsible for its order (what is lost comes first), and for no value of anything being in it: a value may be a secret, an
//! address and an action are not. Never judges a plan.

use std::io::Read;

use protocol::frame::{MAX_REPORT_BYTES, Report};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Room for everything in a report but its changes.
const HEAD_BYTES: usize = 1_200;
/// One address may be this long; longer ones are cut.
const MOST_ADDRESS_CHARACTERS: usize = 300;
/// Longer directory names are cut.
const MOST_DIRECTORY_CHARACTERS: usize = 200;

/// What is read of `terraform show -json`; the values are never kept.
#[derive(Debug, Deserialize)]
struct Shown {
    #[serde(default)]
    resource_changes: Vec<ResourceChange>,
}

#[derive(Debug, Deserialize)]
struct ResourceChange {
    address: String,
    change: Actions,
}

#[derive(Debug, Deserialize)]
struct Actions {
    actions: Vec<String>,
}

/// What happens to one resource. The order is that of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Destroy,
    Replace,
    Forget,
    Change,
    Add,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Change {
    action: Action,
    address: String,
}

/// The summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    changes: Vec<Change>,
}

/// About what plan the summary is.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Its directory.
    pub directory: &'a str,
    /// The program that made it.
    pub tool: &'a str,
    /// The digest under which it was saved.
    pub saved_as: Option<&'a str>,
}

impl Summary {
    /// Reads what `show -json` prints about a plan.
    pub fn read(json: impl Read) -> Result<Self, serde_json::Error> {
        let shown: Shown = serde_json::from_reader(json)?;
        let mut changes: Vec<_> = shown
            .resource_changes
            .into_iter()
            .filter_map(|change| {
                Some(Change {
                    action: action(&change.change.actions)?,
                    address: cut(&change.address, MOST_ADDRESS_CHARACTERS),
                })
            })
            .collect();
        changes.sort();
        Ok(Self { changes })
    }

    /// The report for machines, with as many changes as fit.
    pub fn report(&self, about: About<'_>) -> Option<Report> {
        let count = |wanted: Action| self.changes.iter().filter(|change| change.action == wanted).count();
        let listed = self.listed();
        let mut report = serde_json::json!({
            "report": "plan",
            "version": 1,
            "directory": cut(about.directory, MOST_DIRECTORY_CHARACTERS),
            "tool": about.tool,
            "counts": {
                "destroy": count(Action::Destroy),
                "replace": count(Action::Replace),
                "forget": count(Action::Forget),
                "change": count(Action::Change),
                "add": count(Action::Add),
            },
            "changes": listed,
            "not_listed": self.changes.len() - listed.len(),
        });
        let object = report.as_object_mut()?;
        if let Some(digest) = about.saved_as {
            object.insert("saved_as".to_owned(), Value::from(digest));
        }
        Report::new(std::mem::take(object)).ok()
    }

    fn listed(&self) -> &[Change] {
        let mut room = MAX_REPORT_BYTES - HEAD_BYTES;
        let fits = self.changes.iter().take_while(|change| {
            let bytes = serde_json::to_vec(change).map_or(usize::MAX, |json| json.len().saturating_mul(2));
            room.checked_sub(bytes).map(|left| room = left).is_some()
        });
        let fits = fits.count();
        self.changes.get(..fits).unwrap_or_default()
    }
}

/// Reading and doing nothing are no changes.
fn action(actions: &[String]) -> Option<Action> {
    let actions: Vec<_> = actions.iter().map(String::as_str).collect();
    match actions.as_slice() {
        ["delete"] => Some(Action::Destroy),
        ["delete", "create"] | ["create", "delete" | "forget"] => Some(Action::Replace),
        ["forget"] => Some(Action::Forget),
        ["create"] => Some(Action::Add),
        [] | ["no-op" | "read"] => None,
        // What is not known yet is at least a change.
        _ => Some(Action::Change),
    }
}

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About<'_> = About {
        directory: "prod/app",
        tool: "terraform 1.11.4",
        saved_as: None,
    };

    fn summary(changes: &[(&str, &[&str])]) -> Summary {
        let changes: Vec<_> = changes
            .iter()
            .map(|(address, actions)| {
                serde_json::json!({"address": address, "change": {"actions": actions, "after": {"password": "hunter2"}}})
            })
            .collect();
        let shown = serde_json::json!({"format_version": "1.2", "variables": {"p": {"value": "hunter2"}}, "resource_changes": changes});
        Summary::read(serde_json::to_vec(&shown).unwrap().as_slice()).unwrap()
    }

    #[test]
    fn what_is_lost_comes_first_and_no_value_is_in_it() {
        let summary = summary(&[
            ("a.new", &["create"]),
            ("a.same", &["no-op"]),
            ("a.data", &["read"]),
            ("a.changed", &["update"]),
            ("a.z", &["create", "delete"]),
            ("a.y", &["delete", "create"]),
            ("a.gone", &["delete"]),
            ("a.odd", &["something", "new"]),
        ]);
        let report = Value::from(summary.report(ABOUT).unwrap().object().clone());
        let addresses: Vec<_> = report["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["address"].as_str().unwrap())
            .collect();
        assert_eq!(addresses, ["a.gone", "a.y", "a.z", "a.changed", "a.odd", "a.new"]);
        assert_eq!(
            report["counts"],
            serde_json::json!({"destroy": 1, "replace": 2, "forget": 0, "change": 2, "add": 1})
        );
        assert!(!report.to_string().contains("hunter2"));
    }

    #[test]
    fn a_plan_of_any_size_fits_and_says_what_is_not_listed() {
        for address in [
            "a.b".to_owned(),
            "\u{2028}\"\\".repeat(300),
            "m[\"\u{fc}\"].".repeat(1_000),
        ] {
            let many: Vec<(String, [&str; 1])> = (0..5_000).map(|n| (format!("{address}{n}"), ["delete"])).collect();
            let many: Vec<(&str, &[&str])> = many.iter().map(|(a, b)| (a.as_str(), b.as_slice())).collect();
            let digest = "0".repeat(64);
            let about = About {
                directory: &address,
                saved_as: Some(&digest),
                ..ABOUT
            };
            let report = summary(&many).report(about).expect("it fits");
            let listed = report.object()["changes"].as_array().unwrap().len() as u64;
            assert_eq!(listed + report.object()["not_listed"].as_u64().unwrap(), 5_000);
            assert_eq!(report.object()["counts"]["destroy"], 5_000);
        }
    }
}
