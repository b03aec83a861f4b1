//! The arguments of bubblewrap: what a run sees of this machine, and what it does not.
//!
//! Everything is refused unless it is listed here. The runner is process 1 of its own process, network, IPC, host name and user namespaces.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use gatekeeper::compiled::Network;

use crate::state::SandboxRecord;
use crate::supervisor::Job;
use crate::supervisor::words::words;

/// Where our own programs are in the sandbox.
const OWN: &str = "/opt/deploy-runner";
/// Where writing is allowed besides the volumes.
const WRITABLE: &[&str] = &["/work", "/home/job", "/tmp", "/dev"];
/// What a run may read of `/etc`: names, certificates, the loader's cache. Nothing there is secret.
const ETC: &[&str] = &[
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/pki",
    "/etc/ssl",
];
/// What a run with a network needs besides.
const ETC_NETWORK: &[&str] = &[
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
];

/// The arguments, up to and without the program that bubblewrap starts.
pub(super) fn arguments(job: &Job, record: &SandboxRecord) -> Vec<OsString> {
    let mut args = Arguments(Vec::new());
    args.words(&["--die-with-parent", "--new-session", "--clearenv", "--as-pid-1"]);
    args.words(&[
        "--unshare-user",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
    ]);
    if job.decision.network == Network::None {
        args.words(&["--unshare-net"]);
    }
    args.words(&["--uid", "1000", "--gid", "1000", "--hostname", "job"]);
    system(&mut args);
    etc(&mut args, job);
    args.words(&["--proc", "/proc", "--dev", "/dev"]);
    args.words(&["--size", &temporary_bytes(job).to_string(), "--tmpfs", "/tmp"]);
    args.bind("--bind", &job.dir.scratch().join("work"), Path::new("/work"));
    args.bind("--bind", &job.dir.scratch().join("home"), Path::new("/home/job"));
    for (name, at) in &job.decision.volumes {
        args.bind("--bind", &job.launch.volumes_dir.join(name), Path::new(at));
    }
    args.bind("--ro-bind", &record.scripts_dir, &Path::new(OWN).join("scripts"));
    args.bind("--ro-bind", &record.runner, &Path::new(OWN).join("deploy-runner"));
    args.bind(
        "--ro-bind",
        &job.launch.supervisor,
        &Path::new(OWN).join("deploy-runner-local"),
    );
    for path in &job.launch.read_only {
        args.bind("--ro-bind", path, path);
    }
    args.words(&["--remount-ro", "/", "--chdir", "/work", "--cap-drop", "ALL"]);
    args.0
}

/// What bubblewrap starts in the sandbox.
pub(super) fn entry() -> [String; 2] {
    [format!("{OWN}/deploy-runner-local"), "enter".to_owned()]
}

/// The runner's command line.
pub(super) fn runner_command(job: &Job) -> Vec<String> {
    std::iter::once(format!("{OWN}/deploy-runner"))
        .chain(words(job))
        .collect()
}

/// Where the run may write, as landlock is told.
pub(super) fn writable(job: &Job) -> Vec<PathBuf> {
    let volumes = job.decision.volumes.values().map(PathBuf::from);
    WRITABLE.iter().map(PathBuf::from).chain(volumes).collect()
}

/// `/tmp` is memory: half of what the run may use, so that filling it fails there and not by the memory ceiling.
fn temporary_bytes(job: &Job) -> u64 {
    u64::from(job.request.size.memory) * 1024 * 1024 / 2
}

/// `/usr`, and the folders beside it that are links into it on most systems and folders of their own on some.
fn system(args: &mut Arguments) {
    args.bind("--ro-bind", Path::new("/usr"), Path::new("/usr"));
    for beside in ["/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"] {
        let path = Path::new(beside);
        match fs::read_link(path) {
            Ok(target) => args.bind("--symlink", &target, path),
            Err(_not_a_link) => args.bind("--ro-bind-try", path, path),
        }
    }
}

fn etc(args: &mut Arguments, job: &Job) {
    let network: &[&str] = match job.decision.network {
        Network::None => &[],
        Network::Host => ETC_NETWORK,
    };
    for path in ETC.iter().chain(network) {
        args.bind("--ro-bind-try", Path::new(path), Path::new(path));
    }
    for name in ["passwd", "group"] {
        args.bind("--ro-bind", &job.dir.path().join(name), &Path::new("/etc").join(name));
    }
}

struct Arguments(Vec<OsString>);

impl Arguments {
    fn words(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn bind(&mut self, how: &str, from: &Path, to: &Path) {
        self.0.extend([how.into(), from.into(), to.into()]);
    }
}
