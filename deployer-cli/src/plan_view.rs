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
}

#[derive(Debug, Deserialize)]
struct Change {
    action: String,
    address: String,
}

/// The table, if this is the summary of a plan.
pub(crate) fn of(report: &Report) -> Option<String> {
    let plan: Plan = serde_json::from_value(report.object().clone().into()).ok()?;
    let Plan {
        report: Kind::Plan,
        directory,
        counts: Counts {
            add,
            change,
            destroy,
            replace,
        },
        changes,
        not_listed,
        saved_as,
    } = plan;
    let width = changes
        .iter()
        .map(|change| change.action.chars().count())
        .max()
        .unwrap_or(0);
    let first = format!(
        "plan of `{}` (as the job reports it): {destroy} to destroy, {replace} to replace, {change} to change, {add} to add\n",
        line(&directory)
    );
    let listed = changes
        .iter()
        .map(|Change { action, address }| format!("  {:width$}  {}\n", line(action), line(address)));
    let more = (not_listed > 0).then(|| format!("  … and {not_listed} more\n"));
    let saved = saved_as.map(|digest| format!("saved as {}\n", line(&digest)));
    Some(std::iter::once(first).chain(listed).chain(more).chain(saved).collect())
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
    fn another_report_is_no_plan() {
        for json in ["{}", r#"{"report":"artifact"}"#, r#"{"report":"plan"}"#] {
            assert_eq!(of(&Report::parse(json.as_bytes()).unwrap()), None);
        }
    }
}
