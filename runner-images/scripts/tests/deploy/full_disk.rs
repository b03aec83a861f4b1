//! A disk that is large enough for the commit and too small for what the tool writes.

use std::fs;
use std::process::Command;

use crate::fixture::{Fixture, MODULE, Outcome, Script};
use crate::saved_plans::KEY;

/// A module whose plan has some megabytes that do not compress well.
const LARGE: &str = r#"
terraform {
  backend "local" {}
}
locals {
  text = join("", [for a in range(100) : join("", [for b in range(100) : base64sha512("${a}-${b}")])])
}
resource "terraform_data" "thing" {
  input = local.text
}
"#;

fn with(module: &str) -> (Fixture, String) {
    let (fixture, _) = Fixture::with_module();
    fixture.write("prod/app/main.tf", module);
    let commit = fixture.commit();
    fixture.push("main");
    (fixture, commit)
}

/// A saved plan, wherever the disk is small.
fn saving<'f>(fixture: &'f Fixture, commit: &str) -> Script<'f> {
    fs::create_dir(fixture.path("plans")).unwrap();
    fixture
        .script(commit, "plan")
        .with("--save-plan")
        .with(format!("--plan-store={}", fixture.path("plans").display()))
        .env("PLAN_KEY", KEY)
}

/// The end is the full disk's, and nothing is other than before.
#[track_caller]
fn check(fixture: &Fixture, script: Script<'_>) -> Outcome {
    let refs = fixture.git(&["--git-dir=../origin.git", "for-each-ref"]);
    let outcome = script.run().expect_code(74);
    let last = outcome.stderr.lines().last().unwrap();
    let start = "infrastructure-deploy-script: error: there is no space left in `";
    assert!(last.starts_with(start), "{}", outcome.stderr);
    assert!(
        last.ends_with("`: free some, or set TMPDIR to a larger place"),
        "{last}"
    );
    assert_eq!(fixture.git(&["--git-dir=../origin.git", "for-each-ref"]), refs);
    assert!(!fixture.state().exists());
    outcome
}

#[test]
fn a_plan_file_that_does_not_fit_ends_as_a_full_disk_and_nothing_is_saved() {
    let (fixture, commit) = with(LARGE);
    check(&fixture, saving(&fixture, &commit).on_a_small_disk(300_000));
    assert_eq!(fs::read_dir(fixture.path("plans")).unwrap().count(), 0);
}

#[test]
fn providers_that_do_not_fit_end_as_a_full_disk_and_nothing_is_applied() {
    let (fixture, commit) = with(&MODULE.replace(
        "terraform {",
        "terraform {\n  required_providers {\n    big = {\n      source = \"example.com/tests/big\"\n    }\n  }",
    ));
    let mirror = fixture.path("mirror/example.com/tests/big");
    fs::create_dir_all(&mirror).unwrap();
    fs::write(mirror.join("terraform-provider-big_v1.0.0"), vec![0; 8_000_000]).unwrap();
    let packed = Command::new("python3")
        .args(["-m", "zipfile", "-c"])
        .args([
            "terraform-provider-big_1.0.0_linux_amd64.zip",
            "terraform-provider-big_v1.0.0",
        ])
        .current_dir(&mirror)
        .status()
        .unwrap();
    assert!(packed.success());
    fs::remove_file(mirror.join("terraform-provider-big_v1.0.0")).unwrap();
    let settings = fixture.path("terraform.rc");
    let text = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        fixture.path("mirror").display()
    );
    fs::write(&settings, text).unwrap();
    let script = fixture.script(&commit, "apply").env("TF_CLI_CONFIG_FILE", &settings);
    let outcome = check(&fixture, script.on_a_small_disk(2_000_000));
    assert!(
        outcome.stderr.contains("Initializing provider plugins"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_full_store_of_plans_is_told_so_and_nothing_is_saved() {
    let (fixture, commit) = with(LARGE);
    let place = fixture.path("plans");
    let outcome = saving(&fixture, &commit)
        .with_a_small_disk(&place, 100_000)
        .run()
        .expect_code(74);
    let last = outcome.stderr.lines().last().unwrap();
    let start = format!(
        "infrastructure-deploy-script: error: cannot use the store of plans `{}`: No space left on device",
        place.display()
    );
    assert!(
        last.starts_with(&start) && last.ends_with("; free some space there"),
        "{last}"
    );
    assert!(!outcome.stderr.contains("saved the plan"), "{}", outcome.stderr);
    assert!(!fixture.state().exists());
}

#[test]
fn a_tool_that_fails_with_room_on_the_disk_keeps_its_own_exit_code() {
    let (fixture, commit) = with(&MODULE.replace("var.word\n", "file(\"/no/such/file: no space left on device\")\n"));
    let outcome = fixture
        .script(&commit, "plan")
        .on_a_small_disk(500_000)
        .run()
        .expect_code(1);
    assert!(outcome.stderr.contains("no space left on device"), "{}", outcome.stderr);
}
