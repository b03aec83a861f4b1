//! Versions of a tool side by side, and the repository that picks one of them.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::fixture::{Fixture, MODULE, Outcome};

/// Bakes stand-ins into the image: they print their version and succeed.
fn bake(fixture: &Fixture, tool: &str, versions: &[&str]) {
    for version in versions {
        let directory = fixture.path("tools").join(tool).join(version);
        fs::create_dir_all(&directory).unwrap();
        let program = directory.join(tool);
        fs::write(&program, format!("#!/bin/sh\necho {tool} {version} \"$1\"\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn plan(fixture: &Fixture, files: &[(&str, &str)]) -> Outcome {
    for (file, text) in files {
        fixture.write(file, text);
    }
    let commit = fixture.commit();
    fixture.push("main");
    let tools = format!("--tools-dir={}", fixture.path("tools").display());
    fixture.script(&commit, "plan").with(tools).run()
}

#[track_caller]
fn check(files: &[(&str, &str)], ran: &str) {
    let (fixture, _) = Fixture::with_module();
    bake(&fixture, "terraform", &["1.5.7", "1.9.8", "1.10.0"]);
    let outcome = plan(&fixture, files).expect_code(0);
    assert_eq!(outcome.stdout, format!("terraform {ran} plan\n"), "{files:?}");
    assert!(
        outcome.stderr.contains(&format!("terraform {ran} init\n")),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome
            .stderr
            .contains(&format!("infrastructure-deploy-script: terraform {ran}\n")),
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_nearest_version_file_picks_the_version() {
    check(&[(".terraform-version", "1.5.7\n")], "1.5.7");
    check(
        &[
            (".terraform-version", "1.5.7\n"),
            ("prod/app/.terraform-version", "1.9.8\n"),
        ],
        "1.9.8",
    );
    check(&[(".tool-versions", "nodejs 20.0.0\nterraform 1.10.0\n")], "1.10.0");
    check(
        &[
            ("prod/.tool-versions", "nodejs 20.0.0\n"),
            (".terraform-version", "1.5.7\n"),
        ],
        "1.5.7",
    );
    check(
        &[
            ("prod/.tool-versions", "terraform 1.9.8\n"),
            ("prod/.terraform-version", "1.5.7\n"),
        ],
        "1.5.7",
    );
    check(
        &[("other/.terraform-version", "0.0.1"), (".terraform-version", "1.5.7")],
        "1.5.7",
    );
}

#[test]
fn a_link_to_a_version_file_inside_the_repository_is_followed() {
    let (fixture, _) = Fixture::with_module();
    bake(&fixture, "terraform", &["1.5.7"]);
    fixture.link("prod/app/.terraform-version", "../../versions/terraform");
    let outcome = plan(&fixture, &[("versions/terraform", "1.5.7")]).expect_code(0);
    assert_eq!(outcome.stdout, "terraform 1.5.7 plan\n");
}

#[test]
fn a_version_that_is_not_in_the_image_is_named_with_those_that_are() {
    let (fixture, _) = Fixture::with_module();
    bake(&fixture, "terraform", &["1.5.7", "1.10.0", "1.9.8", "not-a-version"]);
    fs::create_dir_all(fixture.path("tools/terraform/1.0.0")).unwrap();
    fixture.replace_program("terraform", "echo Terraform v1.11.4; echo on linux_amd64");
    plan(&fixture, &[("prod/.terraform-version", "1.8.0\n")]).expect_reason(
        127,
        "`prod/.terraform-version` asks for terraform 1.8.0, which is not in the image: it has `1.5.7`, `1.9.8`, `1.10.0`, `1.11.4` (on the PATH); correct the file or add the version to the image",
    );
}

/// With the real Terraform: an image with one version only needs no tools directory.
#[test]
fn the_program_on_the_path_counts_with_the_version_that_it_says() {
    let (fixture, _) = Fixture::with_module();
    let said = std::process::Command::new("terraform")
        .arg("--version")
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let version = said.lines().next().unwrap().strip_prefix("Terraform v").unwrap();
    let outcome = plan(&fixture, &[(".terraform-version", version)]).expect_code(0);
    assert!(outcome.stdout.contains("Plan: 1 to add"), "{}", outcome.stdout);
    let reason = format!(
        "`.terraform-version` asks for terraform 0.12.31, which is not in the image: it has `{version}` (on the PATH); correct the file or add the version to the image"
    );
    plan(&fixture, &[(".terraform-version", "0.12.31")]).expect_reason(127, &reason);
}

#[test]
fn a_program_that_does_not_say_its_version_is_not_guessed_at() {
    let (fixture, _) = Fixture::with_module();
    fixture.replace_program("terraform", "printf 'Terraform latest\\n1.8.0\\n'");
    let outcome = plan(&fixture, &[(".terraform-version", "1.8.0")]).expect_code(70);
    assert!(
        outcome
            .stderr
            .contains("does not say a version: it said `Terraform latest`"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn without_a_version_file_several_versions_are_no_choice() {
    let (fixture, commit) = Fixture::with_module();
    fixture.replace_program("tofu", "");
    fs::remove_file(fixture.path("bin/tofu")).unwrap();
    bake(&fixture, "tofu", &["1.8.0"]);
    let tools = format!("--tools-dir={}", fixture.path("tools").display());
    let run = || fixture.script(&commit, "plan").with("--binary=tofu").with(&tools).run();
    assert_eq!(run().expect_code(0).stdout, "tofu 1.8.0 plan\n");
    bake(&fixture, "tofu", &["1.10.1"]);
    run().expect_reason(
        65,
        "the image has several versions of tofu (`1.8.0`, `1.10.1`): name one of them in `.opentofu-version` of the repository",
    );
}

#[test]
fn terragrunt_and_what_it_starts_are_picked_one_by_one() {
    let (fixture, _) = Fixture::with_module();
    bake(&fixture, "terragrunt", &["0.77.22", "0.99.1"]);
    bake(&fixture, "tofu", &["1.8.0", "1.10.1"]);
    fixture.write("prod/app/terragrunt.hcl", "");
    fixture.write(".tool-versions", "opentofu 1.10.1\nterragrunt 0.77.22\n");
    let commit = fixture.commit();
    fixture.push("main");
    let program = fixture.path("tools/terragrunt/0.77.22/terragrunt");
    fs::write(program, "#!/bin/sh\necho \"$TG_TF_PATH\"\n").unwrap();
    let script = fixture
        .script(&commit, "plan")
        .with("--binary=terragrunt")
        .with("--terragrunt-runs=tofu");
    let outcome = script
        .with(format!("--tools-dir={}", fixture.path("tools").display()))
        .run()
        .expect_code(0);
    let tofu = fixture.path("tools/tofu/1.10.1/tofu");
    assert_eq!(outcome.stdout, format!("{}\n", tofu.display()));
}

#[test]
fn row_10_a_version_file_is_looked_for_in_the_checkout_only() {
    let (fixture, _) = Fixture::with_module();
    bake(&fixture, "terraform", &["1.5.7"]);
    // The checkout is made below the place for temporary files.
    fs::write(fixture.path("tmp/.terraform-version"), "0.0.1\n").unwrap();
    let commit = fixture.git(&["rev-parse", "HEAD"]);
    let script = fixture.script(&commit, "plan").start();
    let outcome = Outcome::of(script.wait_with_output().unwrap()).expect_code(0);
    assert!(outcome.stdout.contains("Plan: 1 to add"), "{}", outcome.stdout);
}

#[test]
fn row_10_a_version_file_that_leads_out_of_the_repository_is_refused() {
    let (fixture, _) = Fixture::with_module();
    for target in ["../outside", "/etc/hostname", ".git/HEAD"] {
        fs::remove_file(fixture.path("work/.terraform-version")).ok();
        fixture.link(".terraform-version", target);
        let outcome = plan(&fixture, &[]);
        if target == "../outside" {
            outcome.expect_reason(
                66,
                "`.terraform-version` is not in the repository at this commit: correct the path or the commit",
            )
        } else {
            outcome.expect_reason(
                77,
                "`.terraform-version` leads out of the repository through a link: give a path whose target is inside it",
            )
        };
    }
}

#[test]
fn row_12_a_version_file_adds_no_words_and_no_variables() {
    let long = "9".repeat(20_000);
    for (text, reason) in [
        (
            "TF_CLI_ARGS=-destroy\n",
            "says `TF_CLI_ARGS=-destroy` where terraform needs one exact version: write all its three numbers, such as `1.11.4` (no `latest`, no range)",
        ),
        (
            "1.5.7 -destroy\n",
            "says `1.5.7 -destroy` where terraform needs one exact version: write all its three numbers, such as `1.11.4` (no `latest`, no range)",
        ),
        (
            "../../work\n",
            "says `../../work` where terraform needs one exact version: write all its three numbers, such as `1.11.4` (no `latest`, no range)",
        ),
        (
            "latest:^1\n",
            "says `latest:^1` where terraform needs one exact version: write all its three numbers, such as `1.11.4` (no `latest`, no range)",
        ),
        (
            "1.5.7\u{1b}[2J\n",
            "says `1.5.7\\u{1b}[2J` where terraform needs one exact version: write all its three numbers, such as `1.11.4` (no `latest`, no range)",
        ),
        (
            "1.5.7\nTF_CLI_ARGS=-destroy\n",
            "names 2 versions of terraform: leave exactly one",
        ),
        ("", "names 0 versions of terraform: leave exactly one"),
        (
            long.as_str(),
            "is not a version file: keep it to text of at most 16 KiB",
        ),
    ] {
        let (fixture, _) = Fixture::with_module();
        bake(&fixture, "terraform", &["1.5.7"]);
        fixture.watch_terraform();
        let reason = format!("`.terraform-version` {reason}");
        plan(&fixture, &[(".terraform-version", text)]).expect_reason(65, &reason);
        assert!(!fixture.terraform_was_started());
    }
}

#[test]
fn a_program_that_leads_out_of_the_tools_does_not_count() {
    let (fixture, _) = Fixture::with_module();
    bake(&fixture, "terraform", &["1.5.7"]);
    fixture.write("prod/app/evil", MODULE);
    for version in ["1.5.8", "1.5.9"] {
        fs::create_dir_all(fixture.path("tools/terraform").join(version)).unwrap();
    }
    symlink("/bin/true", fixture.path("tools/terraform/1.5.8/terraform")).unwrap();
    symlink("../1.5.7/terraform", fixture.path("tools/terraform/1.5.9/terraform")).unwrap();
    plan(&fixture, &[(".terraform-version", "1.5.9")]).expect_code(0);
    plan(&fixture, &[(".terraform-version", "1.5.8")]).expect_code(127);
}
