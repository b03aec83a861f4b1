//! Secrets that a test plants, and where it looks for them.
//!
//! Responsible for every form in which somebody could know a secret again, and for looking at processes with the eyes of another user.
//! Never trusts itself: what it looks with has to find what is planted for it to be found.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tempfile::TempDir;

use crate::product;

/// A user that owns nothing.
const NOBODY: &str = "65534";
/// Two texts that the watcher has to find: among the arguments of somebody else's process, and in the environment of its own user's.
const IN_ARGUMENTS: &str = "planted-among-arguments-to-be-found";
const IN_ENVIRONMENT: &str = "planted-in-an-environment-to-be-found";

/// The forms in which a secret can be known again: itself, in hexadecimal digits, as a part of an address, and in base64 wherever it
/// stands in what was encoded.
pub fn forms(secret: &str) -> Vec<String> {
    let percent = |upper: bool| -> String {
        let encoded = secret.bytes().map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ if upper => format!("%{byte:02X}"),
            _ => format!("%{byte:02x}"),
        });
        encoded.collect()
    };
    let base64 = |before: usize| -> String {
        let shifted = [&[0; 2][..before], secret.as_bytes()].concat();
        let encoded = STANDARD_NO_PAD.encode(&shifted);
        let first = before + usize::from(before > 0);
        // The last characters depend on what follows.
        encoded[first..encoded.len() - 2].to_owned()
    };
    let mut forms = vec![
        secret.to_owned(),
        hex::encode(secret),
        hex::encode_upper(secret),
        percent(true),
        percent(false),
    ];
    forms.extend((0..3).map(base64));
    forms
}

/// Which of these texts are in there.
pub fn found_in(bytes: &[u8], texts: &[String]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    texts.iter().filter(|wanted| text.contains(*wanted)).cloned().collect()
}

/// Every file below a folder that holds one of these texts, or is called by one.
pub fn found_below(folder: &Path, texts: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        let kind = entry.file_type().expect("its kind can be asked");
        let mut seen = found_in(path.as_os_str().as_encoded_bytes(), texts);
        if kind.is_dir() {
            found.extend(found_below(&path, texts));
        } else if kind.is_file() {
            seen.extend(found_in(&fs::read(&path).unwrap_or_default(), texts));
        }
        if !seen.is_empty() {
            found.push(format!("{}: {seen:?}", path.display()));
        }
    }
    found
}

/// Somebody without any right who reads the arguments and environments of all processes, again and again.
#[derive(Debug)]
pub struct Watcher {
    watching: Child,
    /// Two processes that it has to find.
    controls: [Child; 2],
    place: TempDir,
}

impl Watcher {
    /// Begins to look for these texts.
    pub fn start(texts: &[String]) -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("a folder can be opened");
        let wanted = place.path().join("wanted");
        let controls = [IN_ARGUMENTS.to_owned(), IN_ENVIRONMENT.to_owned()];
        fs::write(&wanted, [texts, &controls].concat().join("\n")).expect("a file can be written");
        let look = "while :; do grep --text --only-matching --no-messages --fixed-strings --file=\"$0\" \
                    /proc/[0-9]*/cmdline /proc/[0-9]*/environ; done";
        let watching = as_nobody()
            .args(["/bin/sh", "-c", look])
            .arg(&wanted)
            .stdout(File::create(place.path().join("found")).expect("a file can be made"))
            .spawn()
            .expect("setpriv is there");
        let in_arguments = showing(IN_ARGUMENTS);
        let in_environment = as_nobody()
            .args(["/bin/sleep", "600"])
            .env("CONTROL", IN_ENVIRONMENT)
            .spawn()
            .expect("setpriv is there");
        Self {
            watching,
            controls: [in_arguments, in_environment],
            place,
        }
    }

    /// What it found, each as the file and the text. Waits until it has found what it has to.
    #[track_caller]
    pub fn found(&self) -> Vec<String> {
        let controls = [("/cmdline:", IN_ARGUMENTS), ("/environ:", IN_ENVIRONMENT)];
        let found = || fs::read_to_string(self.place.path().join("found")).expect("it writes");
        product::wait_until("the watcher has found what is there for it", || {
            controls
                .iter()
                .all(|(file, text)| found().contains(&format!("{file}{text}")))
        });
        let found = found();
        let lines = found
            .lines()
            .filter(|line| controls.iter().all(|(_, text)| !line.ends_with(text)));
        lines.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        for process in self.controls.iter_mut().chain([&mut self.watching]) {
            drop(process.kill());
            drop(process.wait());
        }
    }
}

fn as_nobody() -> Command {
    let mut command = product::command(Path::new("setpriv"));
    command
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"])
        .current_dir("/")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A process that has a text among its arguments, and does nothing.
fn showing(text: &str) -> Child {
    product::command(Path::new("tail"))
        .args(["--follow", "/dev/null", text])
        .current_dir("/")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("tail is there")
}

/// A program that the tests need, or how to get it.
#[track_caller]
pub fn need(program: &str) -> PathBuf {
    ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("`{program}` is needed for the tests: run `scripts/setup.sh test`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_again_in_every_form_and_wherever_it_stands() {
        let texts = forms("hunter2+/=?-and-more");
        let credential = STANDARD_NO_PAD.encode("x-access-token:hunter2+/=?-and-more");
        for shown in [
            "password=hunter2+/=?-and-more;",
            "https://carol:hunter2%2B%2F%3D%3F-and-more@example.com",
            "68756e746572322b2f3d3f2d616e642d6d6f7265",
            &credential,
            &STANDARD_NO_PAD.encode("a:hunter2+/=?-and-more and what follows"),
            &STANDARD_NO_PAD.encode("{\"password\":\"hunter2+/=?-and-more\"}"),
        ] {
            assert!(!found_in(shown.as_bytes(), &texts).is_empty(), "{shown}");
        }
        assert_eq!(found_in(b"hunter2", &texts), Vec::<String>::new());
    }

    #[test]
    fn another_user_sees_arguments_and_no_environment_that_is_not_its_own() {
        let secret = "a-secret-that-a-careless-program-shows";
        let watcher = Watcher::start(&forms(secret));
        let mut careful = product::command(Path::new("/bin/sleep"))
            .arg("600")
            .env("SECRET", secret)
            .stdout(Stdio::null())
            .spawn()
            .expect("sleep is there");
        assert_eq!(watcher.found(), Vec::<String>::new());
        let mut careless = showing(secret);
        product::wait_until("what is among arguments is found", || !watcher.found().is_empty());
        for process in [&mut careful, &mut careless] {
            process.kill().expect("it can be ended");
            process.wait().expect("it has ended");
        }
        let found = watcher.found();
        assert!(
            found
                .iter()
                .all(|line| line.contains("/cmdline:") && line.ends_with(secret)),
            "{found:?}"
        );
    }
}
