//! A real Docker daemon with a containerd of its own, on a network of its own. Needs root.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::network::Network;
use crate::service::{Service, unmount_all_below, wait_for_listener};

/// A daemon ends its containers, and then itself, within this time.
const END_TIMEOUT: Duration = Duration::from_secs(30);
/// Where `scripts/setup.sh test` unpacks Docker when the machine has none. Nothing is installed, and no service of the machine starts.
const UNPACKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools/docker/usr");

/// The daemon, as long as it is not dropped.
#[derive(Debug)]
pub struct Docker {
    folder: TempDir,
    daemon: Child,
}

impl Docker {
    /// A daemon without images. The machine's addresses, bridges and packet filters are those of this network.
    pub fn start(network: &Network) -> Self {
        let folder = tempfile::Builder::new().prefix("deploy-runner-docker-").tempdir();
        let folder = folder.expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        // Without it, the daemon reads and writes in `/etc/docker`.
        fs::create_dir(at("etc")).expect("it can be done");
        fs::write(at("etc/daemon.json"), "{}").expect("it can be done");
        let log = at("daemon.log");
        let output = fs::File::create(&log).expect("it can be done");
        let mut command = with_programs("dockerd", folder.path());
        command
            .arg("--config-file")
            .arg(at("etc/daemon.json"))
            .arg("--data-root")
            .arg(at("data"))
            .arg("--exec-root")
            .arg(at("exec"))
            .arg("--pidfile")
            .arg(at("pid"))
            .arg(format!("--host=unix://{}", at("engine.sock").display()))
            .arg("--storage-driver=vfs")
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("it can be done"))
            .stderr(output);
        let daemon = network.on_the_machine(|| command.spawn());
        let daemon = daemon.unwrap_or_else(|error| panic!("dockerd: {error}: `scripts/setup.sh test` gets it"));
        let docker = Self { folder, daemon };
        wait_for_listener(&docker.socket(), &log);
        docker
    }
}

impl Service for Docker {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self) -> Command {
        let mut command = with_programs("docker", self.folder.path());
        command.env("DOCKER_HOST", self.address());
        command
    }

    fn built_here(&self, name: &str) -> String {
        format!("{name}:latest")
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // Told to end, it ends its containers and its containerd. Killed, it would leave both.
        if let Ok(pid) = i32::try_from(self.daemon.id()) {
            kill(Pid::from_raw(pid), Signal::SIGTERM).ok();
        }
        let until = Instant::now() + END_TIMEOUT;
        while matches!(self.daemon.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(self.daemon.kill());
        drop(self.daemon.wait());
        unmount_all_below(self.folder.path());
    }
}

fn with_programs(program: &str, home: &Path) -> Command {
    let path = format!("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:{UNPACKED}/sbin:{UNPACKED}/bin");
    // A program is looked for on this process's own PATH.
    let found = path.split(':').map(|folder| Path::new(folder).join(program));
    let found = found.into_iter().find(|place| place.is_file());
    let mut command = Command::new(found.unwrap_or_else(|| program.into()));
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", home)
        .env("TMPDIR", home)
        .current_dir(home);
    command
}
