//! What an image is made of: a few programs of this machine, the runner and scripts.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::succeed;

/// The user of an image, as in the images of this project.
pub const USER: &str = "10001:10001";
/// Where an image has the runner.
pub const RUNNER: &str = "/usr/local/bin/deploy-runner";

/// What scripts in the image may call.
const PROGRAMS: &[&str] = &[
    "base64", "cat", "cut", "grep", "head", "id", "ls", "mkdir", "readlink", "rm", "sed", "sh", "sleep", "sort",
    "stat", "tail", "tr", "uname", "wc",
];

/// What an image is made of, besides a few programs of this machine.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<'a> {
    /// Its name; the image is `localhost/NAME:latest`.
    pub name: &'a str,
    /// The program `deploy-runner`.
    pub runner: &'a Path,
    /// Its user; [`USER`] in the images of this project.
    pub user: &'a str,
    /// Its entry point. The runner is [`RUNNER`].
    pub entrypoint: &'a [&'a str],
    /// The content of each script, by its name.
    pub scripts: &'a [(&'a str, &'a str)],
    /// Programs besides, by their names in `/usr/local/bin`.
    pub tools: &'a [(&'a str, &'a Path)],
}

impl Recipe<'_> {
    /// Writes its files as a tar archive.
    pub fn write(&self, archive: &Path) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        lay_out(folder.path(), self);
        let mut tar = Command::new("tar");
        tar.args(["--numeric-owner", "--owner=0", "--group=0", "-C"])
            .arg(folder.path())
            .arg("-cf")
            .arg(archive)
            .arg(".");
        succeed(&mut tar);
    }

    /// What `podman import` and `docker import` are told besides.
    pub fn changes(&self) -> Vec<String> {
        let words: Vec<String> = self.entrypoint.iter().map(|word| format!("{word:?}")).collect();
        let changes = [
            format!("ENTRYPOINT [{}]", words.join(", ")),
            format!("USER {}", self.user),
            "VOLUME /tmp".to_owned(),
            "ENV PATH=/usr/local/bin:/usr/bin".to_owned(),
        ];
        changes
            .into_iter()
            .flat_map(|change| ["--change".to_owned(), change])
            .collect()
    }
}

fn lay_out(root: &Path, recipe: &Recipe<'_>) {
    let mut libraries = BTreeSet::new();
    let mut add = |from: &Path, inside: &str| {
        libraries.extend(libraries_of(from));
        copy(from, &root.join(inside));
    };
    for program in PROGRAMS {
        add(&found(program), &format!("usr/bin/{program}"));
    }
    add(recipe.runner, RUNNER.trim_start_matches('/'));
    for (name, tool) in recipe.tools {
        add(tool, &format!("usr/local/bin/{name}"));
    }
    for library in libraries {
        copy(&library, &root.join(library.strip_prefix("/").expect("it can be done")));
    }
    fs::create_dir_all(root.join("opt/deploy-runner/scripts")).expect("it can be done");
    std::os::unix::fs::symlink("usr/bin", root.join("bin")).expect("it can be done");
    for folder in ["tmp", "etc", "proc", "dev", "sys"] {
        fs::create_dir_all(root.join(folder)).expect("it can be done");
    }
    write(&root.join("etc/passwd"), &format!("job:x:{USER}::/home/job:/bin/sh\n"));
    let mode = |path: &str, mode| {
        fs::set_permissions(root.join(path), fs::Permissions::from_mode(mode)).expect("it can be done");
    };
    for (name, content) in recipe.scripts {
        let path = format!("opt/deploy-runner/scripts/{name}");
        write(&root.join(&path), content);
        mode(&path, 0o755);
    }
    mode("tmp", 0o1777);
}

fn write(path: &Path, content: &str) {
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn found(program: &str) -> PathBuf {
    ["/usr/bin", "/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find_map(|path| path.canonicalize().ok())
        .unwrap_or_else(|| panic!("`{program}` is not on this machine"))
}

fn libraries_of(program: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(program).output().expect("it can be done");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let path = |line: &str| {
        line.split_whitespace()
            .find(|word| word.starts_with('/'))
            .map(PathBuf::from)
    };
    text.lines().filter_map(path).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("it can be done")).expect("it can be done");
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}
