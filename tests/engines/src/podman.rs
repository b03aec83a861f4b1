//! A real Podman service.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::service::{Service, unmount_all_below, wait_for_listener};

/// Nothing of this machine's own configuration counts. The other kind of network keeps files outside of the folder.
const CONFIGURATION: &str = "[network]\nnetwork_backend = \"netavark\"\n";

/// The service, as long as it is not dropped.
#[derive(Debug)]
pub struct Podman {
    folder: TempDir,
    service: Option<Child>,
    rootless: bool,
}

/// Becomes somebody without rights, who may use these numbers of users and groups. Says so in a view of the files of its own.
const BECOME_NOBODY: &str = "mount --bind \"$1\" /etc/subuid && mount --bind \"$1\" /etc/subgid && shift && \
    exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all -- \"$@\"";
const NUMBERS: &str = "nobody:100000:65536\n";
const NOBODY: u32 = 65_534;

impl Podman {
    /// A service without images.
    pub fn start() -> Self {
        Self::start_with_registries(&[])
    }

    /// A service that speaks to these registries (`127.0.0.1:PORT`) without encryption.
    pub fn start_with_registries(registries: &[String]) -> Self {
        Self::start_as(false, registries)
    }

    /// A service of somebody without rights. Needs root itself, to become that.
    pub fn start_rootless() -> Self {
        Self::start_as(true, &[])
    }

    fn start_as(rootless: bool, registries: &[String]) -> Self {
        let folder = tempfile::Builder::new().prefix("deploy-runner-podman-").tempdir();
        let folder = folder.expect("a temporary folder");
        let entries: Vec<String> = registries
            .iter()
            .map(|registry| format!("[[registry]]\nlocation = {registry:?}\ninsecure = true\n"))
            .collect();
        fs::write(folder.path().join("registries.conf"), entries.concat()).expect("it can be done");
        fs::write(folder.path().join("containers.conf"), CONFIGURATION).expect("it can be done");
        if rootless {
            fs::write(folder.path().join("numbers"), NUMBERS).expect("it can be done");
            for place in [folder.path(), &folder.path().join("user")] {
                fs::create_dir_all(place).expect("it can be done");
                std::os::unix::fs::chown(place, Some(NOBODY), Some(NOBODY)).expect("it can be done as root");
            }
        }
        let mut podman = Self {
            folder,
            service: None,
            rootless,
        };
        podman.serve();
        podman
    }

    /// Starts the service, again after [`Podman::stop_service`].
    pub fn serve(&mut self) {
        let log = self.folder.path().join("service.log");
        let output = fs::File::create(&log).expect("it can be done");
        let mut command = self.command();
        command
            .args(["system", "service", "--time=0"])
            .arg(self.address())
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("it can be done"))
            .stderr(output);
        self.service = Some(command.spawn().expect("it can be done"));
        wait_for_listener(&self.socket(), &log);
    }

    /// What a crash of a daemon is: nobody answers any more.
    pub fn stop_service(&mut self) {
        if let Some(mut service) = self.service.take() {
            // A rootless one goes on in a child, which does not always end with its parent.
            let going_on = if self.rootless {
                children_of(service.id())
            } else {
                Vec::new()
            };
            service.kill().expect("it can be done");
            for child in going_on {
                drop(Command::new("kill").args(["-KILL", &child]).output());
            }
            service.wait().expect("it can be done");
        }
        fs::remove_file(self.socket()).ok();
    }
}

/// The processes that a process has started, as any of its threads.
fn children_of(process: u32) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{process}/task"))
        .into_iter()
        .flatten()
        .flatten();
    threads
        .map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default())
        .flat_map(|children| children.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

impl Service for Podman {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self) -> Command {
        let at = |name: &str| self.folder.path().join(name);
        let mut command = if self.rootless {
            let mut command = Command::new("unshare");
            command
                .args(["--mount", "sh", "-c", BECOME_NOBODY, "sh"])
                .arg(at("numbers"))
                .arg("podman");
            command
        } else {
            Command::new("podman")
        };
        command
            .env_clear()
            .env("XDG_RUNTIME_DIR", at("user"))
            // Its monitors leave files where they were started.
            .current_dir(self.folder.path())
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env("CONTAINERS_CONF", at("containers.conf"))
            .env("CONTAINERS_REGISTRIES_CONF", at("registries.conf"))
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

    fn built_here(&self, name: &str) -> String {
        format!("localhost/{name}:latest")
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // A test that failed may have left something: it must not outlive the test.
        drop(
            self.command()
                .args(["rm", "--force", "--all", "--volumes", "--time", "0"])
                .output(),
        );
        self.stop_service();
        // What holds a rootless Podman's user namespace, and outlives every command.
        let pause = fs::read_to_string(self.folder.path().join("user/libpod/tmp/pause.pid")).unwrap_or_default();
        if !pause.trim().is_empty() {
            drop(Command::new("kill").args(["-KILL", pause.trim()]).output());
        }
        unmount_all_below(self.folder.path());
    }
}
