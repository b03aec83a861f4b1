//! Where units of Terragrunt keep their states, through the same stand-in as in `terragrunt.rs`: what would be lost is not changed.

use std::fs;

use crate::fixture::{Fixture, Outcome, Script};
use crate::saved_plans::save;
use crate::terragrunt::{VERSIONS, all, applying, planning, publish, unit, with_unit, write_unit};

const LOST: &str = "the state would be lost with the checkout: declare a `backend` in the code, or one with a `path` outside of the repository (`--backend-config=path=/…`; with `--all` in the code)";

const THING: &str = "resource \"terraform_data\" \"thing\" {}\noutput \"id\" { value = terraform_data.thing.id }\n";

/// Nothing is changed where the state would be lost.
#[track_caller]
fn check_lost(fixture: &Fixture, outcome: Outcome, units: &str, so_far: &str) {
    let outcome = outcome.expect_code(77);
    assert_eq!(
        outcome.stderr.lines().last().unwrap(),
        format!("infrastructure-deploy-script: error: in {units}: {LOST}; {so_far}"),
        "{}",
        outcome.stderr
    );
    assert!(!fixture.path("was-made").exists(), "{}", outcome.stderr);
}

const BEFORE: &str = "nothing was changed";
const MEANWHILE: &str = "nothing was changed there, and what became of other units is above";

/// How many of the states that are kept have something in them.
fn states(fixture: &Fixture) -> usize {
    let files = fs::read_dir(fixture.path("state")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let states = files.filter(|file| file.extension().is_some_and(|end| end == "tfstate"));
    states
        .filter(|file| fs::read_to_string(file).unwrap().contains("terraform_data"))
        .count()
}

/// A unit below `prod` without a backend. What it makes leaves a mark.
fn write_forgetful_unit(fixture: &Fixture, place: &str) {
    let command = format!("touch {}", fixture.path("was-made").display());
    let mark = format!("provisioner \"local-exec\" {{\n    command = {command:?}\n  }}");
    let code = format!("resource \"terraform_data\" \"made\" {{\n  {mark}\n}}\n");
    fixture.write(&format!("prod/{place}/main.tf"), &code);
    fixture.write(&format!("prod/{place}/terragrunt.hcl"), "");
}

#[test]
fn a_unit_whose_state_would_be_lost_with_the_checkout_is_not_changed() {
    for version in VERSIONS {
        let (fixture, commit) = with_unit(version);
        let digest = save(planning(&fixture, &commit).without("--backend-config"));
        for script in [
            unit(&fixture, &commit, "apply"),
            unit(&fixture, &commit, "destroy").with("--allow-destroy"),
            applying(&fixture, &commit, &digest),
        ] {
            check_lost(&fixture, script.without("--backend-config").run(), "`prod/app`", BEFORE);
        }
        unit(&fixture, &commit, "apply").run().expect_code(0);
    }
}

#[test]
fn no_unit_is_changed_when_the_states_of_some_would_be_lost() {
    for version in VERSIONS {
        let fixture = Fixture::empty("sha1");
        write_unit(&fixture, "eu/app", THING);
        write_unit(&fixture, "us/app", THING);
        let kept = publish(&fixture);
        fixture.stand_in_for_terragrunt(version);
        all(&fixture, &kept, "apply").run().expect_code(0);
        assert_eq!(states(&fixture), 2);

        for place in ["eu/db", "us/db"] {
            write_forgetful_unit(&fixture, place);
        }
        write_unit(&fixture, "us/new", THING);
        let commit = publish(&fixture);
        let lost = "`prod/eu/db`, `prod/us/db`";
        check_lost(&fixture, all(&fixture, &commit, "apply").run(), lost, BEFORE);
        assert_eq!(states(&fixture), 2);
        fixture.git(&["rm", "-rq", "prod"]);
        publish(&fixture);
        let destroy = || all(&fixture, &commit, "destroy").with("--allow-destroy");
        check_lost(&fixture, destroy().run(), lost, BEFORE);
        assert_eq!(states(&fixture), 2);

        let some = destroy().with("--exclude-dir=eu/db").with("--exclude-dir=us/db");
        some.run().expect_code(0);
        assert_eq!(states(&fixture), 0);
    }
}

#[test]
fn what_changes_nothing_needs_no_state_that_is_kept() {
    let fixture = Fixture::empty("sha1");
    write_forgetful_unit(&fixture, "app");
    let commit = publish(&fixture);
    fixture.stand_in_for_terragrunt("1.1.3");
    for command in ["plan", "output", "validate"] {
        let outcome = all(&fixture, &commit, command).run().expect_code(0);
        assert!(!outcome.stderr.contains("would be lost"), "{}", outcome.stderr);
    }
}

#[test]
fn the_state_is_looked_for_where_the_unit_is_initialised() {
    let own = |fixture: &Fixture| {
        let place = fixture.path("elsewhere").display().to_string();
        fixture.write("prod/app/download_dir", &place);
        publish(fixture)
    };
    let (fixture, _) = with_unit("1.1.3");
    let commit = own(&fixture);
    let refused = |script: Script<'_>| {
        let outcome = script.without("--backend-config").run().expect_code(77);
        let last = outcome.stderr.lines().last().unwrap();
        let place = format!(
            "infrastructure-deploy-script: error: in `{}/",
            fixture.path("elsewhere").display()
        );
        assert!(last.starts_with(&place) && last.contains(LOST), "{last}");
        assert!(!fixture.state().exists());
    };
    refused(unit(&fixture, &commit, "apply"));
    refused(all(&fixture, &commit, "apply"));
    let outcome = unit(&fixture, &commit, "apply").run().expect_code(0);
    assert!(fixture.state().exists());
    assert!(outcome.stderr.contains("terragrunt init"), "{}", outcome.stderr);
    fs::remove_file(fixture.state()).unwrap();

    let (fixture, commit) = with_unit("1.1.3");
    let elsewhere = fixture.path("elsewhere");
    let script = || unit(&fixture, &commit, "apply").env("TG_DOWNLOAD_DIR", &elsewhere);
    script().without("--backend-config").run().expect_code(77);
    assert!(!fixture.state().exists());
    script().run().expect_code(0);
    assert!(fixture.state().exists() && elsewhere.exists());
}

#[test]
fn the_state_is_looked_for_in_the_notes_that_the_unit_names() {
    let (fixture, _) = with_unit("1.1.3");
    for command in ["init", "apply"] {
        fixture.write(&format!("prod/app/env_vars.{command}"), "TF_DATA_DIR=notes");
    }
    let commit = publish(&fixture);
    check_lost(
        &fixture,
        unit(&fixture, &commit, "apply").without("--backend-config").run(),
        "`prod/app`",
        BEFORE,
    );
    unit(&fixture, &commit, "apply").run().expect_code(0);
    assert!(fixture.state().exists());
}

/// Two units of which the second needs outputs of the first. Nothing was applied yet.
fn with_dependency(second: impl Fn(&Fixture, &str)) -> Fixture {
    let fixture = Fixture::empty("sha1");
    write_unit(&fixture, "a", THING);
    second(&fixture, "b");
    fixture.write("prod/b/dependency", "../a");
    fixture.stand_in_for_terragrunt("1.1.3");
    fixture
}

#[test]
fn units_that_need_outputs_of_others_are_applied_for_the_first_time() {
    let fixture = with_dependency(|fixture, place| write_unit(fixture, place, THING));
    let commit = publish(&fixture);
    let outcome = all(&fixture, &commit, "apply").run().expect_code(0);
    assert_eq!(states(&fixture), 2);
    let step = "infrastructure-deploy-script: not every unit can be initialised yet, as said above: the others are changed first, and each state's place is looked at before its unit is changed";
    let said = |outcome: &Outcome| outcome.stderr.lines().any(|line| line == step);
    assert!(said(&outcome), "{}", outcome.stderr);
    let again = all(&fixture, &commit, "apply").run().expect_code(0);
    assert!(!said(&again), "{}", again.stderr);
}

#[test]
fn a_unit_that_cannot_be_initialised_before_another_is_looked_at_when_its_turn_comes() {
    let fixture = with_dependency(write_forgetful_unit);
    let commit = publish(&fixture);
    check_lost(&fixture, all(&fixture, &commit, "apply").run(), "`prod/b`", MEANWHILE);
    assert_eq!(states(&fixture), 1);

    // Outputs that are made up for `init` let everything be looked at beforehand.
    let fixture = with_dependency(write_forgetful_unit);
    fixture.write("prod/b/mock_outputs.init", "");
    let commit = publish(&fixture);
    check_lost(&fixture, all(&fixture, &commit, "apply").run(), "`prod/b`", BEFORE);
    assert_eq!(states(&fixture), 0);
}

#[test]
fn no_code_keeps_a_state_that_would_be_lost_from_being_noticed() {
    for file in ["exclude.init", "errors"] {
        let fixture = with_dependency(write_forgetful_unit);
        fixture.write(&format!("prod/b/{file}"), "");
        let commit = publish(&fixture);
        check_lost(&fixture, all(&fixture, &commit, "apply").run(), "`prod/b`", MEANWHILE);
    }
    let fixture = Fixture::empty("sha1");
    write_unit(&fixture, "a", THING);
    write_forgetful_unit(&fixture, "b");
    fixture.write("prod/b/exclude.init", "");
    fixture.write("prod/b/errors", "");
    let commit = publish(&fixture);
    fixture.stand_in_for_terragrunt("1.1.3");
    check_lost(&fixture, all(&fixture, &commit, "apply").run(), "`prod/b`", MEANWHILE);
    let one = unit(&fixture, &commit, "apply").without("--backend-config");
    check_lost(
        &fixture,
        one.instead("--deploy-path", "prod/b").run(),
        "`prod/b`",
        MEANWHILE,
    );
}

#[test]
fn a_unit_that_its_own_code_leaves_out_needs_no_state_that_is_kept() {
    let fixture = Fixture::empty("sha1");
    write_unit(&fixture, "a", THING);
    write_forgetful_unit(&fixture, "b");
    for command in ["init", "apply"] {
        fixture.write(&format!("prod/b/exclude.{command}"), "");
    }
    let commit = publish(&fixture);
    fixture.stand_in_for_terragrunt("1.1.3");
    all(&fixture, &commit, "apply").run().expect_code(0);
    assert_eq!(states(&fixture), 1);
}
