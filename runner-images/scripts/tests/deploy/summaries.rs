//! The summary of a plan that the script hands to the runner; with the real Terraform.

use std::fs;

use serde_json::{Value, json};

use crate::fixture::Fixture;

const BEFORE: &str = r#"
terraform {
  backend "local" {}
}
resource "terraform_data" "gone" { input = 1 }
resource "terraform_data" "changed" { input = 1 }
resource "terraform_data" "replaced" { triggers_replace = 1 }
resource "terraform_data" "same" { input = 1 }
"#;

const AFTER: &str = r#"
terraform {
  backend "local" {}
}
variable "password" {
  sensitive = true
  default   = "hunter2"
}
resource "terraform_data" "added" { input = var.password }
resource "terraform_data" "changed" { input = "not sensitive, and not shown" }
resource "terraform_data" "replaced" { triggers_replace = 2 }
resource "terraform_data" "same" { input = 1 }
"#;

fn commit(fixture: &Fixture, code: &str) -> String {
    fixture.write("prod/app/main.tf", code);
    let commit = fixture.commit();
    fixture.push("main");
    commit
}

#[test]
fn the_summary_names_what_is_lost_first_and_no_value() {
    let (fixture, _) = Fixture::with_module();
    let before = commit(&fixture, BEFORE);
    fixture.script(&before, "apply").run().expect_code(0);
    let after = commit(&fixture, AFTER);
    let plain = fixture.script(&after, "plan").run().expect_code(0);

    let file = fixture.path("reports");
    let told = fixture
        .script(&after, "plan")
        .with("--detailed-exitcode")
        .reporting_to(&file)
        .run()
        .expect_code(2);
    let said = fs::read_to_string(&file).unwrap();
    let summary: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        summary,
        json!({
            "report": "plan",
            "version": 1,
            "directory": "prod/app",
            "tool": "terraform",
            "counts": {"destroy": 1, "replace": 1, "forget": 0, "change": 1, "add": 1},
            "changes": [
                {"action": "destroy", "address": "terraform_data.gone"},
                {"action": "replace", "address": "terraform_data.replaced"},
                {"action": "change", "address": "terraform_data.changed"},
                {"action": "add", "address": "terraform_data.added"},
            ],
            "not_listed": 0,
        })
    );
    assert!(!said.contains("hunter2") && !said.contains("not shown"), "{said}");
    // Resources are refreshed in any order.
    let lines = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(
        lines(&told.stdout),
        lines(&plain.stdout),
        "the summary must not change what Terraform prints"
    );
}

#[test]
fn no_summary_is_told_of_a_plan_that_failed_or_of_another_command() {
    let (fixture, good) = Fixture::with_module();
    let bad = commit(
        &fixture,
        &format!("{BEFORE}\nresource \"terraform_data\" \"x\" {{ input = file(\"none\") }}\n"),
    );
    let file = fixture.path("reports");
    fixture.script(&bad, "plan").reporting_to(&file).run().expect_code(1);
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
    fixture.script(&good, "apply").reporting_to(&file).run().expect_code(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
}

/// Row 29: the pipe is not open to the tool, and the script's own descriptors are not either.
#[test]
fn row_29_the_tool_does_not_get_hold_of_the_pipe_for_reports() {
    let (fixture, _) = Fixture::with_module();
    let forge =
        "ls -l /proc/self/fd | sed -n 's/.*-> /open: /p'; echo fd=$DEPLOY_RUNNER_REPORTS_FD; echo forged >&7; true";
    let code = format!(
        "{BEFORE}\nresource \"terraform_data\" \"x\" {{\n  provisioner \"local-exec\" {{\n    command = \"{forge}\"\n  }}\n}}\n"
    );
    let commit = commit(&fixture, &code);
    let file = fixture.path("reports");
    let outcome = fixture
        .script(&commit, "apply")
        .reporting_to(&file)
        .run()
        .expect_code(0);
    assert!(
        outcome.stdout.contains("fd=") && !outcome.stdout.contains("fd=7"),
        "{}",
        outcome.stdout
    );
    assert!(!outcome.stdout.contains(file.to_str().unwrap()), "{}", outcome.stdout);
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
}
