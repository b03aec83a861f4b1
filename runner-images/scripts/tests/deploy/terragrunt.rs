//! Summaries and saved plans with Terragrunt. **Terragrunt itself does not run here**: it cannot be had for these tests. What it does
//! is what `terragrunt.sh` does, written after its source, and the engine below is the real Terraform.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::fixture::{Fixture, MODULE, Outcome, Script};
use crate::saved_plans::{KEY, check_refused, save};

/// One that runs code where it is, and one that runs a copy of it.
pub(crate) const VERSIONS: [&str; 2] = ["0.99.5", "1.1.3"];

/// One unit in `prod/app`.
pub(crate) fn with_unit(version: &str) -> (Fixture, String) {
    let (fixture, _) = Fixture::with_module();
    fixture.write("prod/app/terragrunt.hcl", "");
    let commit = publish(&fixture);
    fixture.stand_in_for_terragrunt(version);
    (fixture, commit)
}

pub(crate) fn publish(fixture: &Fixture) -> String {
    let commit = fixture.commit();
    fixture.push("main");
    commit
}

pub(crate) fn unit<'f>(fixture: &'f Fixture, commit: &str, command: &str) -> Script<'f> {
    fixture.script(commit, command).with("--binary=terragrunt")
}

/// A unit below `prod` with its state outside of the checkout.
pub(crate) fn write_unit(fixture: &Fixture, place: &str, code: &str) {
    let number = fs::read_dir(fixture.path("state")).unwrap().count();
    let state = fixture.path(&format!("state/{number}.tfstate"));
    fs::write(&state, "").unwrap();
    let backend = format!("terraform {{\n  backend \"local\" {{\n    path = {state:?}\n  }}\n}}\n");
    fixture.write(&format!("prod/{place}/main.tf"), &format!("{backend}{code}"));
    fixture.write(&format!("prod/{place}/terragrunt.hcl"), "");
}

/// Three of them, of which one cannot be planned.
fn with_units() -> (Fixture, String) {
    let fixture = Fixture::empty("sha1");
    let secret = "variable \"password\" {\n  sensitive = true\n  default   = \"hunter2\"\n}\n";
    let added = format!("{secret}resource \"terraform_data\" \"added\" {{ input = var.password }}\n");
    write_unit(&fixture, "eu/vpc", &added);
    write_unit(
        &fixture,
        "eu/db",
        "resource \"terraform_data\" \"fails\" { input = file(\"none\") }\n",
    );
    write_unit(
        &fixture,
        "us/vpc",
        "resource \"terraform_data\" \"other\" { input = \"not shown\" }\n",
    );
    let commit = publish(&fixture);
    fixture.stand_in_for_terragrunt("1.1.3");
    (fixture, commit)
}

pub(crate) fn all<'f>(fixture: &'f Fixture, commit: &str, command: &str) -> Script<'f> {
    let script = unit(fixture, commit, command).without("--backend-config");
    script.instead("--deploy-path", "prod").with("--all")
}

fn reported(file: &Path) -> Value {
    let said = fs::read_to_string(file).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    for secret in ["hunter2", "not shown"] {
        assert!(!said.contains(secret), "{said}");
    }
    serde_json::from_str(&said).unwrap()
}

#[track_caller]
fn check_no_summary(outcome: &Outcome, file: &Path, reason: &str) {
    assert_eq!(fs::read_to_string(file).unwrap(), "");
    let line = format!("infrastructure-deploy-script: {reason}");
    assert!(outcome.stderr.lines().any(|said| said == line), "{}", outcome.stderr);
}

#[test]
fn the_plan_of_one_unit_has_the_summary_that_terraforms_has() {
    for version in VERSIONS {
        let (fixture, commit) = with_unit(version);
        let file = fixture.path("reports");
        let plan = unit(&fixture, &commit, "plan").with("--detailed-exitcode");
        let outcome = plan.reporting_to(&file).run().expect_code(2);
        assert!(
            outcome.stdout.contains("STDOUT terraform: Plan: 1 to add"),
            "{}",
            outcome.stdout
        );
        assert_eq!(
            reported(&file),
            json!({
                "report": "plan",
                "version": 1,
                "directory": "prod/app",
                "tool": "terragrunt",
                "counts": {"destroy": 0, "replace": 0, "forget": 0, "change": 0, "add": 1},
                "changes": [{"action": "add", "address": "terraform_data.thing"}],
                "not_listed": 0,
            })
        );
    }
}

#[test]
fn a_hook_that_speaks_while_the_plan_is_shown_costs_the_summary_and_not_the_plan() {
    let (fixture, _) = with_unit("1.1.3");
    fixture.write("prod/app/before_hook.show", "echo noise\n");
    let commit = publish(&fixture);
    let file = fixture.path("reports");
    let outcome = unit(&fixture, &commit, "plan").reporting_to(&file).run().expect_code(0);
    check_no_summary(
        &outcome,
        &file,
        "the plan has no summary: its text above is all there is",
    );
}

#[test]
fn the_plans_of_all_units_have_one_summary_which_says_what_it_cannot_tell() {
    let (fixture, commit) = with_units();
    let file = fixture.path("reports");
    let outcome = all(&fixture, &commit, "plan").reporting_to(&file).run().expect_code(1);
    assert!(outcome.stderr.contains("no file exists"), "{}", outcome.stderr);
    assert_eq!(
        reported(&file),
        json!({
            "report": "plan",
            "version": 1,
            "directory": "prod",
            "tool": "terragrunt",
            "counts": {"destroy": 0, "replace": 0, "forget": 0, "change": 0, "add": 2},
            "changes": [
                {"action": "add", "unit": "eu/vpc", "address": "terraform_data.added"},
                {"action": "add", "unit": "us/vpc", "address": "terraform_data.other"},
            ],
            "not_listed": 0,
            "units_told": 2,
            "units_not_told": ["eu/db"],
            "units_not_named": 0,
        })
    );
}

#[test]
fn units_that_the_filters_leave_out_are_not_missing() {
    let (fixture, commit) = with_units();
    let file = fixture.path("reports");
    let told = |script: Script<'_>, code: i32| {
        script.reporting_to(&file).run().expect_code(code);
        let report = reported(&file);
        (report["units_told"].clone(), report["units_not_told"].clone())
    };
    let plan = || all(&fixture, &commit, "plan");
    assert_eq!(told(plan().with("--exclude-dir=eu/db"), 0), (json!(2), json!([])));
    assert_eq!(told(plan().with("--include-dir=eu"), 1), (json!(1), json!(["eu/db"])));
    let some = plan().with("--include-dir=eu").with("--exclude-dir=eu/db");
    assert_eq!(told(some.with("--detailed-exitcode"), 2), (json!(1), json!([])));
}

#[test]
fn a_unit_that_its_own_code_leaves_out_is_said() {
    let (fixture, _) = with_units();
    fixture.write("prod/us/vpc/exclude.plan", "");
    let commit = publish(&fixture);
    let file = fixture.path("reports");
    let plan = all(&fixture, &commit, "plan").with("--exclude-dir=eu/db");
    plan.reporting_to(&file).run().expect_code(0);
    assert_eq!(reported(&file)["units_not_told"], json!(["us/vpc"]));
}

#[test]
fn units_of_any_name_are_told_in_one_line() {
    let fixture = Fixture::empty("sha1");
    let names = [
        "a b",
        "line\nbreak",
        "\u{1b}[2J",
        "quote\"'\\",
        "$(touch evil)",
        "-out=x",
        "\u{fc}\u{202e}",
        "{}",
    ];
    for name in names {
        write_unit(&fixture, name, "resource \"terraform_data\" \"x\" {}\n");
    }
    let long = "d/".repeat(200);
    write_unit(
        &fixture,
        &format!("{long}fails"),
        "resource \"terraform_data\" \"x\" { input = file(\"none\") }\n",
    );
    let commit = publish(&fixture);
    fixture.stand_in_for_terragrunt("1.1.3");
    let file = fixture.path("reports");
    all(&fixture, &commit, "plan").reporting_to(&file).run().expect_code(1);
    let report = reported(&file);
    let changes = report["changes"].as_array().unwrap();
    let mut told: Vec<_> = changes.iter().map(|change| change["unit"].as_str().unwrap()).collect();
    let mut expected = names.to_vec();
    told.sort_unstable();
    expected.sort_unstable();
    assert_eq!(told, expected);
    let not_told = report["units_not_told"][0].as_str().unwrap();
    assert!(not_told.starts_with("d/d/") && not_told.ends_with('…') && not_told.chars().count() == 201);
}

/// There the flag would make the plan fail: such a place takes no plan's file.
#[test]
fn where_plans_may_run_elsewhere_all_units_are_planned_without_a_summary() {
    let (fixture, _) = with_units();
    fixture.write("root.hcl", "# remote_state { backend = \"remote\" }\n");
    let commit = publish(&fixture);
    let file = fixture.path("reports");
    let plan = all(&fixture, &commit, "plan").with("--exclude-dir=eu/db");
    let outcome = plan.reporting_to(&file).run().expect_code(0);
    let reason = "the plan will have no summary: the code speaks of a backend that plans elsewhere, or of errors to ignore, so there may be no file to look at";
    check_no_summary(&outcome, &file, reason);
    assert!(!outcome.stderr.contains("--json-out-dir"), "{}", outcome.stderr);
}

fn with_store<'f>(fixture: &Fixture, script: Script<'f>) -> Script<'f> {
    fs::create_dir_all(fixture.path("plans")).unwrap();
    script
        .with(format!("--plan-store={}", fixture.path("plans").display()))
        .env("PLAN_KEY", KEY)
}

pub(crate) fn planning<'f>(fixture: &'f Fixture, commit: &str) -> Script<'f> {
    with_store(fixture, unit(fixture, commit, "plan")).with("--save-plan")
}

pub(crate) fn applying<'f>(fixture: &'f Fixture, commit: &str, digest: &str) -> Script<'f> {
    with_store(fixture, unit(fixture, commit, "apply")).with(format!("--plan={digest}"))
}

#[test]
fn a_saved_plan_of_a_unit_is_applied_exactly_and_once() {
    for version in VERSIONS {
        let (fixture, _) = with_unit(version);
        // What Terragrunt adds to a plan is in the plan; Terraform would refuse it beside one.
        fixture.write("prod/app/extra_arguments.plan", "-var=word=extra\n");
        fixture.write("prod/app/extra_arguments.apply", "-var=word=extra\n-lock-timeout=1s\n");
        let commit = publish(&fixture);
        let file = fixture.path("reports");
        let digest = save(
            planning(&fixture, &commit)
                .with("--var=word=planned")
                .reporting_to(&file),
        );
        assert_eq!(reported(&file)["saved_as"], digest.as_str());
        assert!(!fixture.state().exists());
        let applied = applying(&fixture, &commit, &digest).run().expect_code(0);
        assert!(
            applied.stdout.contains("1 added, 0 changed, 0 destroyed"),
            "{}",
            applied.stdout
        );
        assert!(fs::read_to_string(fixture.state()).unwrap().contains("planned"));
        let again = applying(&fixture, &commit, &digest).run().expect_code(66);
        assert!(again.stderr.contains("there is no saved plan"), "{}", again.stderr);
    }
}

#[test]
fn a_saved_plan_is_refused_for_another_commit_directory_or_version_and_nothing_is_applied() {
    let (fixture, _) = with_unit("1.1.3");
    fixture.write("prod/other/main.tf", MODULE);
    fixture.write("prod/other/terragrunt.hcl", "");
    let commit = publish(&fixture);
    let digest = save(planning(&fixture, &commit));
    let refused = |script: Script<'_>, what: &str, made_for: &str, asked_for: &str| {
        let reason =
            format!("the plan `{digest}` was made for {what} `{made_for}`, not for `{asked_for}`: plan again for that");
        check_refused(&fixture, script.run(), 77, &reason);
    };
    let apply = || applying(&fixture, &commit, &digest);
    refused(
        apply().instead("--deploy-path", "prod/other"),
        "the directory",
        "prod/app",
        "prod/other",
    );
    fixture.write("prod/app/main.tf", &MODULE.replace("first", "second"));
    let other = publish(&fixture);
    refused(applying(&fixture, &other, &digest), "the commit", &commit, &other);

    let terraform = format!("terraform {}", version_of_terraform());
    let made_for = format!("terragrunt 1.1.3 running {terraform}");
    refused(
        apply().instead("--binary", "terraform"),
        "the tool",
        &made_for,
        &terraform,
    );
    fixture.stand_in_for_terragrunt("1.1.2");
    let asked_for = format!("terragrunt 1.1.2 running {terraform}");
    refused(apply(), "the tool", &made_for, &asked_for);
    fixture.stand_in_for_terragrunt("1.1.3");
    fixture.replace_program("terraform", "echo Terraform v1.0.0");
    let asked_for = "terragrunt 1.1.3 running terraform 1.0.0";
    refused(apply(), "the tool", &made_for, asked_for);
}

fn version_of_terraform() -> String {
    let said = std::process::Command::new("terraform")
        .arg("--version")
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    said.lines()
        .next()
        .unwrap()
        .strip_prefix("Terraform v")
        .unwrap()
        .to_owned()
}

#[test]
fn a_saved_plan_that_was_tampered_with_is_refused_before_terragrunt_runs() {
    let (fixture, commit) = with_unit("1.1.3");
    let digest = save(planning(&fixture, &commit));
    let file = fixture.path("plans").join(format!("{digest}.plan"));
    let mut kept = fs::read(&file).unwrap();
    *kept.last_mut().unwrap() ^= 1;
    fs::write(&file, &kept).unwrap();
    let reason = format!("the plan `{digest}` was tampered with: its content is not what was saved; plan again");
    let outcome = applying(&fixture, &commit, &digest).run();
    assert!(!outcome.stderr.contains("terragrunt init"), "{}", outcome.stderr);
    check_refused(&fixture, outcome, 77, &reason);
}

#[test]
fn a_state_that_has_moved_on_is_recognised_in_terragrunts_log() {
    for version in VERSIONS {
        let (fixture, commit) = with_unit(version);
        let digest = save(planning(&fixture, &commit).with("--var=word=planned"));
        let meanwhile = unit(&fixture, &commit, "apply").with("--var=word=meanwhile");
        meanwhile.run().expect_code(0);
        let before = fs::read(fixture.state()).unwrap();
        let outcome = applying(&fixture, &commit, &digest).run().expect_code(77);
        assert_eq!(
            outcome.stderr.lines().last().unwrap(),
            "infrastructure-deploy-script: error: the state has moved on since the plan was made: nothing was applied; plan again"
        );
        assert!(
            outcome.stderr.contains("STDERR terraform: Error: Saved plan is stale"),
            "{}",
            outcome.stderr
        );
        assert_eq!(fs::read(fixture.state()).unwrap(), before);
    }
}

#[test]
fn a_unit_that_its_own_code_leaves_out_has_no_plan_to_save() {
    let (fixture, _) = with_unit("1.1.3");
    fixture.write("prod/app/exclude.plan", "");
    let commit = publish(&fixture);
    let reason = "there is no plan to save: terragrunt ended well and wrote none; look above for why (an `exclude` or `errors` block of the code may keep it from planning)";
    check_refused(&fixture, planning(&fixture, &commit).run(), 65, reason);
    assert_eq!(fs::read_dir(fixture.path("plans")).unwrap().count(), 0);
}

#[test]
fn the_plans_of_all_units_are_not_saved_and_the_reason_is_told() {
    let (fixture, commit) = with_units();
    let reason = |option: &str| {
        format!(
            "error: the argument '{option}' cannot be used with '--all': each unit has a plan of its own, so save and apply that of one unit at a time"
        )
    };
    let plan = with_store(&fixture, all(&fixture, &commit, "plan")).with("--save-plan");
    let outcome = plan.run().expect_code(64);
    assert_eq!(outcome.stderr.lines().next().unwrap(), reason("--save-plan"));
    let apply = with_store(&fixture, all(&fixture, &commit, "apply")).with(format!("--plan={}", "0".repeat(64)));
    let outcome = apply.run().expect_code(64);
    assert_eq!(outcome.stderr.lines().next().unwrap(), reason("--plan"));
}
