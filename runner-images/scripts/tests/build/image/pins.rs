//! The public bases of our own images: named by digest, and `scripts/pins.sh` knows what is newer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{registry, skopeo};
use crate::fixture::{Fixture, need};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn pins(words: &[&str], directory: &Path) -> Output {
    let script = root().join("scripts/pins.sh");
    Command::new(script).args(words).arg(directory).output().unwrap()
}

/// The one line that tells what is wrong.
#[track_caller]
fn check(words: &[&str], directory: &Path, code: i32, said: &str) {
    let output = pins(words, directory);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {error}");
    assert!(error.contains(said), "{words:?}: {error}");
}

/// Pushes an image of one label, and tells the digest of what the registry has then.
fn push(fixture: &Fixture, name: &str, label: &str) -> String {
    let store = [
        format!("--root={}", fixture.path("store").display()),
        format!("--runroot={}", fixture.path("run").display()),
        "--storage-driver=vfs".to_owned(),
    ];
    let file = fixture.path("base");
    fs::write(&file, format!("FROM scratch\nLABEL base={label}\n")).unwrap();
    let buildah = |words: &[&str]| {
        let output = Command::new(need("buildah", "buildah"))
            .args(&store)
            .args(words)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "buildah {words:?}: {said}");
    };
    let (file, context) = (file.display().to_string(), fixture.path("work").display().to_string());
    buildah(&["build", "--isolation=chroot", "--tag", name, "--file", &file, &context]);
    buildah(&["push", "--tls-verify=false", name]);
    let name = format!("docker://{name}");
    let digest = skopeo(&["inspect", "--tls-verify=false", "--format={{.Digest}}", &name]);
    digest.trim().to_owned()
}

#[test]
fn every_public_base_has_a_tag_and_a_digest() {
    let (mut public, mut pinned) = (0, BTreeMap::new());
    for image in [
        "base",
        "builder-tools",
        "programs",
        "terraform-runner",
        "packer-runner",
        "image-builder",
    ] {
        let file = root().join("runner-images").join(image).join("Containerfile");
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| line.starts_with("ARG ")) {
            let Some((_, reference)) = line.split_once('=').filter(|(_, value)| value.contains('/')) else {
                continue;
            };
            if reference.starts_with("localhost/") {
                continue;
            }
            public += 1;
            let (name, digest) = reference.split_once("@sha256:").expect(line);
            let tag = name.rsplit('/').next().and_then(|last| last.split_once(':'));
            assert!(tag.is_some_and(|(_, tag)| tag != "latest"), "{line}");
            let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            assert!(digest.len() == 64 && digest.bytes().all(is_digit), "{line}");
            // What one Debian gave lies over what another gave: they must be the same.
            let first = pinned.entry(name.to_owned()).or_insert_with(|| digest.to_owned());
            assert_eq!(digest, first, "{name} of {}", file.display());
        }
    }
    assert_eq!(public, 6, "Debian twice, Rust, Terraform, Packer, kaniko");
}

#[test]
fn a_pin_that_is_another_image_today_is_told_and_written_on_demand() {
    let fixture = Fixture::new();
    let server = registry(&fixture, None);
    let name = format!("127.0.0.1:{}/base:1", server.port);
    let first = push(&fixture, &name, "first");
    let directory = fixture.path("images");
    fs::create_dir(&directory).unwrap();
    let file = directory.join("Containerfile");
    let text = |digest: &str| format!("# A base.\nARG HERE=localhost/own\nARG BASE={name}@{digest}\nFROM ${{BASE}}\n");
    fs::write(&file, text(&first)).unwrap();
    check(&["check"], &directory, 0, "as today");

    let second = push(&fixture, &name, "second");
    assert_ne!(first, second);
    check(&["check"], &directory, 1, "1 of 1 are other images today");
    assert_eq!(fs::read_to_string(&file).unwrap(), text(&first));
    check(&["update"], &directory, 0, "1 written");
    assert_eq!(fs::read_to_string(&file).unwrap(), text(&second));
    check(&["check"], &directory, 0, "as today");

    drop(server);
    check(&["update"], &directory, 1, "cannot ask what");
    assert_eq!(fs::read_to_string(&file).unwrap(), text(&second));
}

#[test]
fn a_directory_without_pins_is_not_up_to_date() {
    let fixture = Fixture::new();
    check(&["check"], &fixture.path("work"), 1, "no base in");
    check(&["look"], &fixture.path("work"), 2, "check or update");
}
