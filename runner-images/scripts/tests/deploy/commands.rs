//! What each command does, and that its output and exit code are the tool's own.

use std::fs;

use crate::fixture::{Fixture, MODULE};

#[test]
fn plan_apply_and_a_plan_without_changes() {
    let (fixture, commit) = Fixture::with_module();

    let plan = fixture.script(&commit, "plan").run().expect_code(0);
    assert!(
        plan.stdout.contains("Plan: 1 to add, 0 to change, 0 to destroy."),
        "{}",
        plan.stdout
    );
    assert!(!fixture.state().exists());

    let apply = fixture
        .script(&commit, "apply")
        .with("--var=word=second")
        .run()
        .expect_code(0);
    assert!(
        apply
            .stdout
            .contains("Apply complete! Resources: 1 added, 0 changed, 0 destroyed."),
        "{}",
        apply.stdout
    );
    assert!(fs::read_to_string(fixture.state()).unwrap().contains("second"));

    let plan = fixture
        .script(&commit, "plan")
        .with("--var=word=second")
        .run()
        .expect_code(0);
    assert!(plan.stdout.contains("No changes."), "{}", plan.stdout);
}

#[test]
fn a_detailed_exit_code_passes_2_and_0_through() {
    let (fixture, commit) = Fixture::with_module();
    fixture
        .script(&commit, "plan")
        .with("--detailed-exitcode")
        .run()
        .expect_code(2);
    fixture.script(&commit, "apply").run().expect_code(0);
    fixture
        .script(&commit, "plan")
        .with("--detailed-exitcode")
        .run()
        .expect_code(0);
}

#[test]
fn standard_output_of_output_is_json_and_nothing_else() {
    let (fixture, commit) = Fixture::with_module();
    fixture.script(&commit, "apply").run().expect_code(0);

    let all = fixture.script(&commit, "output").with("--json").run().expect_code(0);
    let outputs: serde_json::Value = serde_json::from_slice(&all.bytes).unwrap();
    assert_eq!(outputs["word"]["value"], "first");

    let one = fixture
        .script(&commit, "output")
        .with("--json")
        .with("--output-name=word")
        .run()
        .expect_code(0);
    assert_eq!(one.stdout, "\"first\"\n");
}

#[test]
fn validate_needs_no_state() {
    let (fixture, _) = Fixture::with_module();
    // This backend refuses to be set up without an address.
    fixture.write("prod/app/main.tf", &MODULE.replace("\"local\"", "\"http\""));
    let commit = fixture.commit();
    fixture.push("main");
    fixture
        .script(&commit, "plan")
        .without("--backend-config")
        .run()
        .expect_code(1);
    let valid = fixture
        .script(&commit, "validate")
        .without("--backend-config")
        .run()
        .expect_code(0);
    assert_eq!(valid.stdout, "Success! The configuration is valid.\n\n");

    fixture.write("prod/app/main.tf", "output \"x\" {\n  value = nothing.here\n}\n");
    let commit = fixture.commit();
    fixture.push("main");
    let invalid = fixture.script(&commit, "validate").with("--json").run().expect_code(1);
    let report: serde_json::Value = serde_json::from_slice(&invalid.bytes).unwrap();
    assert_eq!((&report["valid"], &report["error_count"]), (&false.into(), &1.into()));
}

#[test]
fn variables_come_from_files_and_words_and_targets_limit_the_plan() {
    let (fixture, _) = Fixture::with_module();
    fixture.write(
        "prod/app/more.tf",
        "variable \"size\" {}\nresource \"terraform_data\" \"other\" { input = var.size }\n",
    );
    fixture.write("prod/size.tfvars", "size = 7\nword = \"from the file\"\n");
    let commit = fixture.commit();
    fixture.push("main");
    let plan = |words: &[&str]| {
        let script = words
            .iter()
            .fold(fixture.script(&commit, "plan"), |script, word| script.with(*word));
        script.run().expect_code(0).stdout
    };

    let both = plan(&["--var-file=prod/size.tfvars"]);
    assert!(
        both.contains("+ input  = 7") && both.contains("\"from the file\""),
        "{both}"
    );
    let word_wins = plan(&["--var-file=prod/size.tfvars", "--var=word=from=the=command line"]);
    assert!(word_wins.contains("\"from=the=command line\""), "{word_wins}");
    let one = plan(&["--var-file=prod/size.tfvars", "--target=terraform_data.other"]);
    assert!(
        one.contains("Plan: 1 to add") && !one.contains("terraform_data.thing"),
        "{one}"
    );
}

#[test]
fn the_tools_output_arrives_byte_for_byte_and_its_exit_code_unchanged() {
    let (fixture, commit) = Fixture::with_module();
    fixture.replace_program(
        "terraform",
        r"case $1 in init) echo from init; exit 0;; esac; printf 'a\000b\377\r\n\nno end'; printf 'complaint' >&2; exit 23",
    );
    let outcome = fixture.script(&commit, "plan").run().expect_code(23);
    assert_eq!(outcome.bytes, b"a\0b\xff\r\n\nno end");
    assert!(
        outcome.stderr.contains("from init\n") && outcome.stderr.ends_with("complaint"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_tool_that_a_signal_ended_gives_128_and_the_signal() {
    let (fixture, commit) = Fixture::with_module();
    fixture.replace_program("terraform", "case $1 in init) exit 0;; esac; kill -9 $$");
    fixture.script(&commit, "plan").run().expect_code(137);
}

#[test]
fn a_failing_init_ends_the_run_with_its_exit_code() {
    let (fixture, _) = Fixture::with_module();
    fixture.write("prod/app/main.tf", "this is not Terraform code");
    let commit = fixture.commit();
    fixture.push("main");
    let outcome = fixture.script(&commit, "plan").run();
    let outcome = outcome.expect_reason(1, "`init` failed with exit code 1: its own messages are above");
    assert!(outcome.stderr.contains("main.tf line 1"), "{}", outcome.stderr);
}

#[test]
fn a_lock_that_somebody_holds_is_said_and_not_broken() {
    let (fixture, _) = Fixture::with_module();
    let mark = fixture.path("applying");
    fixture.write(
        "prod/app/slow.tf",
        &format!(
            "resource \"terraform_data\" \"slow\" {{\n  provisioner \"local-exec\" {{\n    command = \"touch {} && sleep 4\"\n  }}\n}}\n",
            mark.display()
        ),
    );
    let commit = fixture.commit();
    fixture.push("main");
    let holder = fixture.script(&commit, "apply").start();
    crate::fixture::wait_for("the first apply", || mark.exists());

    let refused = crate::fixture::Outcome::of(fixture.script(&commit, "plan").start().wait_with_output().unwrap());
    let refused = refused.expect_code(1);
    assert!(
        refused.stderr.contains("Error acquiring the state lock"),
        "{}",
        refused.stderr
    );

    let patient = fixture.script(&commit, "plan").with("--lock-timeout=60s").start();
    crate::fixture::Outcome::of(holder.wait_with_output().unwrap()).expect_code(0);
    crate::fixture::Outcome::of(patient.wait_with_output().unwrap()).expect_code(0);
}

#[test]
fn the_plugin_cache_is_made_and_shared() {
    let (fixture, commit) = Fixture::with_module();
    let cache = fixture.path("cache/plugins");
    let runs = [(); 3].map(|()| {
        fixture
            .script(&commit, "plan")
            .with("--lock-timeout=60s")
            .env("TF_PLUGIN_CACHE_DIR", &cache)
            .start()
    });
    for run in runs {
        crate::fixture::Outcome::of(run.wait_with_output().unwrap()).expect_code(0);
    }
    assert!(cache.is_dir());
}

#[test]
fn repositories_with_sha256_ids_work_too() {
    let fixture = Fixture::empty("sha256");
    fixture.write("prod/app/main.tf", MODULE);
    let commit = fixture.commit();
    fixture.push("main");
    assert_eq!(commit.len(), 64);
    fixture.script(&commit, "apply").run().expect_code(0);
}

#[test]
fn the_values_of_variables_and_backend_settings_are_not_repeated() {
    let (fixture, commit) = Fixture::with_module();
    let script = fixture
        .script(&commit, "plan")
        .with("--var=word=hunter2")
        .with("--log-level=debug");
    let outcome = script.run().expect_code(0);
    assert!(outcome.stderr.contains("-var=word=…"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
}
