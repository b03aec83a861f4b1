//! A registry of images that asks for a password: the real `docker-registry`, on the loopback address.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::planted::need;
use crate::product::{self, Place};

/// Who may use it.
pub const USER: &str = "carol";
/// The password of that user.
pub const PASSWORD: &str = "planted-registry-password+/=?";
/// Both, hashed with bcrypt.
const HTPASSWD: &str = "carol:$2b$05$abcdefghijklmnopqrstuuZztazdW4xSwyoeyIz8IPLH6KFBp2Mai\n";

/// A registry that asks for a password, and ends with the test.
#[derive(Debug)]
pub struct Registry {
    process: Child,
    port: u16,
}

impl Registry {
    /// Starts one; its files are the place's.
    pub fn start(place: &Place) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let port = free.local_addr().expect("it has an address").port();
        drop(free);
        let users = place.write("htpasswd", HTPASSWD);
        let configuration = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp: {{ addr: 127.0.0.1:{port} }}\nauth: {{ htpasswd: {{ realm: tests, path: {} }} }}\n",
            place.join("registry").display(),
            users.display()
        );
        let process = Command::new(need("docker-registry"))
            .arg("serve")
            .arg(place.write("registry.yml", configuration))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the registry starts");
        let registry = Self { process, port };
        product::wait_until("the registry answers", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        registry
    }

    /// Its name, as images begin with it.
    pub fn name(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What was pushed, unpacked into a folder. The password goes through a file, which is gone afterwards.
    pub fn copy(&self, image: &str, to: &Path, place: &Place) {
        let auth = STANDARD.encode(format!("carol:{PASSWORD}"));
        let auths = serde_json::json!({"auths": {self.name(): {"auth": auth}}});
        let file = place.write("auth.json", auths.to_string());
        let mut skopeo = product::command(&need("skopeo"));
        skopeo.args([
            "copy",
            "--quiet",
            "--src-tls-verify=false",
            "--dest-decompress",
            "--authfile",
        ]);
        skopeo.arg(&file).arg(format!("docker://{image}:1"));
        product::run(skopeo.arg(format!("dir:{}", to.display()))).with(0);
        fs::remove_file(file).expect("it is there");
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
