//! A registry of images that asks for a password.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use container_engines::Registry;

use crate::planted::need;
use crate::product::{self, Place};

/// Who may use it.
pub const USER: &str = "carol";
/// The password of that user.
pub const PASSWORD: &str = "planted-registry-password+/=?";
/// Both, hashed with bcrypt.
const HTPASSWD: &str = "carol:$2b$05$abcdefghijklmnopqrstuuZztazdW4xSwyoeyIz8IPLH6KFBp2Mai\n";

/// Starts one.
pub fn start() -> Registry {
    Registry::start_guarded(HTPASSWD)
}

/// The credential, as a `config.json` of Docker has it.
pub fn credential(registry: &Registry) -> String {
    let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    serde_json::json!({"auths": {registry.name(): {"auth": auth}}}).to_string()
}

/// What was pushed, unpacked into a folder. The password goes through a file, which is gone afterwards.
pub fn copy(registry: &Registry, image: &str, to: &Path, place: &Place) {
    let file = place.write("auth.json", credential(registry));
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
