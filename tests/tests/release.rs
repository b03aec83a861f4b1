//! What a release is called is written once, and its archives depend on nothing but the files in them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use e2e::product::{self, Place};
use gatekeeper::compiled;
use sha2::{Digest as _, Sha256};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The version of every crate, which Cargo has from the workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn every_crate_has_the_version_of_the_workspace() {
    let workspace = read("Cargo.toml");
    let members = workspace.split_once("members = [").expect("a workspace").1;
    let members: Vec<_> = members
        .split(']')
        .next()
        .expect("a list")
        .split('"')
        .skip(1)
        .step_by(2)
        .collect();
    assert!(members.len() > 10, "{members:?}");
    for member in members {
        let manifest = read(&format!("{member}/Cargo.toml"));
        assert!(
            manifest.contains("\nversion.workspace = true\n"),
            "{member} has a version of its own"
        );
    }
    let first = workspace.lines().find_map(|line| line.strip_prefix("version = "));
    assert_eq!(
        first,
        Some(format!("{VERSION:?}").as_str()),
        "the scripts read the first one of the file"
    );
}

#[test]
fn the_programs_say_the_version_of_the_workspace() {
    for program in ["infrastructure-deployer", "scripts/infrastructure-deploy-script"] {
        let ended = product::run(product::command(&product::programs().join(program)).arg("--version")).with(0);
        assert_eq!(
            ended.stdout.trim_end().rsplit(' ').next(),
            Some(VERSION),
            "{program}: {}",
            ended.stdout
        );
    }
}

/// As numbers, so that 0.10.0 is more than 0.9.0.
fn numbers(version: &str) -> Vec<u64> {
    let numbers = version.split('.').map(|number| number.parse().expect("a number"));
    numbers.collect()
}

#[test]
fn the_changelog_tells_of_this_version_or_of_what_comes_before_it() {
    let changelog = read("CHANGELOG.md");
    let headings: Vec<_> = changelog.lines().filter_map(|line| line.strip_prefix("## [")).collect();
    let names: Vec<_> = headings
        .iter()
        .map(|heading| heading.split(']').next().expect("a name"))
        .collect();
    assert_eq!(names.first(), Some(&"Unreleased"), "what comes next has a place");
    let released: Vec<_> = names.iter().skip(1).map(|name| numbers(name)).collect();
    assert!(released.is_sorted_by(|newer, older| newer > older), "{names:?}");
    match released.first() {
        Some(newest) if *newest == numbers(VERSION) => {}
        newest => {
            assert!(
                newest.is_none_or(|newest| *newest < numbers(VERSION)),
                "{names:?} but {VERSION}"
            );
            let unreleased = changelog.split("\n## [").nth(1).expect("the first heading");
            assert!(
                unreleased.contains("\n- "),
                "{VERSION} differs from the last release, and nothing says in what"
            );
        }
    }
}

#[test]
fn the_module_reads_the_formats_that_this_release_writes() {
    let module = read("terraform/modules/deploy-runner/allow-list/package.tf");
    let local = |name: &str| {
        let line = module.lines().map(str::trim).find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.rsplit(' ').next());
        value
            .and_then(|value| value.parse::<u32>().ok())
            .unwrap_or_else(|| panic!("no `{name}`"))
    };
    assert_eq!(local("allow_list_format"), compiled::FORMAT);
    let place = Place::new();
    let allow_list = root().join("config/demo.yaml");
    let mut package = place.deployer(&allow_list);
    package
        .arg("package")
        .arg(&allow_list)
        .arg("--lambda")
        .arg(product::programs().join("deploy-runner"));
    package.arg("--output").arg(place.join("f.zip"));
    package.arg("--compiled").arg(place.join("a.json"));
    package.arg("--manifest").arg(place.join("m.json"));
    product::run(&mut package).with(0);
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(place.join("m.json")).expect("it was written")).expect("JSON");
    assert_eq!(manifest["format"], local("manifest_format"));
    assert_eq!(manifest["release"], VERSION);
}

#[test]
fn an_archive_tells_nothing_of_when_where_and_by_whom_it_was_made() {
    let place = Place::new();
    let archive = |folder: &str, mode: u32, data: u32| {
        place.write(&format!("{folder}/name/program"), "program");
        place.write(&format!("{folder}/name/inner/data"), "data");
        let set = |file: &str, mode| {
            fs::set_permissions(place.join(folder).join(file), fs::Permissions::from_mode(mode)).expect("a mode");
        };
        set("name/program", mode);
        set("name/inner/data", data);
        let output = place.join(&format!("{folder}.tar.gz"));
        let mut archive = product::command(&root().join("scripts/archive.sh"));
        archive
            .arg(place.join(folder).join("name"))
            .arg(&output)
            .env("SOURCE_DATE_EPOCH", "1700000000");
        product::run(&mut archive).with(0);
        hex::encode(Sha256::digest(fs::read(output).expect("an archive")))
    };
    let first = archive("a", 0o755, 0o644);
    assert_eq!(archive("elsewhere/b", 0o700, 0o600), first);
    assert_ne!(archive("c", 0o755, 0o755), first, "what can be executed stays so");
}
