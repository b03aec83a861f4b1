//! Repositories, machines and environments that want something of their own to run. Nothing of theirs does.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use crate::fixture::{Fixture, MODULE};

fn write_executable(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn row_20_no_hook_filter_or_setting_of_the_machine_is_used() {
    let (fixture, _) = Fixture::with_module();
    fixture.write(".gitattributes", "* filter=evil\n");
    let commit = fixture.commit();
    fixture.push("main");
    let mark = fixture.path("evil-ran");
    let evil = format!("#!/bin/sh\ntouch '{}'\ncat\n", mark.display());
    let program = fixture.path("evil");
    write_executable(&program, &evil);
    write_executable(&fixture.path("template/hooks/post-checkout"), &evil);
    let (template, program) = (
        fixture.path("template").display().to_string(),
        program.display().to_string(),
    );
    let settings = format!(
        "[init]\n\ttemplateDir = {template}\n[core]\n\thooksPath = {template}/hooks\n\tfsmonitor = {program}\n\tsshCommand = {program}\n\
         [filter \"evil\"]\n\tsmudge = {program}\n\trequired = true\n[credential]\n\thelper = {program}\n\
         [uploadpack]\n\tpackObjectsHook = {program}\n[include]\n\tpath = {program}\n"
    );
    fs::write(fixture.path("home/.gitconfig"), settings).unwrap();
    fixture
        .script(&commit, "plan")
        .env("XDG_CONFIG_HOME", fixture.path("home"))
        .run()
        .expect_code(0);
    assert!(!mark.exists());
}

#[test]
fn row_12_the_environment_adds_no_words_programs_or_settings() {
    let (fixture, commit) = Fixture::with_module();
    let mark = fixture.path("evil-ran");
    let program = fixture.path("evil");
    write_executable(&program, &format!("#!/bin/sh\ntouch '{}'\n", mark.display()));
    let mut script = fixture.script(&commit, "plan");
    for name in [
        "GIT_SSH_COMMAND",
        "GIT_SSH",
        "GIT_ASKPASS",
        "GIT_EXTERNAL_DIFF",
        "GIT_PROXY_COMMAND",
        "PAGER",
        "EDITOR",
    ] {
        script = script.env(name, &program);
    }
    let outcome = script
        .env("TF_CLI_ARGS", "-destroy")
        .env("TF_CLI_ARGS_plan", "-destroy")
        .env("TF_CLI_ARGS_init", "-plugin-dir=/nowhere")
        .env("TF_REATTACH_PROVIDERS", "not json")
        .env("TF_DATA_DIR", fixture.path("home"))
        .env("GIT_DIR", fixture.path("home"))
        .env("GIT_WORK_TREE", fixture.path("home"))
        .env("GIT_TEMPLATE_DIR", fixture.path("home"))
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.hooksPath")
        .env("GIT_CONFIG_VALUE_0", fixture.path("home"))
        .env("GIT_ALLOW_PROTOCOL", "ext:file")
        .env("GIT_TRACE", fixture.path("home/trace"))
        .run()
        .expect_code(0);
    assert!(outcome.stdout.contains("Plan: 1 to add"), "{}", outcome.stdout);
    assert!(!mark.exists());
    assert_eq!(
        fs::read_dir(fixture.path("home")).unwrap().count(),
        0,
        "something was written into the home directory"
    );
}

#[test]
fn row_23_the_tool_never_sees_gits_secrets() {
    let (fixture, _) = Fixture::with_module();
    fixture.write(
        "prod/app/main.tf",
        &format!("{MODULE}\nresource \"terraform_data\" \"env\" {{\n  provisioner \"local-exec\" {{\n    command = \"env\"\n  }}\n}}\n"),
    );
    let commit = fixture.commit();
    fixture.push("main");
    let script = fixture
        .script(&commit, "apply")
        .env("GIT_TOKEN", "hunter2")
        .env("GIT_USERNAME", "carol");
    let outcome = script
        .env("SSH_AUTH_SOCK", "/agent")
        .env("TF_VAR_word", "kept")
        .run()
        .expect_code(0);
    assert!(outcome.stdout.contains("TF_IN_AUTOMATION=1") && outcome.stdout.contains("TF_VAR_word=kept"));
    for secret in ["hunter2", "carol", "/agent", "GIT_CONFIG"] {
        assert!(!outcome.stdout.contains(secret), "{secret}: {}", outcome.stdout);
        assert!(!outcome.stderr.contains(secret), "{secret}: {}", outcome.stderr);
    }
}

#[test]
fn row_12_a_relative_search_path_does_not_find_programs_in_the_checkout() {
    let (fixture, _) = Fixture::with_module();
    let mark = fixture.path("evil-ran");
    fixture.write(
        "prod/app/terraform",
        &format!("#!/bin/sh\ntouch '{}'\n", mark.display()),
    );
    fs::set_permissions(
        fixture.path("work/prod/app/terraform"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    let commit = fixture.commit();
    fixture.push("main");
    let path = format!(".::{}", std::env::var("PATH").unwrap());
    fixture.script(&commit, "plan").env("PATH", path).run().expect_code(0);
    assert!(!mark.exists());
}

#[test]
fn row_10_links_do_not_lead_out_of_the_checkout() {
    let (fixture, _) = Fixture::with_module();
    let outside = fixture.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("main.tf"), MODULE).unwrap();
    fs::write(outside.join("secret.tfvars"), "word = \"hunter2\"\n").unwrap();
    fixture.link("direct", outside.to_str().unwrap());
    fixture.link("climbing", "../../../outside");
    fixture.link("git-files", ".git");
    fixture.link(
        "prod/app/secret.tfvars",
        outside.join("secret.tfvars").to_str().unwrap(),
    );
    let commit = fixture.commit();
    fixture.push("main");
    fixture.watch_terraform();
    for path in ["direct", "climbing", "git-files"] {
        fixture
            .script(&commit, "plan")
            .instead("--deploy-path", path)
            .run()
            .expect_reason(
                77,
                &format!("`{path}` leads out of the repository through a link: give a path whose target is inside it"),
            );
    }
    let outcome = fixture.script(&commit, "plan").with("--var-file=prod/app/secret.tfvars").run().expect_reason(
        77,
        "`prod/app/secret.tfvars` leads out of the repository through a link: give a path whose target is inside it",
    );
    assert!(!outcome.stderr.contains("hunter2"));
    assert!(!fixture.terraform_was_started());
}

#[test]
fn row_20_submodules_are_not_fetched() {
    let (fixture, _) = Fixture::with_module();
    let (other, _) = Fixture::with_module();
    fixture.git(&["submodule", "--quiet", "add", &other.url(), "sub"]);
    let commit = fixture.commit();
    fixture.push("main");
    fixture.script(&commit, "plan").run().expect_code(0);
    fixture
        .script(&commit, "plan")
        .instead("--deploy-path", "sub/prod/app")
        .run()
        .expect_reason(
            66,
            "`sub/prod/app` is not in the repository at this commit: correct the path or the commit",
        );
    fixture
        .script(&commit, "plan")
        .instead("--deploy-path", "sub")
        .run()
        .expect_reason(65, "`sub` has no `.tf` files: give the directory of one module");
}

#[test]
fn row_20_a_submodule_address_that_is_an_option_is_refused_by_the_fetch() {
    let (fixture, _) = Fixture::with_module();
    fixture.write(
        ".gitmodules",
        "[submodule \"x\"]\n\tpath = x\n\turl = --upload-pack=touch\n",
    );
    let commit = fixture.commit();
    fixture.push("main");
    let outcome = fixture.script(&commit, "plan").run().expect_told(
        77,
        &format!("cannot read the repository `{}`: ", fixture.url()),
        "; mend its history: what git's own checks refuse is never used",
    );
    assert!(outcome.stderr.contains("gitmodulesUrl"), "{}", outcome.stderr);
}

#[test]
fn row_21_a_branch_named_like_an_object_id_is_never_taken_for_it() {
    let (fixture, good) = Fixture::with_module();
    fixture.write("prod/app/main.tf", &MODULE.replace("first", "evil"));
    let evil = fixture.commit();
    fixture.push("feature");
    fixture.git(&[
        "--git-dir=../origin.git",
        "update-ref",
        &format!("refs/heads/{good}"),
        &evil,
    ]);
    fixture.git(&[
        "--git-dir=../origin.git",
        "update-ref",
        &format!("refs/tags/{good}"),
        &evil,
    ]);
    let outcome = fixture.script(&good, "apply").run().expect_code(0);
    assert!(outcome.stdout.contains("word = \"first\""), "{}", outcome.stdout);

    let unknown = "0123456789abcdef0123456789abcdef01234567";
    fixture.git(&[
        "--git-dir=../origin.git",
        "update-ref",
        &format!("refs/heads/{unknown}"),
        &evil,
    ]);
    fixture.watch_terraform();
    fixture.script(unknown, "plan").run().expect_code(66);
    assert!(!fixture.terraform_was_started());
}

#[test]
fn row_9_variables_cannot_smuggle_options() {
    let (fixture, commit) = Fixture::with_module();
    let script = fixture
        .script(&commit, "plan")
        .with("--var=word=1 -destroy")
        .with("--target=terraform_data.thing");
    let outcome = script.run().expect_code(0);
    assert!(
        outcome.stdout.contains("+ input  = \"1 -destroy\""),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_repository_of_another_owner_can_be_read() {
    let (fixture, commit) = Fixture::with_module();
    let nobody = Some(65534);
    if chown(fixture.origin(), nobody, nobody).is_err() {
        // Only root can give a directory away; the sandbox's tests meet the same case with another user id.
        return;
    }
    fixture.script(&commit, "apply").run().expect_code(0);
}

#[test]
fn row_20_a_setting_of_the_served_repository_runs_nothing() {
    let (fixture, commit) = Fixture::with_module();
    let mark = fixture.path("evil-ran");
    let program = fixture.path("evil");
    write_executable(
        &program,
        &format!("#!/bin/sh\ntouch '{}'\nexec \"$@\"\n", mark.display()),
    );
    for setting in [
        "uploadpack.packObjectsHook",
        "core.fsmonitor",
        "core.alternateRefsCommand",
    ] {
        fixture.git(&["--git-dir=../origin.git", "config", setting, program.to_str().unwrap()]);
    }
    fixture.script(&commit, "apply").run().expect_code(0);
    assert!(!mark.exists());
}
