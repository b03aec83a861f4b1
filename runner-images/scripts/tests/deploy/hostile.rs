//! Repositories whose files want to be more than code. Each is refused or harmless, named after its row in `THREATS.md`.

use crate::fixture::{Fixture, MODULE};
use crate::many_files;

const UNREADABLE: &str = "this is {{ no configuration\n";

/// A record that would move the state to a place of the repository's choice.
const RECORD: &str =
    r#"{"version":3,"backend":{"type":"local","config":{"path":"/tmp/evil.tfstate","workspace_dir":null},"hash":1}}"#;

#[test]
fn row_12_a_planted_configuration_of_the_tool_is_not_read() {
    let (fixture, _) = Fixture::with_module();
    for directory in ["", "prod/", "prod/app/"] {
        for name in [
            ".terraformrc",
            "terraform.rc",
            ".tofurc",
            ".terraform.d/credentials.tfrc.json",
            ".netrc",
            ".gitconfig",
        ] {
            fixture.write(&format!("{directory}{name}"), UNREADABLE);
        }
    }
    let commit = fixture.commit();
    fixture.push("main");
    fixture
        .script(&commit, "apply")
        .without_env("TF_CLI_CONFIG_FILE")
        .run()
        .expect_code(0);
}

#[test]
fn row_9_planted_notes_about_state_and_providers_are_refused_before_anything_runs() {
    for (name, text) in [
        ("terraform.tfstate", RECORD),
        ("environment", "evil"),
        (
            "modules/modules.json",
            r#"{"Modules":[{"Key":"","Source":"","Dir":"/tmp"}]}"#,
        ),
        ("providers/x", ""),
    ] {
        let (fixture, _) = Fixture::with_module();
        fixture.write(&format!("prod/app/.terraform/{name}"), text);
        let commit = fixture.commit();
        fixture.push("main");
        fixture.watch_terraform();
        for command in ["plan", "apply", "validate", "output"] {
            fixture.script(&commit, command).run().expect_reason(
                77,
                "`prod/app/.terraform` is in the repository, and the tool would take it for its own notes about state and providers: remove it there",
            );
        }
        assert!(!fixture.terraform_was_started());
    }
}

#[test]
fn row_9_planted_notes_are_refused_as_a_link_and_as_a_file_too() {
    for link in [true, false] {
        let (fixture, _) = Fixture::with_module();
        if link {
            fixture.link("prod/app/.terraform", "../../../../nowhere");
        } else {
            fixture.write("prod/app/.terraform", "");
        }
        let commit = fixture.commit();
        fixture.push("main");
        fixture.script(&commit, "plan").run().expect_code(77);
    }
}

#[test]
fn row_9_terragrunt_meets_no_planted_notes_anywhere_in_the_checkout() {
    for place in [
        "prod/app/.terragrunt-cache/x",
        "other/unit/.terraform/terraform.tfstate",
    ] {
        let (fixture, _) = Fixture::with_module();
        fixture.write("prod/app/terragrunt.hcl", "");
        fixture.write(place, RECORD);
        let commit = fixture.commit();
        fixture.push("main");
        fixture.replace_program("terragrunt", "echo ran");
        let script = fixture
            .script(&commit, "plan")
            .with("--binary=terragrunt")
            .without("--backend-config");
        let outcome = script.run().expect_code(77);
        assert!(
            outcome.stderr.contains("would take it for its own notes"),
            "{}",
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("\nran\n"), "{}", outcome.stderr);
    }
}

#[test]
fn row_13_names_with_line_breaks_are_only_names() {
    let (fixture, _) = Fixture::with_module();
    for name in [
        "line\nbreak/file",
        "prod/app/break\n.tf",
        "prod/app/\n::set-env name=x::y",
        "prod/app/.terraform-version\n",
        "\u{1b}[2J",
        "-rf",
        "prod/app/--lock=false.auto.tfvars\n",
    ] {
        fixture.write(name, "");
    }
    let commit = fixture.commit();
    fixture.push("main");
    let outcome = fixture.script(&commit, "apply").run().expect_code(0);
    assert!(outcome.stdout.contains("1 added"), "{}", outcome.stdout);
    for said in [&outcome.stdout, &outcome.stderr] {
        assert!(!said.contains("set-env") && !said.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn row_13_planted_notes_below_a_name_with_a_line_break_are_told_in_one_line() {
    let (fixture, _) = Fixture::with_module();
    fixture.write("prod/app/terragrunt.hcl", "");
    fixture.write("evil\nerror: forged/.terraform/x", "");
    let commit = fixture.commit();
    fixture.push("main");
    fixture.replace_program("terragrunt", "");
    let script = fixture
        .script(&commit, "plan")
        .with("--binary=terragrunt")
        .without("--backend-config");
    script.run().expect_reason(
        77,
        r"`evil\nerror: forged/.terraform` is in the repository, and the tool would take it for its own notes about state and providers: remove it there",
    );
}

#[test]
fn row_31_a_tree_of_a_hundred_thousand_files_is_planned_and_leaves_nothing_behind() {
    let (fixture, _) = Fixture::with_module();
    let files = [("prod/app/main.tf", MODULE)];
    let commit = many_files::commit(&fixture.origin(), &fixture.path("home"), &files, 100_000);
    let outcome = fixture.script(&commit, "plan").run().expect_code(0);
    assert!(outcome.stdout.contains("Plan: 1 to add"), "{}", outcome.stdout);
}
