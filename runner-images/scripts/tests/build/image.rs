//! `build-docker-image`.

mod attacks;
mod bad_input;
mod builds;
mod full_disk;
mod gate;
mod pins;

use std::path::Path;
use std::process::Command;

use crate::fixture::{Fixture, Script, Server, need};

pub(crate) const SCRIPT: &str = env!("CARGO_BIN_EXE_build-docker-image");

/// A program that needs nothing but the kernel, so that an image of it alone can be run.
const PROGRAM: &str = "\
.globl _start\n.text\n_start:\n\
movl $1, %eax\nmovl $1, %edi\nleaq text(%rip), %rsi\nmovl $6, %edx\nsyscall\n\
movl $60, %eax\nxorl %edi, %edi\nsyscall\n\
.data\ntext: .ascii \"hello\\n\"\n";

pub(crate) const DOCKERFILE: &str = "\
FROM scratch
ARG APP_VERSION=none
LABEL version=$APP_VERSION
COPY hello /hello
ENTRYPOINT [\"/hello\"]
";

/// A repository whose main branch has an image's files in `app`.
pub(crate) fn with_image() -> (Fixture, String) {
    need("buildah", "buildah");
    let fixture = Fixture::new();
    fixture.write("app/Dockerfile", DOCKERFILE);
    fixture.write("app/hello", "not run by most tests");
    let commit = fixture.commit_to("main");
    (fixture, commit)
}

/// The files again, with a program that can be run.
pub(crate) fn with_program() -> (Fixture, String) {
    let (fixture, _) = with_image();
    let source = fixture.path("hello.s");
    std::fs::write(&source, PROGRAM).unwrap();
    let compiled = Command::new("cc")
        .args(["-nostdlib", "-static", "-o"])
        .arg(fixture.path("work/app/hello"))
        .arg(source)
        .status()
        .unwrap();
    assert!(compiled.success());
    let commit = fixture.commit_to("main");
    (fixture, commit)
}

/// A registry on the loopback address that keeps what it gets in the fixture's place. With `users`, it asks for a password.
pub(crate) fn registry(fixture: &Fixture, users: Option<&Path>) -> Server {
    let program = need("docker-registry", "docker-registry");
    Server::start(|port| {
        let auth = users.map_or_else(String::new, |users| {
            format!("auth: {{ htpasswd: {{ realm: tests, path: {} }} }}\n", users.display())
        });
        let file = fixture.path("registry.yml");
        let configuration = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp: {{ addr: 127.0.0.1:{port} }}\n{auth}",
            fixture.path("registry").display()
        );
        std::fs::write(&file, configuration).unwrap();
        let mut command = Command::new(&program);
        command.arg("serve").arg(file);
        command
    })
}

pub(crate) fn script<'fixture>(fixture: &'fixture Fixture, commit: &str, server: &Server) -> Script<'fixture> {
    let allowed = format!("--allowed-repository=127.0.0.1:{}/apps", server.port);
    fixture
        .script(SCRIPT, commit)
        .with("--context-path=app")
        .with("--builder=buildah")
        .with(allowed)
        .with(format!("--tag={}", tag(server, "1")))
}

pub(crate) fn tag(server: &Server, version: &str) -> String {
    format!("127.0.0.1:{}/apps/web:{version}", server.port)
}

/// skopeo on something of the registry.
#[track_caller]
pub(crate) fn skopeo(arguments: &[&str]) -> String {
    let output = Command::new(need("skopeo", "skopeo")).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "skopeo {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
