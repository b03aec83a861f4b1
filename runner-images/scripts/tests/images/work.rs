//! The work of the images, in containers of them: each script starts, fetches, plans, builds and pushes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::git_server::{Behaviour, GitServer};
use crate::store::{BUNDLE, Container};
use crate::tls::{certificate, encrypted};

/// A repository with one commit, and its server.
struct Origin {
    place: TempDir,
    commit: String,
    server: GitServer,
}

impl Origin {
    fn with(name: &str, content: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        git(place.path(), &["init", "--quiet", "--initial-branch=main", "work"]);
        let work = place.path().join("work");
        fs::write(work.join(name), content).unwrap();
        git(&work, &["add", "--all"]);
        git(&work, &["commit", "--quiet", "--message=first"]);
        let commit = git(&work, &["rev-parse", "HEAD"]);
        git(place.path(), &["clone", "--quiet", "--bare", "work", "origin.git"]);
        let bare = place.path().join("origin.git");
        git(&bare, &["config", "http.receivepack", "true"]);
        Self {
            server: GitServer::serve(bare, Behaviour::default()),
            place,
            commit,
        }
    }

    fn git(&self, words: &[&str]) -> String {
        git(&self.place.path().join("origin.git"), words)
    }

    fn repo(&self) -> String {
        format!("--repo={}", self.server.url())
    }

    fn reference(&self) -> String {
        format!("--ref={}", self.commit)
    }
}

fn git(folder: &Path, words: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
        .args(words)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[track_caller]
fn ends(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

/// The runner and the script find every library that they need.
pub(crate) fn check_starts(files: &Path, script: &str) {
    let said = ends(&Container::of(files).script(&[script, "--version"]), 0);
    assert!(said.starts_with(&format!("1 o {script} ")), "{said}");
}

/// So does ssh, which git starts through the shell.
pub(crate) fn check_ssh(files: &Path) {
    let output = Container::of(files).program(&["/bin/sh", "-c", "exec ssh -V"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.starts_with("OpenSSH_"), "{said}");
}

/// The whole work of the Terraform image: fetch one commit over HTTP, and plan it.
pub(crate) fn check_a_plan(files: &Path) {
    let origin = Origin::with("main.tf", "resource \"terraform_data\" \"thing\" {}\n");
    let said = ends(&plan(Container::of(files), &origin, &origin.repo()), 0);
    assert!(said.contains("Plan: 1 to add, 0 to change, 0 to destroy."), "{said}");
    let mut requests = origin.server.requests().into_iter();
    assert!(requests.any(|head| head.contains("/git-upload-pack")), "{said}");
}

fn plan(container: Container<'_>, origin: &Origin, repo: &str) -> Output {
    let script = ["infrastructure-deploy-script", repo, &origin.reference()];
    container.script(&[&script[..], &["--command=plan", "--deploy-path=."]].concat())
}

/// An authority of the user's own is trusted when `SSL_CERT_FILE` names it. The image itself brings those of everybody.
pub(crate) fn check_certificates(files: &Path) {
    let bundle = fs::read_to_string(files.join(BUNDLE.trim_start_matches('/'))).unwrap();
    let authorities = bundle.matches("-----BEGIN CERTIFICATE-----").count();
    assert!(authorities > 100, "{authorities}");

    let origin = Origin::with("main.tf", "resource \"terraform_data\" \"thing\" {}\n");
    let place = tempfile::tempdir().unwrap();
    certificate(place.path());
    let authority = place.path().join("certificate.pem");
    let repo = format!("--repo={}", encrypted(&origin.server, place.path()));
    let shown = [(authority.as_path(), "/tmp/authority.pem")];
    let container = Container::of(files).showing(&shown);

    let refused = ends(&plan(container, &origin, &repo), 78);
    assert!(refused.contains("certificate"), "{refused}");
    assert_eq!(origin.server.requests(), Vec::<String>::new());
    let bundled = [(authority.as_path(), BUNDLE)];
    let planned = ends(&plan(Container::of(files).showing(&bundled), &origin, &repo), 0);
    assert!(
        planned.contains("Plan: 1 to add"),
        "what the bundle has is trusted: {planned}"
    );
    let trusting = container.with(&[("SSL_CERT_FILE", "/tmp/authority.pem")]);
    let planned = ends(&plan(trusting, &origin, &repo), 0);
    assert!(planned.contains("Plan: 1 to add"), "{planned}");
}

/// A variable is set, and the commit arrives.
pub(crate) fn check_an_update(files: &Path) {
    let origin = Origin::with("app.tfvars", "image_version = \"1.4.0\" # kept\n");
    let said = ends(
        &Container::of(files).script(&[
            "terraform-update-variable",
            &origin.repo(),
            "--branch=refs/heads/main",
            "--vars-path=app.tfvars",
            "--name=image_version",
            "--value=1.5.0",
            "--author-name=deploy-runner",
            "--author-email=deploy-runner@example.com",
        ]),
        0,
    );
    assert_eq!(origin.git(&["rev-parse", "main^"]), origin.commit, "{said}");
    assert!(said.contains(&origin.git(&["rev-parse", "main"])), "{said}");
    assert_eq!(
        origin.git(&["show", "main:app.tfvars"]),
        "image_version = \"1.5.0\" # kept"
    );
}

/// Packer builds something that needs nothing but itself.
pub(crate) fn check_a_build(files: &Path) {
    let template = r#"
source "file" "text" {
  content = "made in a container"
  target  = "made.txt"
}
source "null" "nothing" {
  communicator = "none"
}
build {
  sources = ["source.file.text", "source.null.nothing"]
  provisioner "shell-local" {
    inline = ["while read -r line; do case $line in CapEff:*) echo \"$line\";; esac; done </proc/self/status"]
  }
}
"#;
    let origin = Origin::with("image.pkr.hcl", template);
    let said = ends(
        &Container::of(files).script(&[
            "build-packer-artifact",
            &origin.repo(),
            &origin.reference(),
            "--template-path=image.pkr.hcl",
            "--output-properties",
        ]),
        0,
    );
    for expected in [
        "CapEff:",
        "0000000000000000",
        "\"outcome\":\"built\"",
        "\"id\":\"File\"",
        "\"id\":\"Null\"",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}
