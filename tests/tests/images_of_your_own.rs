//! What runner-images/README.md shows of images of one's own: its blocks, built and run.
//!
//! Only this is other than at a user's desk: the images stand on the one that was built here, and the programs that are copied are stand-ins.

use std::fs;
use std::path::Path;

use container_engines::{Podman, Service as _};
use e2e::images;
use e2e::planted::need;
use e2e::product::{self, Ended, Place};
use e2e::repository::Repository;

const README: &str = "runner-images/README.md";
const BASE: &str = "terraform-runner";

/// A Podman that has the image. The order of the fields is the order in which they end.
struct Desk {
    place: Place,
    podman: Podman,
}

impl Desk {
    fn new() -> Self {
        let podman = Podman::start();
        images::give(BASE, &podman);
        Self {
            place: Place::new(),
            podman,
        }
    }

    /// A program that a block copies.
    fn has(&self, name: &str, content: impl AsRef<[u8]>) {
        // The block says which mode it gets.
        self.place.write(&format!("context/{name}"), content);
    }

    /// Builds what a block says under this name, on the image that was built here.
    fn builds(&self, block: &str, name: &str) {
        let pinned = format!("FROM {BASE}@sha256:…\n");
        assert!(block.starts_with(&pinned), "{block}");
        let here = block.replace(&pinned, &format!("FROM localhost/deploy-runner/{BASE}\n"));
        let file = self.place.write("Containerfile", here);
        let (file, context) = (
            file.display().to_string(),
            self.place.join("context").display().to_string(),
        );
        let tag = format!("--tag=localhost/{name}");
        let build = [
            "build",
            "--quiet",
            "--pull=never",
            "--isolation=chroot",
            "--file",
            &file,
        ];
        self.podman.answer(&[&build[..], &[&tag, &context]].concat());
    }

    /// Runs a script in a container, as a user does.
    fn runs(&self, allow_list: &str, words: &[&str]) -> Ended {
        let list = self.place.write("allow-list.yaml", allow_list);
        let mut deployer = self.place.deployer(&list);
        deployer
            .env("DEPLOY_RUNNER_ENGINE", "docker")
            .env("DEPLOY_RUNNER_PULL", "never")
            .env("DOCKER_HOST", self.podman.address());
        product::run(deployer.arg("--").args(words))
    }

    fn end(self) {
        assert_eq!(self.podman.things(), Vec::<String>::new());
        self.place.assert_nothing_is_left();
    }
}

/// The blocks of a section of the page, each with its language.
fn blocks(section: &str) -> Vec<(String, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(README);
    let page = fs::read_to_string(page).expect("the page is there");
    let (_, section) = page
        .split_once(&format!("\n## {section}\n"))
        .expect("the section is there");
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut parts = section.split("```").skip(1);
    let mut found = Vec::new();
    while let (Some(block), _) = (parts.next(), parts.next()) {
        let (language, text) = block.split_once('\n').expect("a block has lines");
        found.push((language.to_owned(), text.to_owned()));
    }
    found
}

/// Plans with either tool.
fn planning(repository: &Repository) -> String {
    format!(
        "version: 1
repositories:
  live: {{ url: \"{}\", protected_refs: [refs/heads/main] }}
containers:
  planner:
    description: Plans.
    image: several
    scripts:
      infrastructure-deploy-script:
        description: Plan one directory.
        options:
          --repo: {{ type: repository, one_of: [live], protected_refs_as: --protected-ref, required: true }}
          --ref: {{ type: commit, required: true }}
          --binary: {{ type: choice, one_of: [terraform, tofu] }}
          --command: {{ type: choice, one_of: [plan], required: true }}
          --deploy-path: {{ type: path, within: [app, gone], required: true }}
",
        repository.url()
    )
}

#[test]
fn several_versions_of_a_tool_lie_in_one_image_and_the_repository_picks_one() {
    let desk = Desk::new();
    let [(language, block)] = blocks("Several versions of a tool").try_into().expect("one block");
    assert_eq!(language, "dockerfile");
    // A version is what the image calls it: the same Terraform stands for an older one, and a script for OpenTofu.
    desk.has("terraform-1.9.8", fs::read(need("terraform")).expect("it can be read"));
    desk.has("tofu", "#!/bin/sh\necho \"tofu 1.9.0 was called with $1\"\n");
    desk.builds(&block, "several");
    let repository = Repository::empty(&desk.place);
    repository.write("app/main.tf", "resource \"terraform_data\" \"thing\" {}\n");
    repository.write("app/.terraform-version", "1.9.8\n");
    repository.write("app/.opentofu-version", "1.9.0\n");
    repository.write("gone/main.tf", "");
    repository.write("gone/.terraform-version", "1.9.7\n");
    let commit = repository.commit("picks versions");
    repository.push("main");
    let allow_list = planning(&repository);
    let plan = |words: &[&str]| {
        let commit = format!("--ref={commit}");
        let script = [
            "planner",
            "infrastructure-deploy-script",
            "--repo=live",
            &commit,
            "--command=plan",
        ];
        desk.runs(&allow_list, &[&script[..], words].concat())
    };
    let planned = plan(&["--deploy-path=app"]).with(0);
    assert!(planned.stdout.contains("Plan: 1 to add"), "{planned:?}");
    assert!(
        planned
            .stderr
            .contains("infrastructure-deploy-script: terraform 1.9.8\n"),
        "{planned:?}"
    );
    let with_tofu = plan(&["--deploy-path=app", "--binary=tofu"]).with(0);
    assert!(
        with_tofu.stdout.contains("tofu 1.9.0 was called with plan"),
        "{with_tofu:?}"
    );
    let missing = plan(&["--deploy-path=gone"]);
    assert_ne!(missing.code, Some(0), "{missing:?}");
    assert!(
        missing
            .stderr
            .contains("asks for terraform 1.9.7, which is not in the image: it has `1.9.8`"),
        "{missing:?}"
    );
    desk.end();
}

#[test]
fn a_script_of_ones_own_is_a_file_of_an_image_and_an_entry_of_the_allow_list() {
    let desk = Desk::new();
    let [(dockerfile, image), (yaml, entry)] = blocks("A script of your own").try_into().expect("two blocks");
    assert_eq!((dockerfile.as_str(), yaml.as_str()), ("dockerfile", "yaml"));
    desk.has("my-script", "#!/bin/sh\necho \"my script got $*\"\n");
    desk.builds(&image, "my-image");
    let allow_list = format!("version: 1\n{entry}");
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let reference = format!("--ref={commit}");
    let ran = desk
        .runs(&allow_list, &["my-container", "my-script", &reference])
        .with(0);
    assert_eq!(ran.stdout, format!("my script got --ref={commit}\n"));
    desk.runs(&allow_list, &["my-container", "my-script", &reference, "extra"])
        .with(120);
    desk.runs(&allow_list, &["my-container", "my-script", "--ref=main"])
        .with(120);
    desk.end();
}
