//! Who we are to a registry.
//!
//! Responsible for the declared credential reaching the builder as the file that all builders read, in a directory that only this
//! run can enter and that ends with it. Never puts it into an argument, and shows it to nobody.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use super::arguments::Order;
use super::failure::Failure;
use crate::working_place::WorkingPlace;

const USERNAME: &str = "REGISTRY_USERNAME";
const PASSWORD: &str = "REGISTRY_PASSWORD";
const CONFIG: &str = "REGISTRY_CONFIG_JSON";
/// The builder gets the file, and none of these.
const REMOVED: [&str; 3] = [USERNAME, PASSWORD, CONFIG];

/// A directory with a `config.json` in Docker's form.
#[derive(Debug)]
pub(super) struct Credentials {
    directory: PathBuf,
}

impl Credentials {
    /// Writes the file. Without a declared credential it is empty: the registry is asked as nobody, or the builder knows another way.
    pub(super) fn prepare(order: &Order, place: &WorkingPlace) -> Result<Self, Failure> {
        let directory = place.root().join("registry");
        let refused = |source| Failure::Prepare {
            path: directory.clone(),
            source,
        };
        fs::create_dir(&directory).map_err(refused)?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(directory.join("config.json"))
            .map_err(refused)?;
        file.write_all(config(order).as_bytes()).map_err(refused)?;
        Ok(Self { directory })
    }

    /// The variables through which builders find the file, and empty ones in place of the credential itself.
    pub(super) fn environment(&self) -> impl Iterator<Item = (OsString, OsString)> {
        let removed = REMOVED.map(|name| (name.into(), OsString::new()));
        let found = [
            ("DOCKER_CONFIG".into(), self.directory.clone().into()),
            ("REGISTRY_AUTH_FILE".into(), self.directory.join("config.json").into()),
        ];
        removed.into_iter().chain(found)
    }
}

fn config(order: &Order) -> String {
    let declared = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(config) = declared(CONFIG) {
        return config;
    }
    let Some(password) = declared(PASSWORD) else {
        return json!({}).to_string();
    };
    let user = declared(USERNAME).unwrap_or_else(|| "AWS".to_owned());
    let auth = BASE64.encode(format!("{user}:{password}"));
    let auths: serde_json::Map<_, _> = order
        .tags
        .iter()
        .map(|tag| (tag.repository().registry().to_owned(), json!({ "auth": auth })))
        .collect();
    json!({ "auths": auths }).to_string()
}
