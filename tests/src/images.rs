//! The images of `runner-images/`, as `scripts/images.sh` builds them on this machine.
//!
//! Responsible for building each once for as long as what it is made of stays the same: tests only read it, each from a container store
//! of its own. Never pulls anything.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use container_engines::{Podman, Service as _};
use sha2::{Digest as _, Sha256};

use crate::planted::need;
use crate::product;

/// Whatever an image takes from this machine besides our own programs.
const TOOLS: [&str; 8] = ["terraform", "packer", "buildah", "skopeo", "git", "ssh", "dash", "runc"];

/// Copies the image into a Podman's own store, as docs/containers.md says.
pub fn give(image: &str, podman: &Podman) {
    let store = store_with(image);
    let run = store.with_file_name("run");
    let name = format!("localhost/deploy-runner/{image}");
    let from = format!("containers-storage:[vfs@{}+{}]{name}", store.display(), run.display());
    let mut skopeo = product::command(&need("skopeo"));
    skopeo.env("CONTAINERS_STORAGE_CONF", storage_of(podman));
    skopeo.args(["copy", "--quiet", &from]);
    product::run(skopeo.arg(format!("containers-storage:{name}"))).with(0);
}

/// A configuration in which a Podman's own store is the one that every program takes (`CONTAINERS_STORAGE_CONF`).
pub fn storage_of(podman: &Podman) -> PathBuf {
    let driver = podman.answer(&["info", "--format", "{{.Store.GraphDriverName}}"]);
    let at = |name: &str| podman.folder().join(name).display().to_string();
    let (root, run) = (at("store"), at("run"));
    let configuration = format!("[storage]\ndriver = \"{driver}\"\ngraphroot = \"{root}\"\nrunroot = \"{run}\"\n");
    let file = podman.folder().join("storage.conf");
    fs::write(&file, configuration).expect("a file can be written");
    file
}

/// The folder of a container store that has the image as `localhost/NAME`, for engines to read from (`--storage-opt vfs.imagestore=`).
pub fn store_with(image: &str) -> PathBuf {
    let root = root();
    let store = root.join("target/test-images").join(image);
    fs::create_dir_all(store.parent().expect("it is in a folder")).expect("a folder can be made");
    let lock = File::create(store.with_extension("lock")).expect("a file can be made");
    lock.lock().expect("a file can be locked");
    let (made_of, noted) = (made_of(&root), store.join("made-of"));
    if fs::read_to_string(&noted).unwrap_or_default() != made_of {
        build(&root, &store, image);
        fs::write(noted, made_of).expect("a file can be written");
    }
    store.join("root")
}

fn build(root: &Path, store: &Path, image: &str) {
    let mut script = product::command(&root.join("scripts/images.sh"));
    product::run(script.arg(store).arg(image)).with(0);
    let mut buildah = product::command(&need("buildah"));
    buildah.arg("--root").arg(store.join("root"));
    buildah.arg("--runroot").arg(store.join("run"));
    buildah.args(["--storage-driver=vfs", "tag"]);
    buildah.arg(format!("localhost/deploy-runner/{image}"));
    product::run(buildah.arg(format!("localhost/{image}"))).with(0);
}

/// A digest of what the images are made of. The tools are large, and only looked at from outside.
fn made_of(root: &Path) -> String {
    let mut files = files_below(&product::programs());
    for folder in [
        "base",
        "builder-tools",
        "programs",
        "terraform-runner",
        "packer-runner",
        "image-builder",
    ] {
        files.extend(files_below(&root.join("runner-images").join(folder)));
    }
    files.push(root.join("scripts/images.sh"));
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        digest.update(file.as_os_str().as_encoded_bytes());
        digest.update(Sha256::digest(fs::read(&file).expect("a file can be read")));
    }
    for tool in TOOLS {
        let tool = fs::metadata(need(tool)).expect("it is there");
        digest.update(format!("{} {}.{}\n", tool.len(), tool.mtime(), tool.mtime_nsec()));
    }
    hex::encode(digest.finalize())
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().expect("it is there")
}
