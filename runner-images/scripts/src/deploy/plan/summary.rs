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
/// Room for the names of units that nothing is told of.
const UNITS_BYTES: usize = 1_500;

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
    /// For a plan of several units: which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    address: String,
}

/// The summary of one plan, or of the plans of several units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    changes: Vec<Change>,
    units: Option<Units>,
}

/// The units that the summary is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Units {
    told: usize,
    not_told: Vec<String>,
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
                    unit: None,
                    address: cut(&change.address, MOST_ADDRESS_CHARACTERS),
                })
            })
            .collect();
        changes.sort();
        Ok(Self { changes, units: None })
    }

    /// One summary of the plans of several units, each with its directory; `None` for a unit that has no plan to tell of.
    pub fn of_units(plans: impl IntoIterator<Item = (String, Option<Self>)>) -> Self {
        let mut changes = Vec::new();
        let mut units = Units::default();
        for (unit, plan) in plans {
            let unit = cut(&unit, MOST_DIRECTORY_CHARACTERS);
            match plan {
                Some(plan) => {
                    units.told += 1;
                    changes.extend(plan.changes.into_iter().map(|change| Change {
                        unit: Some(unit.clone()),
                        ..change
                    }));
                }
                None => units.not_told.push(unit),
            }
        }
        changes.sort();
        units.not_told.sort();
        Self {
            changes,
            units: Some(units),
        }
    }

    /// The report for machines, with as many changes as fit.
    pub fn report(&self, about: About<'_>) -> Option<Report> {
        let count = |wanted: Action| self.changes.iter().filter(|change| change.action == wanted).count();
        let named = self.units.as_ref().map(|units| fitting(&units.not_told, UNITS_BYTES));
        let room = MAX_REPORT_BYTES - HEAD_BYTES - named.map_or(0, |_| UNITS_BYTES);
        let listed = fitting(&self.changes, room);
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
        if let (Some(units), Some(named)) = (&self.units, named) {
            object.insert("units_told".to_owned(), Value::from(units.told));
            object.insert("units_not_told".to_owned(), Value::from(named));
            let not_named = units.not_told.len() - named.len();
            object.insert("units_not_named".to_owned(), Value::from(not_named));
        }
        Report::new(std::mem::take(object)).ok()
    }
}

/// The first of these, as many as there is room for.
fn fitting<T: Serialize>(all: &[T], mut room: usize) -> &[T] {
    let fits = all.iter().take_while(|one| {
        let bytes = serde_json::to_vec(one).map_or(usize::MAX, |json| json.len().saturating_mul(2));
        room.checked_sub(bytes).map(|left| room = left).is_some()
    });
    let fits = fits.count();
    all.get(..fits).unwrap_or_default()
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
    fn of_several_units_each_change_says_its_unit_and_a_unit_without_a_plan_is_said() {
        let eu = summary(&[("a.new", &["create"]), ("a.gone", &["delete"])]);
        let us = summary(&[("a.changed", &["update"]), ("a.gone", &["delete"])]);
        let plans = [("us", Some(us)), ("eu/db", None), ("eu", Some(eu)), ("asia", None)];
        let summary = Summary::of_units(plans.map(|(unit, plan)| (unit.to_owned(), plan)));
        let report = Value::from(summary.report(ABOUT).unwrap().object().clone());
        assert_eq!(
            report["changes"],
            serde_json::json!([
                {"action": "destroy", "unit": "eu", "address": "a.gone"},
                {"action": "destroy", "unit": "us", "address": "a.gone"},
                {"action": "change", "unit": "us", "address": "a.changed"},
                {"action": "add", "unit": "eu", "address": "a.new"},
            ])
        );
        assert_eq!(report["counts"]["destroy"], 2);
        assert_eq!(
            (
                &report["units_told"],
                &report["units_not_told"],
                &report["units_not_named"]
            ),
            (&Value::from(2), &serde_json::json!(["asia", "eu/db"]), &Value::from(0))
        );
    }

    #[test]
    fn units_of_any_number_and_name_fit() {
        for name in ["a".to_owned(), "\u{2028}\"\\\n".repeat(99), "\u{fc}{}".repeat(999)] {
            let one = summary(&[(name.as_str(), &["delete"])]);
            let plans = (0..2_000).map(|n| (format!("{n}/{name}"), (n % 2 == 0).then(|| one.clone())));
            let report = Summary::of_units(plans).report(ABOUT).expect("it fits");
            let report = report.object();
            let number = |key: &str| report[key].as_u64().unwrap();
            let names = report["units_not_told"].as_array().unwrap().len() as u64;
            let listed = report["changes"].as_array().unwrap().len() as u64;
            assert!(names > 0 && listed > 0, "{names} {listed}");
            assert_eq!(
                (names + number("units_not_named"), number("units_told")),
                (1_000, 1_000)
            );
            assert_eq!(listed + number("not_listed"), 1_000);
        }
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
