//! Terraform for tests of the project's own modules: a copy of them in the test's place, and providers from where this machine has them.
//!
//! Responsible for an environment that nothing of this machine leaks into. Never changes a file of the repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::product::{self, Ended, Place};

/// The project's modules, examples and their tests, copied.
#[derive(Debug)]
pub struct Terraform {
    folder: PathBuf,
    home: PathBuf,
    cli_config: PathBuf,
}

impl Terraform {
    /// Copies them into the place.
    pub fn copied_to(place: &Place) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../terraform");
        let folder = place.join("terraform");
        copy(&source, &folder);
        Self {
            folder,
            home: place.path(),
            cli_config: place.write("terraform.rc", cli_config()),
        }
    }

    /// A folder below the copy.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A command in a folder below the copy.
    pub fn command(&self, folder: &str, words: &[&str]) -> Command {
        let mut command = product::command(Path::new("terraform"));
        command
            .args(words)
            .env("HOME", &self.home)
            .env("TF_CLI_CONFIG_FILE", &self.cli_config)
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(self.folder(folder));
        if provider_mirror().is_none() {
            // From the registry once, for every test: they run one at a time, as the cache needs it.
            let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/terraform-plugins");
            std::fs::create_dir_all(&cache).expect("a folder can be made");
            command
                .env("TF_PLUGIN_CACHE_DIR", cache)
                .env("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE", "1");
        }
        command
    }

    /// Gets the providers of a folder.
    #[track_caller]
    pub fn init(&self, folder: &str) {
        self.run(folder, &["init", "-backend=false", "-input=false", "-no-color"]);
    }

    /// Runs a command to a good end.
    #[track_caller]
    pub fn run(&self, folder: &str, words: &[&str]) -> Ended {
        product::run(&mut self.command(folder, words)).with(0)
    }
}

/// What Terraform left there belongs to whoever works on the modules.
fn copy(source: &Path, target: &Path) {
    std::fs::create_dir_all(target).expect("a folder can be made");
    for entry in std::fs::read_dir(source).expect("it is there") {
        let path = entry.expect("a folder can be listed").path();
        let name = path.file_name().expect("an entry has a name");
        let left_behind = name == ".terraform" || name == ".terraform.lock.hcl" || name == "build";
        if path.is_dir() && !left_behind {
            copy(&path, &target.join(name));
        } else if path.is_file() && !left_behind {
            std::fs::copy(&path, target.join(name)).expect("a file can be copied");
        }
    }
}

/// Providers come from a mirror of this machine, if it has one; otherwise Terraform asks its registry.
pub fn cli_config() -> String {
    match provider_mirror() {
        None => String::new(),
        Some(mirror) => format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n  direct {{\n    exclude = [\"registry.terraform.io/*/*\"]\n  }}\n}}\n",
            mirror.display().to_string()
        ),
    }
}

/// A folder right below one of the usual prefixes that holds providers as `terraform providers mirror` writes them.
fn provider_mirror() -> Option<PathBuf> {
    let folders_of = |folder: PathBuf| {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.filter_map(Result::ok).map(|entry| entry.path())
    };
    let prefixes = [
        "/opt",
        "/usr/share",
        "/usr/local/share",
        "/usr/local/lib",
        "/srv",
        "/var/lib",
    ];
    let candidates = prefixes.iter().map(PathBuf::from).flat_map(folders_of);
    let mut mirrors: Vec<_> = candidates
        .filter(|folder| folder.join("registry.terraform.io/hashicorp/aws").is_dir())
        .collect();
    mirrors.sort();
    mirrors.into_iter().next()
}
