//! The inventories: the packages of Debian that the files are from, what the tools tell that they are made of, and the crates of our programs.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::content::Image;

/// What git and ssh need, in every image.
const OF_EVERY_IMAGE: [&str; 8] = [
    "dash",
    "git",
    "libc6",
    "libcurl3-gnutls",
    "libgnutls30",
    "libssl3",
    "openssh-client",
    "zlib1g",
];

/// What our programs are made of, and a part of each that shows that its own dependencies are listed.
const CRATES: [&str; 4] = ["deploy-runner", "deploy-scripts", "protocol", "serde_json"];

pub(crate) fn check(image: &Image, inventory: &Value) {
    let packages = inventory["packages"].as_array().unwrap();
    let of_kind = |kind: &str| -> BTreeSet<String> {
        let package = |package: &Value| {
            let references = package["externalRefs"].as_array()?;
            let is_of_kind = references
                .iter()
                .filter_map(|reference| reference["referenceLocator"].as_str())
                .any(|locator| locator.starts_with(kind));
            is_of_kind.then(|| package["name"].as_str().unwrap().to_owned())
        };
        packages.iter().filter_map(package).collect()
    };
    let contains = |found: &BTreeSet<String>, expected: &str| {
        assert!(found.contains(expected), "{expected} in {}: {found:?}", image.name);
    };
    let of_debian = of_kind("pkg:deb/debian/");
    for package in OF_EVERY_IMAGE.iter().chain(image.packages) {
        contains(&of_debian, package);
    }
    let of_go = of_kind("pkg:golang/");
    for module in image.modules {
        contains(&of_go, module);
    }
    let of_rust = of_kind("pkg:cargo/");
    for name in CRATES {
        contains(&of_rust, name);
    }
    assert!(!of_rust.contains("proptest"), "what only tests need is in no program");
    for script in image.scripts {
        let linked = linked_into(inventory, &format!("opt/deploy-runner/scripts/{script}"));
        assert!(is_in(&linked, "deploy-scripts"), "{linked:?}");
        assert!(linked.len() > 30, "{linked:?}");
    }
    let linked = linked_into(inventory, "usr/local/bin/deploy-runner");
    assert!(is_in(&linked, "deploy-runner"), "{linked:?}");
    assert!(!is_in(&linked, "deploy-scripts"), "{linked:?}");
}

fn is_in(linked: &BTreeSet<&str>, name: &str) -> bool {
    let crate_of_any_version = format!("SPDXRef-Package-rust-crate-{name}-");
    linked.iter().any(|each| each.starts_with(&crate_of_any_version))
}

/// The packages that a file of the image is linked with.
fn linked_into<'a>(inventory: &'a Value, path: &str) -> BTreeSet<&'a str> {
    let files = inventory["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["fileName"] == path).unwrap();
    let relationships = inventory["relationships"].as_array().unwrap().iter();
    relationships
        .filter(|each| each["relationshipType"] == "STATIC_LINK" && each["spdxElementId"] == file["SPDXID"])
        .map(|each| each["relatedSpdxElement"].as_str().unwrap())
        .collect()
}
