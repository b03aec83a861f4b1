//! Whole deployment packages, made from the smallest program that there is.

use std::fs;
use std::io::Read as _;

use gatekeeper::AllowList;

use super::*;
use crate::check::Checked;

fn compiled() -> Compiled {
    let text = "version: 1\ncontainers: { c: { description: C., image: i, task: { cpu: 256, memory: 512, timeout: 1m }, \
                scripts: { s: { description: S. } } } }\n";
    Checked::of("allow-list.yaml", text.to_owned()).compiled.unwrap()
}

/// The headers of a static ARM64 program: 64-bit, little-endian, executable, with two sections: none, and the names of sections.
fn program() -> Vec<u8> {
    let mut program = vec![0; 192];
    program[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    let header = [
        (16, 2),
        (18, 183),
        (20, 1),
        (40, 64),
        (52, 64),
        (58, 64),
        (60, 2),
        (62, 1),
    ];
    let names = [(132, 3), (152, 8), (160, 1)];
    for (place, byte) in header.into_iter().chain(names) {
        program[place] = byte;
    }
    program
}

#[test]
fn a_package_holds_an_allow_list_that_the_gate_loads_and_is_known_by_its_digests() {
    let folder = tempfile::tempdir().unwrap();
    let (zip, json) = (folder.path().join("f.zip"), folder.path().join("allow-list.json"));
    let (bootstrap, manifest) = (folder.path().join("bootstrap"), folder.path().join("f.json"));
    fs::write(&bootstrap, program()).unwrap();
    let places = Places {
        program: &bootstrap,
        zip: &zip,
        beside: Beside::Manifest {
            compiled: &json,
            manifest: &manifest,
        },
    };
    let made = make(&compiled(), places).unwrap();
    let bytes = fs::read(&zip).unwrap();
    assert_eq!((made.size, made.architecture), (bytes.len(), "arm64"));
    assert_eq!(made.code_sha256, BASE64_STANDARD.encode(Sha256::digest(&bytes)));
    let mut archive = zip::ZipArchive::new(io::Cursor::new(&bytes)).unwrap();
    let mut packed = Vec::new();
    archive
        .by_name("allow-list.json")
        .unwrap()
        .read_to_end(&mut packed)
        .unwrap();
    assert_eq!(fs::read(&json).unwrap(), packed);
    assert_eq!(AllowList::load(&packed).unwrap().digest(), made.allow_list_digest);
    let written = fs::read_to_string(&manifest).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&written).unwrap(),
        serde_json::json!({
            "format": 1,
            "release": env!("CARGO_PKG_VERSION"),
            "package": "f.zip",
            "code_sha256": made.code_sha256,
            "architecture": "arm64",
            "allow_list": "allow-list.json",
            "allow_list_digest": made.allow_list_digest,
        })
    );
    assert_eq!(make(&compiled(), places).unwrap(), made);
    assert_eq!(fs::read_to_string(&manifest).unwrap(), written);
    assert!(made.text().contains(&made.code_sha256), "{}", made.text());
}

#[test]
fn what_lambda_could_not_start_leaves_no_package() {
    let folder = tempfile::tempdir().unwrap();
    let (program, zip) = (folder.path().join("bootstrap"), folder.path().join("f.zip"));
    fs::write(&program, "#!/bin/sh\n").unwrap();
    for (program, expected) in [
        (&program, "no Linux program"),
        (&folder.path().join("none"), "make package"),
    ] {
        let places = Places {
            program,
            zip: &zip,
            beside: Beside::Nothing,
        };
        let error = make(&compiled(), places).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!zip.exists());
    }
}

#[test]
fn a_manifest_that_could_not_name_its_files_leaves_no_package() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (bootstrap, zip) = (folder.path().join("bootstrap"), folder.path().join("f.zip"));
    let json = folder.path().join("allow-list.json");
    fs::write(&bootstrap, program()).unwrap();
    for (manifest, expected) in [
        (other.path().join("f.json"), "is not in the folder of the manifest"),
        (folder.path().join("none/f.json"), "cannot find the folder of"),
    ] {
        let beside = Beside::Manifest {
            compiled: &json,
            manifest: &manifest,
        };
        let places = Places {
            program: &bootstrap,
            zip: &zip,
            beside,
        };
        let error = make(&compiled(), places).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!zip.exists() && !json.exists());
    }
}
