//! A real `sshd` on the loopback address: its own configuration, host key and accepted key, in a mount namespace where `git` is whoever
//! runs the tests.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A key pair of SSH.
pub(crate) struct KeyPair {
    pub(crate) private: String,
    pub(crate) public: String,
}

impl KeyPair {
    /// A new one, which is in no file any more.
    pub(crate) fn make(folder: &Path) -> Self {
        let file = folder.join("new-key");
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "deploy", "-f"])
            .arg(&file)
            .status()
            .expect("ssh-keygen is needed for the tests: install the package `openssh-client`");
        assert!(made.success());
        let take = |file: PathBuf| {
            let text = fs::read_to_string(&file).unwrap();
            fs::remove_file(file).unwrap();
            text.trim_end().to_owned()
        };
        Self {
            private: take(file),
            public: take(folder.join("new-key.pub")),
        }
    }
}

/// A running server; it ends with the test.
pub(crate) struct SshServer {
    process: Child,
    port: u16,
    host_key: String,
    log: PathBuf,
}

impl SshServer {
    /// Lets whoever has the key log in as `git`. `folder` is for its files.
    pub(crate) fn serve(folder: &Path, accepted: &KeyPair) -> Self {
        let host_key = KeyPair::make(folder);
        fs::create_dir(folder.join("sshd")).unwrap();
        let file = |name: &str| folder.join("sshd").join(name);
        let write = |name: &str, text: &str| {
            fs::write(file(name), text).unwrap();
            file(name).display().to_string()
        };
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let key = write("host-key", &format!("{}\n", host_key.private));
        // sshd takes no host key that others may read.
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let accepted = write("authorized-keys", &format!("restrict {}\n", accepted.public));
        let configuration = write(
            "configuration",
            &format!(
                "ListenAddress 127.0.0.1:{port}\nHostKey {key}\nPidFile none\nLogLevel DEBUG\nUsePAM no\nStrictModes no\n\
                 AllowUsers git\nPermitRootLogin prohibit-password\nAuthorizedKeysFile {accepted}\n\
                 PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            ),
        );
        let (user, home) = (fs::metadata("/proc/self").unwrap(), folder.display());
        let accounts = write(
            "accounts",
            &format!(
                "git:x:{}:{}::{home}:/bin/sh\nsshd:x:65533:65533::/run/sshd:/bin/false\n",
                user.uid(),
                user.gid()
            ),
        );
        let log = file("log");
        let process = Command::new("bwrap")
            .args(["--die-with-parent", "--unshare-pid", "--dev-bind", "/", "/"])
            .args(["--tmpfs", "/run", "--dir", "/run/sshd"])
            .args(["--ro-bind", &accounts, "/etc/passwd", "--"])
            .args(["/usr/sbin/sshd", "-D", "-e", "-f", &configuration])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .expect("bwrap is needed for the tests: install the package `bubblewrap`");
        let server = Self {
            process,
            port,
            host_key: host_key.public,
            log,
        };
        let limit = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                Instant::now() < limit,
                "sshd does not listen (install the package `openssh-server`): {}",
                server.log()
            );
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// The address of a repository on it.
    pub(crate) fn url(&self, repository: &Path) -> String {
        format!("ssh://git@127.0.0.1:{}{}", self.port, repository.display())
    }

    /// The line of a known-hosts file for it.
    pub(crate) fn known_host(&self) -> String {
        self.with_host_key(&self.host_key)
    }

    /// The same with another key.
    pub(crate) fn with_host_key(&self, public: &str) -> String {
        format!("[127.0.0.1]:{} {public}", self.port)
    }

    /// What it has seen so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
