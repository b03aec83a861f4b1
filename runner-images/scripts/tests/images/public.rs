//! The base as everybody builds it: from a Debian, with its packages. The Debian is one that `scripts/setup.sh` made of this machine's package
//! sources, because no registry is needed for a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::store::{Container, Store, repository};
use crate::work;

#[test]
fn the_base_from_a_debian_holds_what_the_base_from_this_machine_holds() {
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
    let base = repository().join("runner-images/base");
    let options = ["--build-arg=DEBIAN=localhost/deploy-runner/debian", "--target=public"];
    store.make("public-base", &base, &options);

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
