//! The images, built once for a test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A store with every image.
pub(crate) struct Store {
    place: TempDir,
    /// What `scripts/images.sh` printed, by the first column.
    pub(crate) sizes: BTreeMap<String, u64>,
}

impl Store {
    pub(crate) fn build() -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let output = Command::new(repository().join("scripts/images.sh"))
            .arg(place.path().join("store"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let sizes = printed.lines().skip(1).map(|line| {
            let (name, size) = line.rsplit_once(' ').unwrap();
            (name.trim().to_owned(), size.parse().unwrap())
        });
        Self {
            sizes: sizes.collect(),
            place,
        }
    }

    /// The names of the packages in an image's inventory.
    pub(crate) fn inventory(&self, image: &str) -> BTreeSet<String> {
        let store = self.place.path().join("store");
        let output = Command::new(repository().join("scripts/sbom.sh"))
            .arg(&store)
            .arg(image)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(store.join(format!("sbom/{image}.spdx.json"))).unwrap();
        let inventory: Value = serde_json::from_str(&text).unwrap();
        let packages = inventory["packages"].as_array().unwrap().iter();
        packages
            .map(|package| package["name"].as_str().unwrap().to_owned())
            .collect()
    }

    fn buildah(&self, arguments: &[&str]) -> String {
        let store = self.place.path().join("store");
        let output = Command::new("buildah")
            .arg("--root")
            .arg(store.join("root"))
            .arg("--runroot")
            .arg(store.join("run"))
            .arg("--storage-driver=vfs")
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "buildah {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// What an image says of itself.
    pub(crate) fn configuration(&self, image: &str) -> Value {
        let text = self.buildah(&["inspect", "--type=image", &format!("localhost/deploy-runner/{image}")]);
        let inspected: Value = serde_json::from_str(&text).unwrap();
        inspected["OCIv1"]["config"].clone()
    }

    /// The files of an image, where every user may read them; they go with the store.
    pub(crate) fn files(&self, image: &str) -> PathBuf {
        let container = self.buildah(&["from", "--pull-never", &format!("localhost/deploy-runner/{image}")]);
        let mounted = self.buildah(&["mount", &container]);
        let files = self.place.path().join(image);
        let copied = Command::new("cp").arg("-a").arg(mounted).arg(&files).status().unwrap();
        assert!(copied.success());
        self.buildah(&["umount", &container]);
        files
    }
}

/// Who a container's process is.
#[derive(Clone, Copy)]
pub(crate) enum User {
    /// The user that the images have.
    Job,
    Root,
}

/// The entry point of an image with these words, as the container engine starts it: on a read-only root that belongs to somebody else.
pub(crate) fn run(files: &Path, user: User, words: &[&str]) -> Output {
    let mut command = match user {
        User::Root => Command::new("bwrap"),
        User::Job => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=10001", "--regid=10001", "--clear-groups", "bwrap"]);
            command
        }
    };
    command
        .args([
            "--unshare-user",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--clearenv",
        ])
        .args(["--setenv", "PATH", "/usr/local/bin:/usr/bin", "--ro-bind"])
        .arg(files)
        .args([
            "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/",
        ])
        .args(["--", "/usr/local/bin/deploy-runner"])
        .args(words)
        .current_dir("/")
        .output()
        .unwrap()
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}
