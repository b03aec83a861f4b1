//! A template is built through the whole product: CLI, gate, sandbox, runner, script, the real Packer; and no secret of it is seen anywhere.

use std::fs;
use std::path::Path;

use e2e::product::{self, Ended, Place};
use e2e::repository::Repository;

const SECRET: &str = "a-password-that-nobody-may-see";
const TEMPLATE: &str = r#"
variable "ami_version" {}
variable "password" {}
source "file" "made" {
  content = var.ami_version
  target  = "made.txt"
}
build {
  sources = ["source.file.made"]
  post-processor "shell-local" {
    inline = ["cat made.txt", "echo the password is ${var.password}"]
  }
}
"#;

/// The entry of the standard allow-list, for a repository on this machine.
fn allow_list(repository: &Repository) -> String {
    format!(
        "version: 1
repositories:
  images: {{ url: \"{}\", protected_refs: [refs/heads/main] }}
containers:
  ami-builder:
    description: Builds machine images with Packer.
    image: packer-runner
    secrets: {{ PKR_VAR_password: password }}
    scripts:
      build-packer-artifact:
        description: Build one Packer template of one commit.
        options:
          --repo: {{ type: repository, one_of: [images], protected_refs_as: --protected-ref, required: true }}
          --ref: {{ type: commit, required: true }}
          --template-path: {{ type: path, within: [\"**/*.pkr.hcl\"], required: true }}
          --var: {{ type: key_value, keys: [ami_version], value: {{ type: text, pattern: \"[0-9.]+\" }}, required: true }}
          --output-properties: {{ type: flag }}
",
        repository.url()
    )
}

fn called(place: &Place, list: &Path, words: &[&str]) -> Ended {
    let mut deployer = place.deployer(list);
    deployer
        .env("MY_PASSWORD", SECRET)
        .args(["--secret", "PKR_VAR_password=env:MY_PASSWORD", "--result-file"])
        .arg(place.join("result.json"))
        .arg("--")
        .args(["ami-builder", "build-packer-artifact", "--repo=images"])
        .args(["--template-path=web/web.pkr.hcl", "--output-properties"]);
    product::run(deployer.args(words))
}

/// Files below a folder that hold a text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let (path, kind) = (entry.path(), entry.file_type().expect("its kind can be asked"));
        if kind.is_dir() {
            found.extend(files_with(&path, text));
        } else if kind.is_file() && String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).contains(text) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn an_artifact_is_told_to_the_pipeline_and_a_secret_to_nobody() {
    let place = Place::new();
    let repository = Repository::empty(&place);
    repository.write("web/web.pkr.hcl", TEMPLATE);
    let commit = repository.commit("a template");
    repository.push("main");
    let list = place.write("allow-list.yaml", allow_list(&repository));
    let reference = format!("--ref={commit}");

    let built = called(&place, &list, &[&reference, "--var=ami_version=1.2.3"]).with(0);
    let line: serde_json::Value = serde_json::from_str(&built.stdout).expect("one JSON line, and nothing else");
    assert_eq!(
        (&line["outcome"], &line["commit"]),
        (&"built".into(), &commit.as_str().into())
    );
    assert_eq!(
        (&line["artifacts"][0]["build"], &line["artifacts"][0]["id"]),
        (&"file.made".into(), &"File".into())
    );
    let result = fs::read_to_string(place.join("result.json")).expect("there is a result");
    assert!(!result.contains(SECRET), "{result}");
    let result: serde_json::Value = serde_json::from_str(&result).expect("it is JSON");
    assert_eq!(result["job_reports"][0]["artifacts"], line["artifacts"], "{result}");
    assert!(built.stderr.contains("the password is "), "{built:?}");
    assert!(!format!("{built:?}").contains(SECRET), "{built:?}");
    let state = place.join("state");
    assert!(!files_with(&state, &commit).is_empty(), "the run left its record");
    assert_eq!(files_with(&state, SECRET), Vec::<String>::new());

    repository.write("web/more", "not merged");
    let other = repository.commit("more");
    repository.push("feature");
    let refused = called(&place, &list, &[&format!("--ref={other}"), "--var=ami_version=1"]).with(77);
    assert!(
        refused.stderr.contains("only commits of a protected ref are built"),
        "{refused:?}"
    );
    called(&place, &list, &[&reference, "--var=password=1"]).with(120);
    place.assert_nothing_is_left();
}
