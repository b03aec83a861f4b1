//! Shows the catalogue: which containers, scripts and options there are, what they accept, and the limits.
//!
//! Never: asks for the catalogue or knows more than it says.

use std::time::Duration;

use anstyle::Style;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width as ComfyWidth};
use protocol::{Catalogue, ContainerEntry, LaunchType, OptionEntry, PositionalEntry, ScriptEntry, TaskSize};

use crate::console::{elapsed, style};
use crate::layout::{Look, Page};

/// Below this width a table is mostly line breaks, and a list reads better.
const NARROWEST_TABLE: usize = 72;
/// From this width on, what an argument means has a column of its own.
const WIDE_TABLE: usize = 100;
/// Columns for how often an argument may be given.
const GIVEN: u16 = 16;

/// The catalogue as text for a person.
pub fn render(catalogue: &Catalogue, look: Look) -> String {
    let mut page = Page::new(look);
    for entry in &catalogue.containers {
        let default = catalogue.default_container.as_deref() == Some(entry.name.as_str());
        container(entry, default, &mut page);
        page.blank();
    }
    page.field(0, "allow-list", style::FAINT, &catalogue.allow_list_digest);
    page.finish()
}

/// The catalogue for a machine: JSON with a line end.
pub fn json(catalogue: &Catalogue) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(catalogue).map(|text| text + "\n")
}

fn container(entry: &ContainerEntry, default: bool, page: &mut Page) {
    let name = page.paint(style::STRONG, &entry.name);
    page.line(&format!("{name}{}", if default { " (default)" } else { "" }));
    page.paragraph(2, Style::new(), &entry.description);
    page.field(2, "size", Style::new(), &size(entry.size));
    if entry.max_size != entry.size {
        page.field(2, "at most", Style::new(), &size(entry.max_size));
    }
    page.field(2, "placement", Style::new(), &placement(&entry.launch_types));
    let timeout = elapsed::whole(Duration::from_secs(entry.timeout_seconds.into()));
    page.field(2, "time limit", Style::new(), &timeout);
    for entry in &entry.scripts {
        page.blank();
        script(entry, page);
    }
}

fn size(size: TaskSize) -> String {
    format!("{} CPU units, {} MiB", size.cpu, size.memory)
}

fn placement(types: &[LaunchType]) -> String {
    let names: Vec<&str> = types.iter().map(|launch_type| launch_type.as_str()).collect();
    names.join(", ")
}

fn script(entry: &ScriptEntry, page: &mut Page) {
    let name = page.paint(style::STRONG, &entry.name);
    page.line(&format!("  {name}"));
    page.paragraph(4, Style::new(), &entry.description);
    let rows: Vec<Row> = entry
        .options
        .iter()
        .map(Row::option)
        .chain(entry.positionals.iter().map(Row::positional))
        .collect();
    if rows.is_empty() {
        page.paragraph(4, style::FAINT, "takes no arguments");
    } else if page.width() < NARROWEST_TABLE {
        list(&rows, page);
    } else {
        table(&rows, page);
    }
}

/// One argument that a caller may give.
struct Row {
    name: String,
    given: String,
    accepts: String,
    meaning: String,
}

impl Row {
    fn option(entry: &OptionEntry) -> Self {
        Self {
            name: entry.name.clone(),
            given: given(entry.required, entry.max_repeats, entry.default.as_deref()),
            accepts: accepts(&entry.kind, &entry.accepts),
            meaning: entry.description.clone(),
        }
    }

    fn positional(entry: &PositionalEntry) -> Self {
        Self {
            name: entry.name.clone(),
            given: given(entry.required, entry.max_repeats, None),
            accepts: accepts(&entry.kind, &entry.accepts),
            meaning: entry.description.clone(),
        }
    }
}

fn given(required: bool, max_repeats: u32, default: Option<&str>) -> String {
    let need = match (required, default) {
        (true, _) => "required".to_owned(),
        (false, Some(value)) => format!("default `{value}`"),
        (false, None) => "optional".to_owned(),
    };
    if max_repeats > 1 {
        format!("{need}, up to {max_repeats} times")
    } else {
        need
    }
}

fn accepts(kind: &str, accepts: &str) -> String {
    if accepts.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}: {accepts}")
    }
}

fn list(rows: &[Row], page: &mut Page) {
    for row in rows {
        let name = page.paint(style::STRONG, &row.name);
        let given = page.paint(style::FAINT, &row.given);
        page.line(&format!("    {name}  {given}"));
        page.paragraph(6, Style::new(), &row.accepts);
        page.paragraph(6, style::FAINT, &row.meaning);
    }
}

fn table(rows: &[Row], page: &mut Page) {
    const INDENT: usize = 4;
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(page.width().saturating_sub(INDENT)).unwrap_or(u16::MAX));
    for row in rows {
        if page.width() >= WIDE_TABLE {
            table.add_row([&row.name, &row.given, &row.accepts, &row.meaning]);
        } else {
            let both = format!("{}\n{}", row.meaning, row.accepts);
            table.add_row([&row.name, &row.given, both.trim_start()]);
        }
    }
    if let Some(names) = table.column_mut(0) {
        names.set_constraint(ColumnConstraint::ContentWidth).set_padding((0, 1));
    }
    if let Some(given) = table.column_mut(1) {
        given.set_constraint(ColumnConstraint::UpperBoundary(ComfyWidth::Fixed(GIVEN)));
    }
    for line in table.lines() {
        page.line(format!("{:INDENT$}{line}", "").trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::tests::plain;

    fn option(name: &str, kind: &str, accepts: &str, description: &str) -> OptionEntry {
        OptionEntry {
            name: name.to_owned(),
            description: description.to_owned(),
            kind: kind.to_owned(),
            accepts: accepts.to_owned(),
            required: false,
            max_repeats: 1,
            default: None,
        }
    }

    fn options() -> Vec<OptionEntry> {
        let required = |entry| OptionEntry {
            required: true,
            ..entry
        };
        vec![
            required(option(
                "--repo",
                "repository",
                "one of: infrastructure-live",
                "Repository, by its alias.",
            )),
            required(option(
                "--ref",
                "commit",
                "a full commit id: 40 or 64 lower-case hexadecimal digits",
                "Commit to check out, as its full object id.",
            )),
            OptionEntry {
                default: Some("terraform".to_owned()),
                ..option("--binary", "choice", "one of: terraform, terragrunt", "")
            },
            required(option(
                "--deploy-path",
                "path",
                "a relative path without `..` that matches one of: staging/**, prod/**",
                "Directory of the Terraform code in the repository.",
            )),
            option(
                "--detailed-exitcode",
                "flag",
                "no value",
                "End a plan with 2 when there is something to change.",
            ),
            OptionEntry {
                max_repeats: 16,
                ..option(
                    "--var",
                    "key_value",
                    "image_version=… or seconds=…, where … matches `[A-Za-z0-9._-]{1,128}`",
                    "Terraform variable.",
                )
            },
        ]
    }

    fn catalogue() -> Catalogue {
        let size = TaskSize {
            cpu: 1024,
            memory: 2048,
        };
        let container = |name: &str, description: &str, scripts| ContainerEntry {
            name: name.to_owned(),
            description: description.to_owned(),
            size,
            max_size: TaskSize {
                cpu: 2048,
                memory: 8192,
            },
            launch_types: vec![LaunchType::Fargate, LaunchType::FargateSpot],
            timeout_seconds: 7200,
            scripts,
        };
        let deploy = ScriptEntry {
            name: "infrastructure-deploy-script".to_owned(),
            description: "Check out one commit and run one Terraform command in one directory.".to_owned(),
            options: options(),
            positionals: vec![PositionalEntry {
                name: "TARGET".to_owned(),
                description: "Address of a resource.".to_owned(),
                kind: "text".to_owned(),
                accepts: "at most 256 characters".to_owned(),
                required: false,
                max_repeats: 8,
            }],
        };
        let version = ScriptEntry {
            name: "version".to_owned(),
            description: "Print versions.".to_owned(),
            options: Vec::new(),
            positionals: Vec::new(),
        };
        Catalogue {
            allow_list_digest: "a".repeat(64),
            default_container: Some("terraform-planner".to_owned()),
            containers: vec![
                container(
                    "terraform-planner",
                    "Reads and plans Terraform code; changes nothing.",
                    vec![deploy],
                ),
                ContainerEntry {
                    max_size: size,
                    launch_types: vec![LaunchType::Ec2],
                    ..container("tools", "", vec![version])
                },
            ],
        }
    }

    #[test]
    fn the_catalogue_is_a_table_or_a_list_by_the_width_of_the_terminal() {
        for width in [40, 80, 100, 120] {
            let text = render(&catalogue(), plain(width));
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{widest:?} of {width}");
            insta::assert_snapshot!(format!("describe_{width}"), text);
        }
    }

    #[test]
    fn the_json_of_a_catalogue_reads_back_as_the_catalogue() {
        let text = json(&catalogue()).unwrap();
        assert_eq!(serde_json::from_str::<Catalogue>(&text).unwrap(), catalogue());
    }
}
