//! `OpenTofu` and Terragrunt. Neither can be had for these tests, so stand-ins show the words and the environment that they would get.

use crate::fixture::{Fixture, Outcome};

/// A program that prints what it got. Its answer to `init` goes to standard error, as the script passes it on.
const SHOW: &str =
    "echo \"$TG_NON_INTERACTIVE $TG_NO_COLOR $TG_TF_PATH\"; echo \"$PWD\"; for word; do echo \"<$word>\"; done";

#[track_caller]
fn check(outcome: Outcome, init: &str, words: &str) {
    let outcome = outcome.expect_code(0);
    let got: String = outcome.stdout.lines().skip(2).collect();
    assert_eq!(got, words);
    let of_init: String = outcome.stderr.lines().filter(|line| line.starts_with('<')).collect();
    assert_eq!(of_init, init, "{}", outcome.stderr);
}

fn units() -> (Fixture, String) {
    let (fixture, _) = Fixture::with_module();
    for unit in ["prod/app", "prod/eu/db", "prod/eu/vpc"] {
        fixture.write(&format!("{unit}/terragrunt.hcl"), "");
    }
    let commit = fixture.commit();
    fixture.push("main");
    fixture.replace_program("terragrunt", SHOW);
    fixture.replace_program("tofu", SHOW);
    (fixture, commit)
}

#[test]
fn tofu_gets_terraforms_words() {
    let (fixture, commit) = units();
    let script = fixture
        .script(&commit, "plan")
        .with("--binary=tofu")
        .without("--backend-config");
    check(
        script.with("--detailed-exitcode").with("--var=word=a b").run(),
        "<init><-input=false><-no-color>",
        "<plan><-no-color><-detailed-exitcode><-input=false><-var=word=a b>",
    );
}

#[test]
fn tofus_own_files_are_code_for_tofu_only() {
    let (fixture, _) = units();
    fixture.write("prod/tofu/main.tofu", "");
    let commit = fixture.commit();
    fixture.push("main");
    let validate = || {
        fixture
            .script(&commit, "validate")
            .instead("--deploy-path", "prod/tofu")
    };
    validate().with("--binary=tofu").run().expect_code(0);
    validate()
        .run()
        .expect_reason(65, "`prod/tofu` has no `.tf` files: give the directory of one module");
}

#[test]
fn tofu_keeps_the_rule_about_lost_state() {
    let (fixture, commit) = units();
    let script = fixture
        .script(&commit, "apply")
        .with("--binary=tofu")
        .without("--backend-config");
    let outcome = script.run().expect_code(77);
    assert!(outcome.stderr.contains("the state would be lost"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("<apply>"), "{}", outcome.stderr);
}

#[test]
fn terragrunt_gets_the_same_words_in_one_unit_and_asks_nothing() {
    let (fixture, commit) = units();
    let script = fixture
        .script(&commit, "apply")
        .with("--binary=terragrunt")
        .without("--backend-config");
    let outcome = script.with("--var=word=a b").run();
    let mut lines = outcome.stdout.lines();
    let started = lines.next().unwrap();
    assert!(
        started.starts_with("true true /") && started.ends_with("/watch/terraform"),
        "{started}"
    );
    assert!(lines.next().unwrap().ends_with("/checkout/prod/app"));
    check(
        outcome,
        "<init><-input=false><-no-color>",
        "<apply><-no-color><-auto-approve><-input=false><-var=word=a b>",
    );
}

#[test]
fn terragrunt_starts_tofu_when_it_is_told_to() {
    let (fixture, commit) = units();
    let script = fixture
        .script(&commit, "plan")
        .with("--binary=terragrunt")
        .without("--backend-config");
    let outcome = script.with("--terragrunt-runs=tofu").run().expect_code(0);
    let tofu = format!("true true {}", fixture.path("bin/tofu").display());
    assert_eq!(outcome.stdout.lines().next(), Some(tofu.as_str()));
}

#[test]
fn all_units_below_a_directory_run_with_their_filters_before_the_command() {
    let (fixture, commit) = units();
    let run = |command: &str| {
        let script = fixture
            .script(&commit, command)
            .with("--binary=terragrunt")
            .without("--backend-config");
        let script = script.instead("--deploy-path", "prod").with("--all");
        let script = script.with("--include-dir=eu").with("--exclude-dir=eu/db");
        script.with("--var=word=x").run()
    };
    let scope = "<run><--all><--non-interactive><--no-color><--queue-exclude-external><--queue-strict-include>\
                 <--queue-include-dir=./eu><--queue-include-dir=./eu/**><--queue-exclude-dir=./eu/db><--queue-exclude-dir=./eu/db/**><-->";
    let of_command = |words: &str| format!("{scope}{words}<-input=false><-var=word=x>");
    check(run("plan"), "", &of_command("<plan><-no-color>"));
    check(
        run("apply"),
        &format!("{scope}<init><-input=false><-no-color>"),
        &of_command("<apply><-no-color><-auto-approve>"),
    );
}

#[test]
fn a_filter_that_matches_no_directory_is_refused() {
    let (fixture, commit) = units();
    fixture.link("prod/out", "/etc");
    let linked = fixture.commit();
    fixture.push("main");
    let run = |commit: &str, filter: &str| {
        let script = fixture
            .script(commit, "destroy")
            .with("--binary=terragrunt")
            .without("--backend-config");
        script
            .instead("--deploy-path", "prod")
            .with("--all")
            .with("--allow-destroy")
            .with(filter)
            .run()
    };
    for option in ["--include-dir", "--exclude-dir"] {
        run(&commit, &format!("{option}=us")).expect_reason(
            66,
            "`prod/us` is not in the repository at this commit: correct the path or the commit",
        );
        run(&linked, &format!("{option}=out")).expect_reason(
            77,
            "`prod/out` leads out of the repository through a link: give a path whose target is inside it",
        );
        run(&commit, &format!("{option}=app/main.tf"))
            .expect_reason(65, "`prod/app/main.tf` is not a directory: give the path of one");
    }
}

#[test]
fn all_of_a_directory_without_units_is_refused() {
    let (fixture, _) = Fixture::with_module();
    fixture.replace_program("terragrunt", SHOW);
    let commit = fixture.git(&["rev-parse", "HEAD"]);
    let script = fixture
        .script(&commit, "plan")
        .with("--binary=terragrunt")
        .without("--backend-config");
    script.with("--all").run().expect_reason(
        65,
        "`prod/app` has no `terragrunt.hcl` in any directory below it: give the directory of one module",
    );
}

#[test]
fn terragrunts_own_verbs_need_no_state() {
    let (fixture, commit) = units();
    let run = |command: &str| {
        let script = fixture.script(&commit, command).with("--binary=terragrunt");
        script.instead("--deploy-path", "prod/app")
    };
    check(run("find").with("--json").run(), "", "<find><--no-color><--json>");
    check(run("hcl-validate").run(), "", "<hcl><validate><--no-color>");
}
