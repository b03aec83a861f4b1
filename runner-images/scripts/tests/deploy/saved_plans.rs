//! A plan that was saved is applied exactly as it was made, or not at all; with the real Terraform.

use std::fs;
use std::time::{Duration, SystemTime};

use deploy_scripts::deploy::plan::key::PlanKey;
use deploy_scripts::deploy::plan::sealed::{Bound, seal};

use crate::fixture::{Fixture, MODULE, Outcome, Script};

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

fn with_store<'f>(fixture: &'f Fixture, script: Script<'f>) -> Script<'f> {
    fs::create_dir_all(fixture.path("plans")).unwrap();
    script
        .with(format!("--plan-store={}", fixture.path("plans").display()))
        .env("PLAN_KEY", KEY)
}

fn planning<'f>(fixture: &'f Fixture, commit: &str) -> Script<'f> {
    with_store(fixture, fixture.script(commit, "plan")).with("--save-plan")
}

fn applying<'f>(fixture: &'f Fixture, commit: &str, digest: &str) -> Script<'f> {
    with_store(fixture, fixture.script(commit, "apply")).with(format!("--plan={digest}"))
}

/// Saves a plan and answers its digest, as the script tells it.
pub(crate) fn save(script: Script<'_>) -> String {
    let outcome = script.run().expect_code(0);
    let start = "infrastructure-deploy-script: saved the plan: apply exactly it with --plan=";
    let line = outcome.stderr.lines().find_map(|line| line.strip_prefix(start));
    line.expect("the digest is told").to_owned()
}

#[track_caller]
pub(crate) fn check_refused(fixture: &Fixture, outcome: Outcome, code: i32, reason: &str) {
    let outcome = outcome.expect_code(code);
    let last = outcome.stderr.lines().last().unwrap_or_default();
    assert_eq!(
        last,
        format!("infrastructure-deploy-script: error: {reason}"),
        "{}",
        outcome.stderr
    );
    assert!(!fixture.state().exists(), "something was applied");
}

#[test]
fn a_saved_plan_is_applied_exactly_and_once() {
    let (fixture, commit) = Fixture::with_module();
    let digest = save(planning(&fixture, &commit).with("--var=word=planned"));
    assert!(!fixture.state().exists());
    let applied = applying(&fixture, &commit, &digest).run().expect_code(0);
    assert!(
        applied.stdout.contains("1 added, 0 changed, 0 destroyed"),
        "{}",
        applied.stdout
    );
    assert!(fs::read_to_string(fixture.state()).unwrap().contains("planned"));
    applying(&fixture, &commit, &digest).run().expect_reason(
        66,
        &format!(
            "there is no saved plan `{digest}` in `{}`: it was never saved there, was applied already, or is long expired; plan again",
            fixture.path("plans").display()
        ),
    );
}

#[test]
fn a_saved_plan_is_not_readable_where_it_is_kept() {
    let (fixture, commit) = Fixture::with_module();
    let digest = save(planning(&fixture, &commit).with("--var=word=hunter2"));
    let kept = fs::read(fixture.path("plans").join(format!("{digest}.plan"))).unwrap();
    for part in ["hunter2", "prod/app", &commit, "terraform_data", "PK\u{3}\u{4}"] {
        assert!(
            !kept.windows(part.len()).any(|bytes| bytes == part.as_bytes()),
            "{part}"
        );
    }
}

#[test]
fn another_commit_is_refused_although_it_is_reviewed_too() {
    let (fixture, commit) = Fixture::with_module();
    let digest = save(planning(&fixture, &commit));
    fixture.write("prod/app/main.tf", &MODULE.replace("first", "second"));
    let other = fixture.commit();
    fixture.push("main");
    let reason =
        format!("the plan `{digest}` was made for the commit `{commit}`, not for `{other}`: plan again for that");
    check_refused(&fixture, applying(&fixture, &other, &digest).run(), 77, &reason);
}

#[test]
fn another_directory_workspace_tool_or_backend_is_refused() {
    let (fixture, _) = Fixture::with_module();
    fixture.write("prod/other/main.tf", MODULE);
    let commit = fixture.commit();
    fixture.push("main");
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
    refused(apply().env("TF_WORKSPACE", "blue"), "the workspace", "default", "blue");
    let state = format!("path={}", fixture.state().display());
    let elsewhere = format!("path={}", fixture.path("state/b.tfstate").display());
    refused(
        apply().instead("--backend-config", &elsewhere),
        "the backend settings",
        &state,
        &elsewhere,
    );
    fixture.replace_program(
        "terraform",
        "case $1 in --version) echo Terraform v1.0.0;; *) touch ran;; esac",
    );
    let outcome = apply().run().expect_code(77);
    assert!(
        outcome.stderr.contains("was made for the tool `terraform 1."),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("not for `terraform 1.0.0`"),
        "{}",
        outcome.stderr
    );
    assert!(!fixture.state().exists());
}

#[test]
fn a_state_that_has_moved_on_is_refused_by_its_reason() {
    let (fixture, commit) = Fixture::with_module();
    let digest = save(planning(&fixture, &commit).with("--var=word=planned"));
    fixture
        .script(&commit, "apply")
        .with("--var=word=meanwhile")
        .run()
        .expect_code(0);
    let before = fs::read(fixture.state()).unwrap();
    let outcome = applying(&fixture, &commit, &digest).run().expect_code(77);
    let last = outcome.stderr.lines().last().unwrap();
    assert_eq!(
        last,
        "infrastructure-deploy-script: error: the state has moved on since the plan was made: nothing was applied; plan again"
    );
    assert!(outcome.stderr.contains("Saved plan is stale"), "{}", outcome.stderr);
    assert_eq!(fs::read(fixture.state()).unwrap(), before);
}

#[test]
fn a_failing_apply_of_a_saved_plan_is_terraforms_own_failure() {
    let (fixture, _) = Fixture::with_module();
    let fails =
        "resource \"terraform_data\" \"fails\" {\n  provisioner \"local-exec\" {\n    command = \"exit 3\"\n  }\n}\n";
    fixture.write("prod/app/fails.tf", fails);
    let commit = fixture.commit();
    fixture.push("main");
    let digest = save(planning(&fixture, &commit));
    let outcome = applying(&fixture, &commit, &digest).run().expect_code(1);
    assert!(outcome.stderr.contains("exit status 3"), "{}", outcome.stderr);
}

/// `init` notes such a place without asking it, so a stand-in can.
#[test]
fn where_plans_run_elsewhere_none_is_saved_and_the_reason_is_told_before_it_is_made() {
    for kind in ["remote", "cloud"] {
        let (fixture, commit) = Fixture::with_module();
        let record = format!(r#"{{"backend":{{"type":"{kind}","config":{{}}}}}}"#);
        let init = format!("mkdir .terraform && echo '{record}' >.terraform/terraform.tfstate");
        fixture.replace_program(
            "terraform",
            &format!("case $1 in --version) echo Terraform v1.0.0;; init) {init};; *) echo ran;; esac"),
        );
        planning(&fixture, &commit).run().expect_reason(
            65,
            "the plan cannot be saved: its state's place runs plans elsewhere (backend `remote` or `cloud`); leave --save-plan out",
        );
        let plan = fixture.script(&commit, "plan").run().expect_code(0);
        assert_eq!(plan.stdout, "ran\n");
    }
}

/// Plans live for a minute at least, so this one is made with the library, for exactly what is asked for.
#[test]
fn an_expired_plan_is_refused() {
    let (fixture, commit) = Fixture::with_module();
    let said = std::process::Command::new("terraform")
        .arg("--version")
        .output()
        .unwrap()
        .stdout;
    let said = String::from_utf8(said).unwrap();
    let version = said.lines().next().unwrap().strip_prefix("Terraform v").unwrap();
    let bound = || Bound {
        repository: fixture.url(),
        commit: commit.clone(),
        directory: "prod/app".to_owned(),
        workspace: "default".to_owned(),
        tool: format!("terraform {version}"),
        backend: vec![format!("path={}", fixture.state().display())],
    };
    let put = |expires: SystemTime| {
        let (digest, sealed) = seal(b"no plan", bound(), expires, &PlanKey::of(KEY).unwrap()).unwrap();
        fs::create_dir_all(fixture.path("plans")).unwrap();
        fs::write(fixture.path("plans").join(format!("{digest}.plan")), sealed).unwrap();
        digest.to_string()
    };
    let digest = put(SystemTime::now() - Duration::from_mins(5));
    let reason = format!("the plan `{digest}` has expired 5 minutes ago: plan again");
    check_refused(&fixture, applying(&fixture, &commit, &digest).run(), 77, &reason);
    // In time it gets as far as Terraform, which knows that it is no plan.
    let digest = put(SystemTime::now() + Duration::from_mins(5));
    applying(&fixture, &commit, &digest).run().expect_code(1);
}

#[test]
fn a_plan_that_was_tampered_with_is_refused() {
    let (fixture, commit) = Fixture::with_module();
    let digest = save(planning(&fixture, &commit));
    let file = fixture.path("plans").join(format!("{digest}.plan"));
    let mut kept = fs::read(&file).unwrap();
    let middle = kept.len() / 2;
    kept[middle] ^= 1;
    fs::write(&file, &kept).unwrap();
    let reason = format!("the plan `{digest}` was tampered with: its content is not what was saved; plan again");
    check_refused(&fixture, applying(&fixture, &commit, &digest).run(), 77, &reason);
}

#[test]
fn a_plan_under_another_key_is_refused() {
    let (fixture, commit) = Fixture::with_module();
    let digest = save(planning(&fixture, &commit));
    let reason = format!(
        "the plan `{digest}` cannot be opened with this PLAN_KEY: it was saved with another key, or not by deploy-runner; plan again"
    );
    let apply = applying(&fixture, &commit, &digest).env("PLAN_KEY", "another key of thirty-two letters");
    check_refused(&fixture, apply.run(), 77, &reason);
}

#[test]
fn without_a_key_or_a_store_no_plan_is_saved_or_applied() {
    let (fixture, commit) = Fixture::with_module();
    fixture.watch_terraform();
    let digest = "0".repeat(64);
    let absent = "saved plans need a key: declare the secret PLAN_KEY for this container in the allow-list";
    let short = "the secret PLAN_KEY has less than 32 characters: use a random one, such as 64 hexadecimal digits";
    let nowhere = "saved plans need a place: fix --plan-store in the allow-list, a directory of a volume or `s3://BUCKET/PREFIX`, which planner and applier share";
    planning(&fixture, &commit)
        .env("PLAN_KEY", "")
        .run()
        .expect_reason(78, absent);
    applying(&fixture, &commit, &digest)
        .env("PLAN_KEY", "")
        .run()
        .expect_reason(78, absent);
    planning(&fixture, &commit)
        .env("PLAN_KEY", "short")
        .run()
        .expect_reason(78, short);
    planning(&fixture, &commit)
        .without("--plan-store")
        .run()
        .expect_reason(64, nowhere);
    assert!(!fixture.terraform_was_started());
}

/// Row 23: code that nobody has reviewed never runs beside the key that makes plans believed.
#[test]
fn row_23_where_the_key_is_nothing_of_an_unreviewed_commit_runs() {
    let (fixture, _) = Fixture::with_module();
    fixture.write("prod/app/main.tf", &MODULE.replace("first", "unreviewed"));
    let commit = fixture.commit();
    fixture.push("feature");
    fixture.watch_terraform();
    for command in ["plan", "validate", "output", "apply"] {
        let outcome = with_store(&fixture, fixture.script(&commit, command)).run();
        let reason = format!(
            "`{command}` is only for commits of a protected ref: `{commit}` is not in the history of `refs/heads/main`; merge it first"
        );
        outcome.expect_reason(77, &reason);
    }
    planning(&fixture, &commit).run().expect_code(77);
    assert!(!fixture.terraform_was_started());
    // Without the key a plan is what it always was.
    fixture.script(&commit, "plan").run().expect_code(0);
}
