//! The modules' own tests, and every example taken for what it is: a configuration.

use e2e::product::Place;
use e2e::terraform::Terraform;

/// Runs the tests of a module; they are files of Terraform beside it.
#[track_caller]
fn check(module: &str) {
    let place = Place::new();
    let terraform = Terraform::copied_to(&place);
    terraform.init(module);
    let ended = terraform.run(module, &["test", "-no-color"]);
    assert!(ended.stdout.contains(" 0 failed."), "{ended:?}");
    assert!(!ended.stdout.contains("Success! 0 passed"), "{ended:?}");
}

#[test]
fn an_allow_list_is_refused_for_every_reason_that_there_is() {
    check("modules/deploy-runner/allow-list");
}

#[test]
fn a_package_becomes_tasks_roles_and_a_function() {
    check("modules/deploy-runner");
}

#[test]
fn ci_gets_one_permission_and_a_role_that_only_its_jobs_can_take() {
    check("modules/invoke-policy");
}

#[test]
fn planners_write_plans_and_appliers_read_them_in_a_private_bucket() {
    check("modules/saved-plans");
}

#[test]
fn the_examples_are_valid() {
    let place = Place::new();
    let terraform = Terraform::copied_to(&place);
    terraform.init("tests");
    terraform.run("tests", &["validate", "-no-color"]);
}
