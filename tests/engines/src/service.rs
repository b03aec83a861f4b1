//! What tests ask of a container engine, whichever it is: both command lines take the same words.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::recipe::Recipe;
use crate::succeed;

/// A daemon on a busy machine listens within this time.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// A container engine that runs as long as it is not dropped.
pub trait Service {
    /// Where it keeps everything.
    fn folder(&self) -> &Path;

    /// Its command line, over the same store.
    fn command(&self) -> Command;

    /// The full name of an image that is built here under a bare one.
    fn built_here(&self, name: &str) -> String;

    /// Where it listens.
    fn socket(&self) -> PathBuf {
        self.folder().join("engine.sock")
    }

    /// The same as `DOCKER_HOST` says it.
    fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Makes an image of this machine's programs, the runner and scripts.
    fn add_image(&self, recipe: &Recipe<'_>) {
        let archive = self.folder().join("image.tar");
        recipe.write(&archive);
        let mut import = self.command();
        import.arg("import").args(recipe.changes());
        succeed(import.arg(&archive).arg(self.built_here(recipe.name)));
        fs::remove_file(archive).expect("it can be done");
    }

    /// The words of a successful command.
    fn answer(&self, words: &[&str]) -> String {
        let output = succeed(self.command().args(words));
        String::from_utf8(output.stdout)
            .expect("it can be done")
            .trim()
            .to_owned()
    }

    /// Containers and volumes, running or not.
    fn things(&self) -> Vec<String> {
        let containers = self.answer(&["ps", "--all", "--format", "{{.Names}}"]);
        let volumes = self.answer(&["volume", "ls", "--format", "{{.Name}}"]);
        containers.lines().chain(volumes.lines()).map(str::to_owned).collect()
    }
}

/// Waits until somebody listens there.
pub(crate) fn wait_for_listener(socket: &Path, log: &Path) {
    let until = Instant::now() + START_TIMEOUT;
    while UnixStream::connect(socket).is_err() {
        let said = || fs::read_to_string(log).unwrap_or_default();
        assert!(Instant::now() < until, "no container engine listens: {}", said());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A container that was ended half-way leaves its root mounted, and then the folder could not be removed.
pub(crate) fn unmount_all_below(folder: &Path) {
    let folder = folder.display().to_string();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let at = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    for place in at.filter(|place| place.starts_with(&folder)) {
        drop(Command::new("umount").args(["--lazy", place]).output());
    }
}
