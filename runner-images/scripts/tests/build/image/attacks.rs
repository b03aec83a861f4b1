//! Repositories that try to bring files of this machine into an image, or to be more than files. Named after rows of THREATS.md.

use std::fs;

use super::{DOCKERFILE, registry, script, skopeo, tag, with_image};
use crate::fixture::Fixture;
use crate::many_files;

/// The names of the files in the image of this tag, one on a line.
fn names_in(fixture: &Fixture, tag: &str) -> String {
    let copy = fixture.path("copy");
    let source = format!("docker://{tag}");
    let target = format!("dir:{}", copy.display());
    skopeo(&["copy", "--src-tls-verify=false", "--dest-decompress", &source, &target]);
    let mut names = String::new();
    for entry in fs::read_dir(copy).unwrap() {
        let file = entry.unwrap().path();
        let listed = std::process::Command::new("tar")
            .arg("-tf")
            .arg(&file)
            .output()
            .unwrap();
        if listed.status.success() {
            names.push_str(&String::from_utf8(listed.stdout).unwrap());
        }
    }
    names
}

#[test]
fn row_10_no_link_brings_a_file_from_outside_the_checkout_into_an_image() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    let secret = "only-on-this-machine";
    let outside = fixture.path("outside");
    fs::write(&outside, secret).unwrap();
    fs::write(fixture.path("Dockerfile"), "FROM scratch\n").unwrap();
    fixture.link("app/leak", outside.to_str().unwrap());
    fixture.link("app/out.Dockerfile", fixture.path("Dockerfile").to_str().unwrap());
    fixture.link("elsewhere", fixture.path("").to_str().unwrap());
    fixture.write("app/Dockerfile", "FROM scratch\nCOPY . /all\n");
    fixture.write("app/one.Dockerfile", "FROM scratch\nCOPY leak /leak\n");
    let commit = fixture.commit_to("main");
    for (option, value) in [("--context-path", "elsewhere"), ("--dockerfile", "out.Dockerfile")] {
        let outcome = script(&fixture, &commit, &server)
            .instead(option, value)
            .run()
            .expect_code(77);
        assert!(
            outcome.stderr.contains("leads out of the repository through a link"),
            "{}",
            outcome.stderr
        );
    }
    script(&fixture, &commit, &server).run().expect_code(0);
    let copy = fixture.path("copy");
    let source = format!("docker://{}", tag(&server, "1"));
    skopeo(&[
        "copy",
        "--src-tls-verify=false",
        "--dest-decompress",
        &source,
        &format!("dir:{}", copy.display()),
    ]);
    for entry in fs::read_dir(copy).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(secret));
    }
    // The link's target does not exist in the context, so there is nothing to copy.
    script(&fixture, &commit, &server)
        .with("--dockerfile=one.Dockerfile")
        .with("--no-push")
        .run()
        .expect_code(1);
}

#[test]
fn row_12_no_file_of_the_repository_takes_the_place_of_a_program() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    let mark = fixture.path("evil-ran");
    for name in ["buildah", "skopeo", "app/buildah", "app/skopeo"] {
        fixture.write(name, format!("#!/bin/sh\ntouch '{}'\n", mark.display()));
        let file = fixture.path("work").join(name);
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let commit = fixture.commit_to("main");
    let path = std::env::join_paths([".", "app", "/usr/bin", "/bin"]).unwrap();
    script(&fixture, &commit, &server)
        .with("--idempotent")
        .env("PATH", path)
        .run()
        .expect_code(0);
    assert!(!mark.exists());
}

#[test]
fn row_13_names_with_line_breaks_are_only_names() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    for name in [
        "app/line\nbreak/file",
        "app/\n::set-env name=x::y",
        "app/.dockerignore\n",
        "app/Dockerfile\n",
        "\u{1b}[2J",
        "app/--privileged",
        "-rf",
    ] {
        fixture.write(name, "FROM nowhere");
    }
    fixture.write("app/Dockerfile", "FROM scratch\nCOPY . /all\n");
    let commit = fixture.commit_to("main");
    let outcome = script(&fixture, &commit, &server).run().expect_code(0);
    let names = names_in(&fixture, &tag(&server, "1"));
    assert!(
        names.contains("all/line\\nbreak/file") && names.contains("all/--privileged"),
        "{names}"
    );
    for said in [&outcome.stdout, &outcome.stderr] {
        assert!(!said.contains("set-env") && !said.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn row_20_hooks_filters_and_submodules_of_the_repository_are_just_files() {
    let (fixture, _) = with_image();
    let (other, _) = with_image();
    let server = registry(&fixture, None);
    let mark = fixture.path("evil-ran");
    let evil = format!("touch {}", mark.display());
    fixture.write(".gitattributes", "* filter=x\n");
    fixture.write(
        ".gitconfig",
        format!("[filter \"x\"]\n\tsmudge = {evil}\n\trequired = true\n"),
    );
    fixture.write(".githooks/post-checkout", format!("#!/bin/sh\n{evil}\n"));
    fixture.git(&["submodule", "--quiet", "add", &other.url(), "app/sub"]);
    fixture.write("app/Dockerfile", "FROM scratch\nCOPY . /all\n");
    let commit = fixture.commit_to("main");
    fixture.git(&["--git-dir=../origin.git", "config", "filter.x.smudge", &evil]);
    script(&fixture, &commit, &server).run().expect_code(0);
    assert!(!mark.exists());
    let names = names_in(&fixture, &tag(&server, "1"));
    assert!(
        names.contains("all/Dockerfile") && !names.contains("sub/app"),
        "{names}"
    );
    script(&fixture, &commit, &server)
        .instead("--context-path", "app/sub/app")
        .run()
        .expect_reason(
            66,
            "`app/sub/app` is not in the repository at this commit: correct the path or the commit",
        );
}

#[test]
fn row_21_a_branch_named_like_an_object_id_is_never_built_for_it() {
    let (fixture, good) = with_image();
    let server = registry(&fixture, None);
    fixture.write("app/Dockerfile", DOCKERFILE.replace("none", "evil"));
    let evil = fixture.commit_to("feature");
    let unknown = "0123456789abcdef0123456789abcdef01234567";
    for name in [&good, unknown] {
        for kind in ["heads", "tags"] {
            let name = format!("refs/{kind}/{name}");
            fixture.git(&["--git-dir=../origin.git", "update-ref", &name, &evil]);
        }
    }
    script(&fixture, &good, &server).run().expect_code(0);
    let source = format!("docker://{}", tag(&server, "1"));
    let image = skopeo(&["inspect", "--tls-verify=false", &source]);
    assert!(image.contains("\"version\": \"none\""), "{image}");
    let refused = script(&fixture, unknown, &server).instead("--tag", &tag(&server, "2"));
    refused.run().expect_code(66);
    assert!(
        !fixture
            .path("registry/docker/registry/v2/repositories/apps/web/_manifests/tags/2")
            .exists()
    );
}

#[test]
fn row_31_a_tree_of_a_hundred_thousand_files_is_built_from_and_leaves_nothing_behind() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    let files = [("app/Dockerfile", DOCKERFILE), ("app/hello", "x")];
    let commit = many_files::commit(&fixture.path("origin.git"), &fixture.path("bin"), &files, 100_000);
    let outcome = script(&fixture, &commit, &server).run().expect_code(0);
    assert_eq!(outcome.line()["outcome"], "pushed");
}
