//! Repositories that try to lead the script elsewhere. Named after rows of THREATS.md.

use std::fs;

use super::{TEMPLATE, script, with_template};
use crate::fixture::Fixture;
use crate::many_files;

#[test]
fn row_10_a_link_out_of_the_checkout_is_no_template() {
    let fixture = Fixture::new();
    let outside = fixture.path("outside.pkr.hcl");
    fs::write(&outside, TEMPLATE).unwrap();
    fixture.write("image/readme", "");
    fixture.link("image/image.pkr.hcl", outside.to_str().unwrap());
    fixture.link("elsewhere", "..");
    let commit = fixture.commit_to("main");
    for path in ["image/image.pkr.hcl", "elsewhere", "elsewhere/outside.pkr.hcl"] {
        let outcome = script(&fixture, &commit).instead("--template-path", path).run();
        let reason =
            format!("`{path}` leads out of the repository through a link: give a path whose target is inside it");
        match outcome.code {
            // `..` of the checkout has no such file.
            66 => assert_eq!(path, "elsewhere/outside.pkr.hcl"),
            _ => drop(outcome.expect_reason(77, &reason)),
        }
    }
}

#[test]
fn row_12_no_file_of_the_repository_takes_the_place_of_packer_or_configures_it() {
    let (fixture, _) = with_template();
    let mark = fixture.path("evil-ran");
    let evil = format!("#!/bin/sh\ntouch '{}'\n", mark.display());
    for name in ["packer", "image/packer", "git", "image/git"] {
        fixture.write(name, &evil);
        let file = fixture.path("work").join(name);
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    fixture.write(
        "image/.packerconfig",
        format!(
            "{{\"builders\": {{\"null\": \"{}\"}}}}",
            fixture.path("work/packer").display()
        ),
    );
    let commit = fixture.commit_to("main");
    let path = std::env::join_paths([".", "image", "/usr/local/bin", "/usr/bin", "/bin"]).unwrap();
    script(&fixture, &commit)
        .env("PATH", path)
        .env("PACKER_CONFIG", "image/.packerconfig")
        .run()
        .expect_code(0);
    assert!(!mark.exists());
}

#[test]
fn row_20_hooks_filters_and_file_names_of_the_repository_are_just_files() {
    let (fixture, _) = with_template();
    let mark = fixture.path("evil-ran");
    fixture.write(".gitattributes", "* filter=x\n");
    fixture.write(
        ".gitconfig",
        format!("[filter \"x\"]\n\tsmudge = touch {}\n", mark.display()),
    );
    fixture.write(
        ".githooks/post-checkout",
        format!("#!/bin/sh\ntouch {}\n", mark.display()),
    );
    fixture.write("image/a\nb, c%!(PACKER_COMMA)", "x");
    let commit = fixture.commit_to("main");
    script(&fixture, &commit).run().expect_code(0);
    assert!(!mark.exists());
}

#[test]
fn row_13_names_with_line_breaks_are_only_names() {
    let (fixture, _) = with_template();
    for name in [
        "image/line\nbreak/file",
        "image/break\n.pkr.hcl",
        "image/\n::set-env name=x::y",
        "\u{1b}[2J",
        "image/-force",
    ] {
        fixture.write(name, "this is { no template");
    }
    let commit = fixture.commit_to("main");
    let outcome = script(&fixture, &commit)
        .with("--build-name=file.text")
        .with("--output-properties")
        .run()
        .expect_code(0);
    assert_eq!(outcome.line()["outcome"], "built");
    for said in [&outcome.stdout, &outcome.stderr] {
        assert!(!said.contains("set-env") && !said.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn row_20_submodules_are_not_fetched() {
    let (fixture, _) = with_template();
    let (other, _) = with_template();
    fixture.git(&["submodule", "--quiet", "add", &other.url(), "sub"]);
    let commit = fixture.commit_to("main");
    script(&fixture, &commit).run().expect_code(0);
    script(&fixture, &commit)
        .instead("--template-path", "sub/image/image.pkr.hcl")
        .run()
        .expect_reason(
            66,
            "`sub/image/image.pkr.hcl` is not in the repository at this commit: correct the path or the commit",
        );
}

#[test]
fn row_21_a_branch_named_like_an_object_id_is_never_built_for_it() {
    let (fixture, good) = with_template();
    fixture.write("image/image.pkr.hcl", TEMPLATE.replace("first", "evil"));
    let evil = fixture.commit_to("feature");
    let unknown = "0123456789abcdef0123456789abcdef01234567";
    for name in [&good, unknown] {
        for kind in ["heads", "tags"] {
            let name = format!("refs/{kind}/{name}");
            fixture.git(&["--git-dir=../origin.git", "update-ref", &name, &evil]);
        }
    }
    let outcome = script(&fixture, &good).run().expect_code(0);
    assert!(outcome.stderr.contains("the word is first"), "{}", outcome.stderr);
    let outcome = script(&fixture, unknown).run().expect_code(66);
    assert!(!outcome.stderr.contains("the word is"), "{}", outcome.stderr);
}

#[test]
fn row_31_a_tree_of_a_hundred_thousand_files_is_built_from_and_leaves_nothing_behind() {
    let (fixture, _) = with_template();
    let files = [("image/image.pkr.hcl", TEMPLATE)];
    let commit = many_files::commit(&fixture.path("origin.git"), &fixture.path("bin"), &files, 100_000);
    let outcome = script(&fixture, &commit).run().expect_code(0);
    assert!(outcome.stderr.contains("the word is first"), "{}", outcome.stderr);
}

#[test]
fn row_29_what_a_build_prints_forges_no_artifact() {
    let (fixture, _) = with_template();
    let forged = "\"echo 1,null.nothing,artifact,0,id,ami-666\", \"printf '\\\\n1,x,artifact,0,id,ami-666\\\\n'\"";
    fixture.write("image/image.pkr.hcl", TEMPLATE.replace("\"env\", \"ls -a\"", forged));
    let commit = fixture.commit_to("main");
    let outcome = script(&fixture, &commit)
        .with("--output-properties")
        .run()
        .expect_code(0);
    assert!(!outcome.stdout.contains("ami-666"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("ami-666"), "{}", outcome.stderr);
}

#[test]
fn row_29_no_command_of_a_template_gets_hold_of_the_pipe_for_reports() {
    let (fixture, _) = with_template();
    let forge = "(echo forged >&7) || true; ls -l /proc/self/fd; echo \"fd=$DEPLOY_RUNNER_REPORTS_FD.\"";
    let template = TEMPLATE.replace(r#""env", "ls -a""#, &format!("{forge:?}"));
    assert_ne!(template, TEMPLATE);
    fixture.write("image/image.pkr.hcl", template);
    let commit = fixture.commit_to("main");
    let file = fixture.path("reports");
    let outcome = script(&fixture, &commit)
        .with("--build-name=null.nothing")
        .reporting_to(&file)
        .run()
        .expect_code(0);
    assert!(outcome.stderr.contains("fd=."), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains(file.to_str().unwrap()), "{}", outcome.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
}
