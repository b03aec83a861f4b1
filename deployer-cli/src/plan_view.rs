//! The summary of a plan, as a table. It is the job's word, and says so.
//!
//! Responsible for its form. Never believes it, and never shows a report of another kind.

use protocol::frame::Report;
use serde::Deserialize;

/// What `infrastructure-deploy-script` tells about a plan; keys that are not known are newer than this reader.
#[derive(Debug, Deserialize)]
struct Plan {
    report: Kind,
    directory: String,
    counts: Counts,
    changes: Vec<Change>,
    #[serde(default)]
    not_listed: u64,
    #[serde(default)]
    saved_as: Option<String>,
    /// For several units: those that the summary says nothing of, by name as far as there was room.
    #[serde(default)]
    units_not_told: Vec<String>,
    #[serde(default)]
    units_not_named: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Plan,
}

#[derive(Debug, Deserialize)]
struct Counts {
    add: u64,
    change: u64,
    destroy: u64,
    replace: u64,
    /// Older scripts do not tell it.
    #[serde(default)]
    forget: u64,
}

#[derive(Debug, Deserialize)]
struct Change {
    action: String,
    #[serde(default)]
    unit: Option<String>,
    address: String,
}

/// The table, if this is the summary of a plan.
pub(crate) fn of(report: &Report) -> Option<String> {
    let plan: Plan = serde_json::from_value(report.object().clone().into()).ok()?;
    let Plan {
        report: Kind::Plan,
        directory,
        counts:
            Counts {
                add,
                change,
                destroy,
                replace,
                forget,
            },
        changes,
        not_listed,
        saved_as,
        units_not_told,
        units_not_named,
    } = plan;
    let width = changes
        .iter()
        .map(|change| change.action.chars().count())
        .max()
        .unwrap_or(0);
    let forgotten = if forget > 0 {
        format!("{forget} to forget, ")
    } else {
        String::new()
    };
    let first = format!(
        "plan of `{}` (as the job reports it): {destroy} to destroy, {replace} to replace, {forgotten}{change} to change, {add} to add\n",
        line(&directory)
    );
    let listed = changes.iter().map(|Change { action, unit, address }| {
        let unit = unit
            .as_ref()
            .map(|unit| format!("{}: ", line(unit)))
            .unwrap_or_default();
        format!("  {:width$}  {unit}{}\n", line(action), line(address))
    });
    let more = (not_listed > 0).then(|| format!("  … and {not_listed} more\n"));
    let saved = saved_as.map(|digest| format!("saved as {}\n", line(&digest)));
    let not_told = units_not_told
        .iter()
        .map(|unit| format!("no plan of unit `{}`\n", line(unit)));
    let not_named = (units_not_named > 0).then(|| format!("no plan of {units_not_named} more units\n"));
    let changes = listed.chain(more);
    let units = not_told.chain(not_named);
    Some(
        std::iter::once(first)
            .chain(changes)
            .chain(saved)
            .chain(units)
            .collect(),
    )
}

/// A text that stays on its line.
fn line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_what_is_lost_before_what_is_new() {
        let report = Report::parse(
            br#"{"report":"plan","version":1,"directory":"prod/app","tool":"terraform",
                "counts":{"add":2,"change":0,"destroy":1,"replace":1},
                "changes":[{"action":"destroy","address":"a.b"},{"action":"replace","address":"a.c\nforged"},{"action":"add","address":"a.d"}],
                "not_listed":1,"saved_as":"0123"}"#,
        )
        .unwrap();
        assert_eq!(
            of(&report).unwrap(),
            "plan of `prod/app` (as the job reports it): 1 to destroy, 1 to replace, 0 to change, 2 to add\n  \
             destroy  a.b\n  replace  a.c forged\n  add      a.d\n  … and 1 more\nsaved as 0123\n"
        );
    }

    #[test]
    fn of_several_units_each_change_names_its_unit_and_a_unit_without_a_plan_is_said() {
        let report = Report::parse(
            br#"{"report":"plan","version":1,"directory":"prod","tool":"terragrunt",
                "counts":{"add":1,"change":0,"destroy":1,"replace":0},
                "changes":[{"action":"destroy","unit":"eu/vpc","address":"a.b"},{"action":"add","unit":"us\nforged","address":"a.b"}],
                "not_listed":0,"units_told":2,"units_not_told":["eu/db\nforged"],"units_not_named":3}"#,
        )
        .unwrap();
        assert_eq!(
            of(&report).unwrap(),
            "plan of `prod` (as the job reports it): 1 to destroy, 0 to replace, 0 to change, 1 to add\n  \
             destroy  eu/vpc: a.b\n  add      us forged: a.b\nno plan of unit `eu/db forged`\nno plan of 3 more units\n"
        );
    }

    #[test]
    fn what_is_only_forgotten_is_counted_too() {
        let report = Report::parse(
            br#"{"report":"plan","version":1,"directory":"app","tool":"terraform",
                "counts":{"add":0,"change":0,"destroy":0,"replace":0,"forget":2},
                "changes":[{"action":"forget","address":"a.b"},{"action":"forget","address":"a.c"}]}"#,
        )
        .unwrap();
        assert_eq!(
            of(&report).unwrap(),
            "plan of `app` (as the job reports it): 0 to destroy, 0 to replace, 2 to forget, 0 to change, 0 to add\n  \
             forget  a.b\n  forget  a.c\n"
        );
    }

    #[test]
    fn another_report_is_no_plan() {
        for json in ["{}", r#"{"report":"artifact"}"#, r#"{"report":"plan"}"#] {
            assert_eq!(of(&Report::parse(json.as_bytes()).unwrap()), None);
        }
    }
}
