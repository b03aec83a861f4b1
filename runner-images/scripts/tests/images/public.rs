//! What comes from Debian, as everybody builds it: from a Debian, with its packages. The Debian is one that `scripts/setup.sh` made of this machine's package
//! sources, because no registry is needed for a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::store::{Container, Store, repository};
use crate::work;

#[test]
fn what_is_taken_from_a_debian_is_what_is_taken_from_this_machine_and_works() {
    let store = with_a_debian();
    check_the_base(&store);
    check_beside_kaniko(&store);
}

const FROM_DEBIAN: &str = "--build-arg=DEBIAN=localhost/deploy-runner/debian";

fn with_a_debian() -> Store {
    let debian = repository().join("target/tools/debian.tar");
    assert!(
        debian.is_file(),
        "{} is not there: run `scripts/setup.sh test`",
        debian.display()
    );
    let store = Store::with(&["terraform-runner"]);
    let context = tempfile::tempdir().unwrap();
    fs::copy(debian, context.path().join("debian.tar")).unwrap();
    let file = context.path().join("Containerfile");
    fs::write(file, "FROM scratch\nADD debian.tar /\n").unwrap();
    store.make("debian", context.path(), &[]);
    store
}

fn check_the_base(store: &Store) {
    let base = repository().join("runner-images/base");
    store.make("public-base", &base, &[FROM_DEBIAN, "--target=public"]);
    let (public, local) = (store.files("public-base"), store.files("base"));
    let names = names_below(&public);
    for program in fs::read_to_string(base.join("programs.txt")).unwrap().lines() {
        assert!(names.contains(program), "{program}: {names:?}");
    }
    assert_eq!(names, names_below(&local));
    work::check_ssh(&public);
    let git = Container::of(&public).program(&["/usr/bin/git", "--version"]);
    let said = String::from_utf8_lossy(&git.stdout).into_owned();
    assert!(git.status.success() && said.starts_with("git version "), "{git:?}");
    let labels = store.configuration("public-base")["Labels"].clone();
    assert_eq!(labels["org.opencontainers.image.licenses"], "Apache-2.0");
}

/// kaniko is in no package: what stands beside it in its image is tried without it.
fn check_beside_kaniko(store: &Store) {
    let images = repository().join("runner-images");
    let tools = format!("--file={}", images.join("builder-tools/Containerfile").display());
    store.make("skopeo", &images, &[FROM_DEBIAN, "--target=skopeo", &tools]);
    let context = tempfile::tempdir().unwrap();
    fs::create_dir(context.path().join("kaniko")).unwrap();
    fs::write(context.path().join("kaniko/executor"), "").unwrap();
    fs::write(
        context.path().join("Containerfile"),
        "FROM scratch\nCOPY kaniko /kaniko\n",
    )
    .unwrap();
    store.make("kaniko", context.path(), &[]);
    let kaniko = "--build-arg=KANIKO=localhost/deploy-runner/kaniko";
    let builder = images.join("image-builder");
    store.make("image-builder-kaniko", &builder, &[kaniko, "--target=kaniko"]);

    let files = store.files("image-builder-kaniko");
    let skopeo = Container::of(&files).program(&["/usr/bin/skopeo", "--version"]);
    let said = String::from_utf8_lossy(&skopeo.stdout).into_owned();
    assert!(
        skopeo.status.success() && said.starts_with("skopeo version "),
        "{skopeo:?}"
    );
    for kept in ["executor", "deploy-runner", "ssl/certs/ca-certificates.crt"] {
        assert!(files.join("kaniko").join(kept).is_file(), "{kept}");
    }
}

/// Everything below a folder, by its path in the image.
fn names_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            let name = entry.path().strip_prefix(folder).unwrap().display().to_string();
            found.insert(format!("/{name}"));
            if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    found
}
