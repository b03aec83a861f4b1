//! The images, built once for a test.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Where an image has the certificates of everybody's authorities.
pub(crate) const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A store with images.
pub(crate) struct Store {
    place: TempDir,
    /// What `scripts/images.sh` printed, by the first column.
    pub(crate) sizes: BTreeMap<String, u64>,
}

impl Store {
    /// With every image.
    pub(crate) fn build() -> Self {
        Self::with(&[])
    }

    /// With these images and what they stand on.
    pub(crate) fn with(images: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let output = Command::new(repository().join("scripts/images.sh"))
            .arg(place.path().join("store"))
            .args(images)
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

    /// An image's inventory.
    pub(crate) fn inventory(&self, image: &str) -> Value {
        let store = self.place.path().join("store");
        let output = Command::new(repository().join("scripts/sbom.sh"))
            .arg(&store)
            .arg(image)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(store.join(format!("sbom/{image}.spdx.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Builds an image of a folder, as `scripts/images.sh` does.
    pub(crate) fn make(&self, name: &str, folder: &Path, options: &[&str]) {
        let tag = format!("--tag=localhost/deploy-runner/{name}");
        let build = [
            "build",
            "--quiet",
            "--isolation=chroot",
            "--pull-never",
            "--layers=false",
            &tag,
        ];
        self.buildah(&[&build, options, &[&folder.display().to_string()]].concat());
        self.buildah(&["rm", "--all"]);
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

/// A container of an image, as the engine starts it: a read-only root that belongs to somebody else, the image's user, no capability.
#[derive(Clone, Copy)]
pub(crate) struct Container<'a> {
    files: &'a Path,
    user: User,
    root: &'static str,
    /// Files of this machine, each under its path in the container.
    shown: &'a [(&'a Path, &'a str)],
    environment: &'a [(&'a str, &'a str)],
}

/// Who a container's process is.
#[derive(Clone, Copy)]
enum User {
    /// The user that the images have.
    Job,
    Root,
}

impl<'a> Container<'a> {
    pub(crate) fn of(files: &'a Path) -> Self {
        Self {
            files,
            user: User::Job,
            root: "--ro-bind",
            shown: &[],
            environment: &[],
        }
    }

    pub(crate) fn as_root(self) -> Self {
        let user = User::Root;
        Self { user, ..self }
    }

    pub(crate) fn with_writable_root(self) -> Self {
        let root = "--bind";
        Self { root, ..self }
    }

    pub(crate) fn showing(self, shown: &'a [(&'a Path, &'a str)]) -> Self {
        Self { shown, ..self }
    }

    pub(crate) fn with(self, environment: &'a [(&'a str, &'a str)]) -> Self {
        Self { environment, ..self }
    }

    /// Starts a program of the image, and waits for its end.
    pub(crate) fn program(self, words: &[&str]) -> Output {
        let mut command = match self.user {
            User::Root => Command::new("bwrap"),
            User::Job => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=10001", "--regid=10001", "--clear-groups", "bwrap"]);
                command
            }
        };
        command
            .args(["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"])
            .args(["--clearenv", "--setenv", "PATH", "/usr/local/bin:/usr/bin"])
            .arg(self.root)
            .arg(self.files)
            .args(["/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]);
        for (file, inside) in self.shown {
            command.arg("--ro-bind").arg(file).arg(inside);
        }
        for (name, value) in self.environment {
            command.args(["--setenv", name, value]);
        }
        command
            .args(["--chdir", "/", "--"])
            .args(words)
            .current_dir("/")
            .output()
            .unwrap()
    }

    /// The entry point with these words.
    pub(crate) fn run(self, words: &[&str]) -> Output {
        self.program(&[&["/usr/local/bin/deploy-runner"], words].concat())
    }

    /// A script as the product starts it, with the whole environment declared.
    pub(crate) fn script(self, words: &[&str]) -> Output {
        let declared: Vec<_> = self
            .environment
            .iter()
            .map(|(name, _)| format!("--env={name}"))
            .collect();
        let declared = declared.iter().map(String::as_str);
        let runner: Vec<_> = ["--timeout=120", "--stop-timeout=5"]
            .into_iter()
            .chain(declared)
            .chain(["--"])
            .collect();
        self.run(&[&runner, words].concat())
    }
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}
