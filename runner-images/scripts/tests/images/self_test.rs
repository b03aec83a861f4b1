//! `deploy-runner --self-test` in a container: what it says about a good one, and about each that is not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::store::{BUNDLE, Container};

#[track_caller]
fn says(container: Container<'_>, code: i32, lines: &[&str]) {
    let output = container.run(&["--self-test"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.lines().collect::<Vec<_>>(), lines);
    assert_eq!(output.status.code(), Some(code), "{said}");
}

#[track_caller]
fn finds(container: Container<'_>, line: &str) {
    says(container, 1, &[&format!("self-test: {line}"), "self-test: 1 to mend"]);
}

pub(crate) fn check(files: &Path) {
    let good = Container::of(files);
    says(good, 0, &["self-test: nothing is wrong"]);
    finds(
        good.as_root(),
        "the user is root: give the image a user, such as `USER 10001:10001`",
    );
    finds(
        good.with_writable_root(),
        "the root file system is writable: run the container with a read-only root",
    );
    finds(
        good.showing(&[(Path::new("/dev/null"), BUNDLE)]),
        "there is no bundle of certificates: put one at `/etc/ssl/certs/ca-certificates.crt`",
    );
    let writable =
        "can be written by its group, by others or by the job's user: give it to root and run chmod go-w on it";
    for folder in ["/opt/deploy-runner/scripts", "/opt/deploy-runner", "/opt", "/"] {
        let path = files.join(folder.trim_start_matches('/'));
        let kept = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        finds(good, &format!("`{folder}` {writable}"));
        fs::set_permissions(&path, kept).unwrap();
    }
}
