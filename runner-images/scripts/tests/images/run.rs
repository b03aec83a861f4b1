//! What the images hold, and that they work.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::git_server::{Behaviour, GitServer};
use crate::store::{Store, User, repository, run};

const MEGABYTE: u64 = 1_000_000;

#[test]
fn the_images_are_small_hardened_and_do_the_work() {
    let store = Store::build();
    check_sizes(&store);
    for (image, scripts) in [
        (
            "terraform-runner",
            &["infrastructure-deploy-script", "terraform-update-variable"][..],
        ),
        ("packer-runner", &["build-packer-artifact"]),
        ("image-builder", &["build-docker-image"]),
    ] {
        let files = store.files(image);
        check_scripts(&files, scripts);
        check_self_test(&files);
        for script in scripts {
            check_starts(&files, script);
        }
        let configuration = store.configuration(image);
        assert_eq!(
            configuration["Entrypoint"][0], "/usr/local/bin/deploy-runner",
            "{image}"
        );
        assert_eq!(configuration["Labels"]["org.opencontainers.image.title"], image);
        if image != "image-builder" {
            assert_eq!(configuration["User"], "10001:10001", "{image}");
        }
    }
    let inventory = store.inventory("base");
    for package in ["git", "libc6", "libssl3", "openssh-client", "dash"] {
        assert!(inventory.contains(package), "{package}: {inventory:?}");
    }
    check_a_plan(&store.files("terraform-runner"));
}

/// The limits are for programs as they are released; those of a quick build are larger.
fn check_sizes(store: &Store) {
    let profile = fs::read_to_string(repository().join("target/dist/profile")).unwrap();
    let (image, programs) = if profile.trim() == "release" {
        (130, 15)
    } else {
        (135, 20)
    };
    let size = |name: &str| store.sizes[name];
    assert!(size("terraform-runner") < image * MEGABYTE, "{:?}", store.sizes);
    assert!(size("runner and scripts") < programs * MEGABYTE, "{:?}", store.sizes);
}

/// Whatever lies there can be run by a permit.
fn check_scripts(files: &Path, scripts: &[&str]) {
    let folder = fs::read_dir(files.join("opt/deploy-runner/scripts")).unwrap();
    let mut found: Vec<_> = folder
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, scripts);
}

fn check_self_test(files: &Path) {
    let good = run(files, User::Job, &["--self-test"]);
    assert_eq!(
        (good.status.code(), String::from_utf8_lossy(&good.stdout).as_ref()),
        (Some(0), "self-test: nothing is wrong\n")
    );
    let as_root = run(files, User::Root, &["--self-test"]);
    let said = String::from_utf8_lossy(&as_root.stdout).into_owned();
    assert_eq!(as_root.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the user is root") && said.ends_with("self-test: 1 to mend\n"),
        "{said}"
    );
}

/// The runner and the script find every library that they need.
fn check_starts(files: &Path, script: &str) {
    let words = ["--timeout=60", "--stop-timeout=5", "--", script, "--version"];
    let output = run(files, User::Job, &words);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.starts_with(&format!("1 o {script} ")), "{said}");
}

/// The whole work of the Terraform image: fetch one commit over HTTP, and plan it.
fn check_a_plan(files: &Path) {
    let place = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
            .args(arguments)
            .current_dir(place.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet", "--initial-branch=main", "work"]);
    fs::write(
        place.path().join("work/main.tf"),
        "resource \"terraform_data\" \"thing\" {}\n",
    )
    .unwrap();
    git(&["-C", "work", "add", "--all"]);
    git(&["-C", "work", "commit", "--quiet", "--message=first"]);
    let commit = git(&["-C", "work", "rev-parse", "HEAD"]);
    git(&["clone", "--quiet", "--bare", "work", "origin.git"]);
    let server = GitServer::serve(place.path().join("origin.git"), Behaviour::default());

    let (repo, commit) = (format!("--repo={}", server.url()), format!("--ref={commit}"));
    let runner = [
        "--timeout=120",
        "--stop-timeout=5",
        "--",
        "infrastructure-deploy-script",
    ];
    let script = [repo.as_str(), commit.as_str(), "--command=plan", "--deploy-path=."];
    let output = run(files, User::Job, &[&runner[..], &script[..]].concat());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("Plan: 1 to add, 0 to change, 0 to destroy."), "{said}");
    assert!(
        server.requests().iter().any(|head| head.contains("/git-upload-pack")),
        "{said}"
    );
}
