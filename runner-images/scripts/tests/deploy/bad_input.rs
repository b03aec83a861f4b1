//! What is missing or wrong is said in one line, with what to do, and with its own exit code.

use std::fs;
use std::os::unix::fs::symlink;

use crate::fixture::{Fixture, find_program};

const UNKNOWN: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn a_commit_that_the_repository_does_not_have() {
    let (fixture, _) = Fixture::with_module();
    let reason = format!(
        "the repository `{}` has no commit `{UNKNOWN}` that can be fetched: push it first, and give the full id",
        fixture.url()
    );
    fixture.script(UNKNOWN, "plan").run().expect_reason(66, &reason);
}

#[test]
fn a_repository_that_is_not_there() {
    let (fixture, commit) = Fixture::with_module();
    fs::rename(fixture.origin(), fixture.path("elsewhere.git")).unwrap();
    fixture.script(&commit, "plan").run().expect_told(
        66,
        &format!("cannot read the repository `{}`: ", fixture.url()),
        " does not appear to be a git repository; correct its address in the allow-list",
    );
}

#[test]
fn a_directory_that_is_not_there_or_has_no_code() {
    let (fixture, commit) = Fixture::with_module();
    let plan = |path: &str| fixture.script(&commit, "plan").instead("--deploy-path", path).run();
    plan("prod/nowhere").expect_reason(
        66,
        "`prod/nowhere` is not in the repository at this commit: correct the path or the commit",
    );
    plan("prod").expect_reason(65, "`prod` has no `.tf` files: give the directory of one module");
    plan("prod/app/main.tf").expect_reason(65, "`prod/app/main.tf` is not a directory: give the path of one");
    fixture
        .script(&commit, "plan")
        .with("--var-file=prod/none.tfvars")
        .run()
        .expect_reason(
            66,
            "`prod/none.tfvars` is not in the repository at this commit: correct the path or the commit",
        );
}

#[test]
fn ids_of_tags_trees_and_files_are_not_commits() {
    let (fixture, _) = Fixture::with_module();
    fixture.git(&["tag", "--annotate", "--message=x", "v1"]);
    fixture.git(&["push", "--quiet", "../origin.git", "v1"]);
    for (name, kind) in [
        ("v1", "a tag"),
        ("HEAD^{tree}", "a tree"),
        ("HEAD:prod/app/main.tf", "a blob"),
    ] {
        let id = fixture.git(&["rev-parse", name]);
        let reason = format!("`{id}` is not a commit, it is {kind}: give the full id of the commit itself");
        fixture.script(&id, "plan").run().expect_reason(65, &reason);
    }
}

#[test]
fn a_missing_program_is_named_with_what_to_do() {
    let (fixture, commit) = Fixture::with_module();
    let only = |names: &[&str]| {
        let directory = fixture.path(&format!("only-{}", names.join("-")));
        fs::create_dir(&directory).unwrap();
        for name in names {
            symlink(find_program(name), directory.join(name)).unwrap();
        }
        directory
    };
    fixture.script(&commit, "plan").env("PATH", only(&["git"])).run().expect_reason(
        127,
        "`terraform` is not on the PATH: put the program `terraform` into the image, for example from https://developer.hashicorp.com/terraform/install",
    );
    fixture
        .script(&commit, "plan")
        .env("PATH", only(&["terraform"]))
        .run()
        .expect_reason(127, "`git` is not on the PATH: install the package `git` in the image");
    fixture.script(&commit, "plan").with("--binary=terragrunt").run().expect_reason(
        127,
        "`terragrunt` is not on the PATH: put the program `terragrunt` into the image (https://terragrunt.gruntwork.io/docs/getting-started/install), or ask for `--binary=terraform`",
    );
}

#[test]
fn a_program_that_cannot_be_started_is_126() {
    let (fixture, commit) = Fixture::with_module();
    fixture.replace_program("terraform", "");
    fs::write(fixture.path("bin/terraform"), "#!/no/such/interpreter\n").unwrap();
    let outcome = fixture.script(&commit, "plan").run().expect_code(126);
    assert!(
        outcome.stderr.lines().last().unwrap().contains("error: cannot start `"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_working_place_that_is_not_there() {
    let (fixture, commit) = Fixture::with_module();
    let outcome = fixture
        .script(&commit, "plan")
        .env("TMPDIR", fixture.path("none"))
        .run()
        .expect_code(74);
    let start = format!(
        "infrastructure-deploy-script: error: cannot make a working place in `{}`: ",
        fixture.path("none").display()
    );
    assert!(outcome.stderr.starts_with(&start), "{}", outcome.stderr);
    assert!(
        outcome.stderr.ends_with("; free some space or set TMPDIR\n"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_plugin_cache_that_cannot_be_used() {
    let (fixture, commit) = Fixture::with_module();
    fs::write(fixture.path("cache"), "").unwrap();
    let outcome = fixture
        .script(&commit, "plan")
        .env("TF_PLUGIN_CACHE_DIR", fixture.path("cache"))
        .run()
        .expect_code(74);
    let last = outcome.stderr.lines().last().unwrap();
    assert!(last.contains("error: cannot use the plugin cache `"), "{last}");
    assert!(
        last.ends_with("correct TF_PLUGIN_CACHE_DIR or the directory's permissions"),
        "{last}"
    );
}

#[test]
fn a_full_disk_is_called_that() {
    let (fixture, _) = Fixture::with_module();
    // Digits of a count compress to more than the disk holds, and need no source of random bytes.
    let many: String = (0..600_000_u32)
        .map(|number| number.wrapping_mul(2_654_435_761).to_string())
        .collect();
    fixture.write("many", &many);
    let commit = fixture.commit();
    fixture.push("main");
    let outcome = fixture
        .script(&commit, "plan")
        .on_a_small_disk(500_000)
        .run()
        .expect_code(74);
    let last = outcome.stderr.lines().last().unwrap();
    assert!(last.contains("error: there is no space left in `"), "{last}");
    assert!(last.ends_with("free some, or set TMPDIR to a larger place"), "{last}");
}
