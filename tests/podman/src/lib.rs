//! A container engine of the test's own: a real Podman service with a store, a socket and an image in a temporary folder. Nothing is pulled,
//! and nothing is left when it ends.

#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    clippy::panic,
    reason = "this is for tests: a panic is how one fails"
)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The image's user, as in the images of this project.
pub const USER: &str = "10001:10001";
/// What scripts in the image may call.
const PROGRAMS: &[&str] = &[
    "base64", "cat", "cut", "grep", "head", "id", "ls", "mkdir", "readlink", "rm", "sed", "sh", "sleep", "sort",
    "stat", "tail", "tr", "uname", "wc",
];

/// The service, as long as it is not dropped.
#[derive(Debug)]
pub struct Podman {
    folder: TempDir,
    service: Option<Child>,
}

/// What an image is made of, besides a few programs of this machine.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<'a> {
    /// Its name; the image is `localhost/NAME:latest`.
    pub name: &'a str,
    /// The program `deploy-runner`.
    pub runner: &'a Path,
    /// Its entry point. The runner is [`RUNNER`].
    pub entrypoint: &'a [&'a str],
    /// The content of each script, by its name.
    pub scripts: &'a [(&'a str, &'a str)],
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
            format!("USER {USER}"),
            "VOLUME /tmp".to_owned(),
            "ENV PATH=/usr/local/bin:/usr/bin".to_owned(),
        ];
        changes
            .into_iter()
            .flat_map(|change| ["--change".to_owned(), change])
            .collect()
    }
}

/// Where an image has the runner.
pub const RUNNER: &str = "/usr/local/bin/deploy-runner";

impl Podman {
    /// A service without images.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("deploy-runner-podman-").tempdir();
        let mut podman = Self {
            folder: folder.expect("a temporary folder"),
            service: None,
        };
        podman.serve();
        podman
    }

    /// Where it keeps everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("podman.sock")
    }

    /// The same as `DOCKER_HOST` says it.
    pub fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Makes an image of this machine's programs, the runner and scripts.
    pub fn add_image(&self, recipe: &Recipe<'_>) {
        let archive = self.folder.path().join("image.tar");
        recipe.write(&archive);
        let mut import = self.podman();
        import.arg("import").args(recipe.changes());
        succeed(import.arg(&archive).arg(format!("localhost/{}:latest", recipe.name)));
    }

    /// Starts the service, again after [`Podman::stop_service`].
    pub fn serve(&mut self) {
        let log = fs::File::create(self.folder.path().join("service.log")).expect("it can be done");
        let mut command = self.podman();
        command
            .args(["system", "service", "--time=0"])
            .arg(format!("unix://{}", self.socket().display()))
            // Its monitors leave files where they were started.
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("it can be done"))
            .stderr(log);
        self.service = Some(command.spawn().expect("it can be done"));
        let until = Instant::now() + Duration::from_secs(30);
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            assert!(Instant::now() < until, "podman does not serve: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What a crash of a daemon is: nobody answers any more.
    pub fn stop_service(&mut self) {
        if let Some(mut service) = self.service.take() {
            service.kill().expect("it can be done");
            service.wait().expect("it can be done");
        }
        fs::remove_file(self.socket()).ok();
    }

    /// The podman command, over the same store.
    pub fn podman(&self) -> Command {
        let at = |name: &str| self.folder.path().join(name);
        let mut command = Command::new("podman");
        command
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path())
            .arg("--root")
            .arg(at("store"))
            .arg("--runroot")
            .arg(at("run"))
            .arg("--network-config-dir")
            .arg(at("networks"))
            .args([
                "--runtime",
                "runc",
                "--cgroup-manager",
                "cgroupfs",
                "--events-backend",
                "none",
            ]);
        command
    }

    /// The words of a successful podman command.
    pub fn answer(&self, words: &[&str]) -> String {
        let output = succeed(self.podman().args(words));
        String::from_utf8(output.stdout)
            .expect("it can be done")
            .trim()
            .to_owned()
    }

    /// Containers and volumes, running or not.
    pub fn things(&self) -> Vec<String> {
        let containers = self.answer(&["ps", "--all", "--format", "{{.Names}}"]);
        let volumes = self.answer(&["volume", "ls", "--format", "{{.Name}}"]);
        containers.lines().chain(volumes.lines()).map(str::to_owned).collect()
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("service.log")).unwrap_or_default()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // A test that failed may have left something: it must not outlive the test.
        drop(
            self.podman()
                .args(["rm", "--force", "--all", "--volumes", "--time", "0"])
                .output(),
        );
        self.stop_service();
        // A container that was killed half-way leaves its root mounted, and then the folder could not be removed.
        let folder = self.folder.path().display().to_string();
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let at = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for place in at.filter(|place| place.starts_with(&folder)) {
            drop(Command::new("umount").args(["--lazy", place]).output());
        }
    }
}

fn succeed(command: &mut Command) -> Output {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}: `apt-get install podman runc`"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
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
