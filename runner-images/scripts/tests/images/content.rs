//! What the images hold and say of themselves: the tool, the runner, the scripts, and what they stand on. Nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::store::{Store, repository};

const MEGABYTE: u64 = 1_000_000;

/// An image of this project.
pub(crate) struct Image {
    pub(crate) name: &'static str,
    pub(crate) scripts: &'static [&'static str],
    /// Where its programs are, besides those of the base and the runner.
    programs: &'static [&'static str],
    /// As whom it runs.
    user: &'static str,
    /// Packages of Debian that it has besides those of the base.
    pub(crate) packages: &'static [&'static str],
    /// Modules of Go that its tools are made of, as far as they tell.
    pub(crate) modules: &'static [&'static str],
}

pub(crate) const IMAGES: [Image; 3] = [
    Image {
        name: "terraform-runner",
        scripts: &["infrastructure-deploy-script", "terraform-update-variable"],
        programs: &["usr/local/bin/terraform"],
        user: "10001:10001",
        packages: &[],
        modules: &[
            "github.com/hashicorp/terraform",
            "github.com/hashicorp/hcl/v2",
            "github.com/zclconf/go-cty",
            "golang.org/x/crypto",
            "stdlib",
        ],
    },
    Image {
        name: "packer-runner",
        scripts: &["build-packer-artifact"],
        programs: &["usr/local/bin/packer"],
        user: "10001:10001",
        packages: &[],
        modules: &["github.com/hashicorp/packer", "stdlib"],
    },
    Image {
        name: "image-builder",
        scripts: &["build-docker-image"],
        programs: &["usr/bin/buildah", "usr/bin/skopeo", "usr/bin/unshare"],
        user: "10001:10001",
        packages: &["buildah", "skopeo", "util-linux", "libgpgme11", "libseccomp2"],
        modules: &[
            "github.com/containers/buildah/cmd/buildah",
            "github.com/containers/skopeo/cmd/skopeo",
            "stdlib",
        ],
    },
];

/// Where a program can be.
const FOLDERS: [&str; 5] = [
    "usr/bin",
    "usr/local/bin",
    "usr/sbin",
    "usr/local/sbin",
    "usr/lib/git-core",
];
/// What every image has there.
const OF_EVERY_IMAGE: [&str; 12] = [
    "usr/bin/dash",
    "usr/bin/git",
    "usr/bin/git-receive-pack",
    "usr/bin/git-upload-pack",
    "usr/bin/sh",
    "usr/bin/ssh",
    "usr/bin/ssh-add",
    "usr/bin/ssh-agent",
    "usr/lib/git-core/git",
    "usr/lib/git-core/git-remote-http",
    "usr/lib/git-core/git-remote-https",
    "usr/local/bin/deploy-runner",
];

/// The limits are for programs as they are released; those of a quick build are larger.
pub(crate) fn check_sizes(store: &Store) {
    let profile = fs::read_to_string(repository().join("target/dist/profile")).unwrap();
    let (image, programs) = if profile.trim() == "release" {
        (130, 15)
    } else {
        (135, 25)
    };
    let size = |name: &str| store.sizes[name];
    assert!(size("terraform-runner") < image * MEGABYTE, "{:?}", store.sizes);
    assert!(size("runner and scripts") < programs * MEGABYTE, "{:?}", store.sizes);
}

pub(crate) fn check(store: &Store, image: &Image, files: &Path) {
    let expected: BTreeSet<_> = OF_EVERY_IMAGE.iter().chain(image.programs).copied().collect();
    let found: BTreeSet<_> = FOLDERS.iter().flat_map(|folder| names(files, folder)).collect();
    assert_eq!(
        found,
        expected.into_iter().map(str::to_owned).collect(),
        "{}",
        image.name
    );
    // Whatever lies there can be run by a permit.
    let scripts = "opt/deploy-runner/scripts";
    let expected = image.scripts.iter().map(|script| format!("{scripts}/{script}"));
    assert_eq!(
        names(files, scripts),
        expected.collect::<BTreeSet<_>>(),
        "{}",
        image.name
    );
    assert_eq!(names(files, "opt"), ["opt/deploy-runner".to_owned()].into());
    assert_eq!(names(files, "opt/deploy-runner"), [scripts.to_owned()].into());
    check_configuration(store, image);
}

fn names(files: &Path, folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(files.join(folder)).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| format!("{folder}/{name}")).collect()
}

fn check_configuration(store: &Store, image: &Image) {
    let configuration = store.configuration(image.name);
    assert_eq!(
        configuration["Entrypoint"][0], "/usr/local/bin/deploy-runner",
        "{}",
        image.name
    );
    assert_eq!(configuration["User"], image.user, "{}", image.name);
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let said = |key: &str| {
        let start = format!("{key} = \"");
        let value = manifest.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
        value.trim_end_matches('"').to_owned()
    };
    for (label, expected) in [
        ("title", image.name.to_owned()),
        ("version", said("version")),
        ("revision", head()),
        ("licenses", said("license")),
    ] {
        let label = format!("org.opencontainers.image.{label}");
        assert_eq!(configuration["Labels"][&label], expected, "{label} of {}", image.name);
    }
}

/// The commit that is checked out.
fn head() -> String {
    let output = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
