//! Apply and destroy are for reviewed history only, and nothing of the repository runs before that is known.

use std::fs;

use crate::fixture::{Fixture, MODULE};

#[test]
fn apply_takes_any_commit_of_the_protected_history() {
    let (fixture, first) = Fixture::with_module();
    fixture.write("prod/app/main.tf", &MODULE.replace("first", "newer"));
    let tip = fixture.commit();
    fixture.push("main");

    let old = fixture.script(&first, "apply").run().expect_code(0);
    assert!(old.stdout.contains("word = \"first\""), "{}", old.stdout);
    assert!(
        old.stderr
            .contains(&format!("`{first}` is in the history of `refs/heads/main`")),
        "{}",
        old.stderr
    );
    let new = fixture.script(&tip, "apply").run().expect_code(0);
    assert!(new.stdout.contains("word = \"newer\""), "{}", new.stdout);
}

#[test]
fn apply_works_where_the_server_leaves_files_out_of_history() {
    let (fixture, first) = Fixture::with_module();
    fixture.commit();
    fixture.push("main");
    fixture.git(&["--git-dir=../origin.git", "config", "uploadpack.allowFilter", "true"]);
    fixture.script(&first, "apply").run().expect_code(0);
}

#[test]
fn apply_refuses_a_commit_that_is_not_merged_before_anything_runs() {
    let (fixture, _) = Fixture::with_module();
    fixture.write("prod/app/main.tf", &MODULE.replace("first", "evil"));
    let unmerged = fixture.commit();
    fixture.push("feature");
    fixture.watch_terraform();

    for command in ["apply", "destroy"] {
        let reason = format!(
            "`{command}` is only for commits of a protected ref: `{unmerged}` is not in the history of `refs/heads/main`; merge it first"
        );
        fixture
            .script(&unmerged, command)
            .with("--allow-destroy")
            .run()
            .expect_reason(77, &reason);
    }
    assert!(!fixture.terraform_was_started());
    fixture.script(&unmerged, "plan").run().expect_code(0);
    assert!(fixture.terraform_was_started());
}

#[test]
fn a_commit_that_a_force_push_removed_from_the_protected_ref_is_refused() {
    let (fixture, _) = Fixture::with_module();
    let removed = fixture.commit();
    fixture.push("main");
    fixture.git(&["reset", "--quiet", "--hard", "HEAD^"]);
    fixture.write("other", "x");
    fixture.commit();
    fixture.push("main");
    fixture.watch_terraform();
    let outcome = fixture.script(&removed, "apply").run().expect_code(77);
    assert!(
        outcome.stderr.contains("is not in the history of `refs/heads/main`"),
        "{}",
        outcome.stderr
    );
    assert!(!fixture.terraform_was_started());
}

#[test]
fn one_of_several_protected_refs_is_enough_and_an_annotated_tag_can_be_one() {
    let (fixture, commit) = Fixture::with_module();
    fixture.git(&["tag", "--annotate", "--message=x", "v1"]);
    fixture.git(&["push", "--quiet", "../origin.git", "v1"]);
    fixture.git(&["--git-dir=../origin.git", "update-ref", "-d", "refs/heads/main"]);
    let script = fixture.script(&commit, "apply").with("--protected-ref=refs/tags/v1");
    let outcome = script.run().expect_code(0);
    assert!(
        outcome.stderr.contains("is in the history of `refs/tags/v1`"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn apply_without_a_protected_ref_is_refused() {
    let (fixture, commit) = Fixture::with_module();
    fixture.watch_terraform();
    fixture.script(&commit, "apply").without("--protected-ref").run().expect_reason(
        77,
        "`apply` needs a protected ref, and none is declared: add `protected_refs` to the repository in the allow-list",
    );
    let reason = format!(
        "the repository `{}` has none of the protected refs `refs/heads/gone`: correct them in the allow-list",
        fixture.url()
    );
    fixture
        .script(&commit, "apply")
        .instead("--protected-ref", "refs/heads/gone")
        .run()
        .expect_reason(77, &reason);
    assert!(!fixture.terraform_was_started());
}

#[test]
fn a_branch_whose_name_ends_like_the_protected_ref_does_not_count() {
    let (fixture, _) = Fixture::with_module();
    let evil = fixture.commit();
    fixture.push("x/refs/heads/main");
    fixture.script(&evil, "apply").run().expect_code(77);
}

#[test]
fn destroy_is_for_code_that_the_protected_ref_no_longer_has() {
    let (fixture, commit) = Fixture::with_module();
    fixture.script(&commit, "apply").run().expect_code(0);
    let reason = "`destroy` is only for code that is gone: `prod/app` is still there at `refs/heads/main`; \
                  remove it there first, or let the allow-list grant `--allow-destroy`";
    fixture.watch_terraform();
    fixture.script(&commit, "destroy").run().expect_reason(77, reason);
    assert!(!fixture.terraform_was_started());

    fixture.git(&["rm", "-r", "--quiet", "prod"]);
    fixture.commit();
    fixture.push("main");
    let outcome = fixture.script(&commit, "destroy").run().expect_code(0);
    assert!(
        outcome.stdout.contains("Destroy complete! Resources: 1 destroyed."),
        "{}",
        outcome.stdout
    );
}

#[test]
fn destroy_of_present_code_needs_the_grant() {
    let (fixture, commit) = Fixture::with_module();
    fixture.script(&commit, "apply").run().expect_code(0);
    let outcome = fixture
        .script(&commit, "destroy")
        .with("--allow-destroy")
        .run()
        .expect_code(0);
    assert!(
        outcome.stdout.contains("Destroy complete! Resources: 1 destroyed."),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_link_does_not_make_present_code_look_gone() {
    let (fixture, _) = Fixture::with_module();
    fixture.link("alias", "prod");
    let with_alias = fixture.commit();
    fixture.git(&["rm", "--quiet", "alias"]);
    fixture.commit();
    fixture.push("main");
    // The alias is gone, but what it led to is still there.
    let outcome = fixture
        .script(&with_alias, "destroy")
        .instead("--deploy-path", "alias/app")
        .run()
        .expect_code(77);
    assert!(
        outcome.stderr.contains("`prod/app` is still there"),
        "{}",
        outcome.stderr
    );

    // What the alias led to is gone, but the alias is still there and leads elsewhere.
    fixture.git(&["mv", "prod", "other"]);
    fixture.link("alias", "other");
    fixture.commit();
    fixture.push("main");
    let outcome = fixture
        .script(&with_alias, "destroy")
        .instead("--deploy-path", "alias/app")
        .run()
        .expect_code(77);
    assert!(
        outcome.stderr.contains("`alias/app` is still there"),
        "{}",
        outcome.stderr
    );
    fixture.git(&["mv", "other", "prod"]);

    // The directory has moved behind a link of its old name.
    fixture.git(&["mv", "prod", "moved"]);
    fixture.link("prod", "moved");
    fixture.commit();
    fixture.push("main");
    let outcome = fixture.script(&with_alias, "destroy").run().expect_code(77);
    assert!(
        outcome.stderr.contains("`prod/app` is still there"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_state_that_would_be_lost_with_the_checkout_is_refused() {
    let (fixture, commit) = Fixture::with_module();
    let reason = "the state would be lost with the checkout: declare a `backend` in the code, or one with a `path` outside \
                  of the repository (`--backend-config=path=/…`; with `--all` in the code)";
    let mark = fixture.path("resource-was-made");
    let resource = format!(
        "resource \"terraform_data\" \"mark\" {{\n  provisioner \"local-exec\" {{\n    command = \"touch {}\"\n  }}\n}}\n",
        mark.display()
    );
    fixture
        .script(&commit, "apply")
        .without("--backend-config")
        .run()
        .expect_reason(77, reason);

    fixture.write("prod/app/main.tf", &resource);
    let no_backend = fixture.commit();
    fixture.push("main");
    fixture
        .script(&no_backend, "apply")
        .without("--backend-config")
        .run()
        .expect_reason(77, reason);
    assert!(!mark.exists());
    fixture
        .script(&no_backend, "plan")
        .without("--backend-config")
        .run()
        .expect_code(0);
    assert_eq!(fs::read_dir(fixture.path("state")).unwrap().count(), 0);
}
