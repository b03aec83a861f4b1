//! What is built and pushed can be pulled back and run; a second time there is nothing to do.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::{DOCKERFILE, registry, script, skopeo, tag, with_image, with_program};
use crate::fixture::{Fixture, Outcome, need, wait_for};

fn inspected(name: &str) -> Value {
    let text = skopeo(&["inspect", "--tls-verify=false", &format!("docker://{name}")]);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_image_is_pushed_pulled_back_and_run_and_not_built_again() {
    let (fixture, commit) = with_program();
    let server = registry(&fixture, None);
    let build = || {
        script(&fixture, &commit, &server)
            .with(format!("--tag={}", tag(&server, "latest")))
            .with("--build-arg=APP_VERSION=1.2.3")
            .with("--idempotent")
    };
    let first = build().run().expect_code(0);
    let line = first.line();
    assert_eq!(
        (&line["outcome"], &line["commit"]),
        (&Value::from("pushed"), &Value::from(commit.clone()))
    );
    let images = line["images"].as_array().unwrap();
    assert_eq!(images.len(), 2);
    for (image, version) in images.iter().zip(["1", "latest"]) {
        assert_eq!(image["name"], tag(&server, version));
        assert_eq!(image["digest"], inspected(&tag(&server, version))["Digest"]);
    }
    let labels = &inspected(&tag(&server, "1"))["Labels"];
    assert_eq!(labels["version"], "1.2.3");
    assert_eq!(labels["org.opencontainers.image.revision"], commit);

    let second = build().run().expect_code(0);
    assert_eq!(second.line()["outcome"], "exists");
    assert_eq!(second.line()["images"], line["images"]);
    assert!(second.stderr.contains("nothing was built"), "{}", second.stderr);
    assert!(!second.stderr.contains("fetching"), "{}", second.stderr);

    // One tag that is missing is a reason to build.
    let third = build()
        .with(format!("--tag={}", tag(&server, "2")))
        .run()
        .expect_code(0);
    assert_eq!(third.line()["outcome"], "pushed");
    assert_eq!(run(&fixture.path("pulled"), &tag(&server, "2")), "hello\n");
}

/// Pulls an image into a store of its own, and runs its program in its own files.
fn run(place: &Path, name: &str) -> String {
    fs::create_dir(place).unwrap();
    let buildah = |arguments: &[&str]| {
        let output = Command::new(need("buildah", "buildah"))
            .arg(format!("--root={}", place.join("root").display()))
            .arg(format!("--runroot={}", place.join("run").display()))
            .arg("--storage-driver=vfs")
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let container = buildah(&["from", "--tls-verify=false", name]);
    let files = buildah(&["mount", &container]);
    let output = Command::new(need("bwrap", "bubblewrap"))
        .args(["--ro-bind", &files, "/", "--unshare-all", "--", "/hello"])
        .output()
        .unwrap();
    buildah(&["umount", &container]);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn without_a_push_nothing_is_sent_anywhere() {
    let (fixture, commit) = with_image();
    let server = registry(&fixture, None);
    let outcome = script(&fixture, &commit, &server)
        .with("--no-push")
        .run()
        .expect_code(0);
    assert_eq!(outcome.line()["outcome"], "built");
    assert_eq!(outcome.line()["images"], serde_json::json!([]));
    assert!(!fixture.path("registry").exists());
}

#[test]
fn a_secret_is_there_for_one_step_and_in_no_layer_output_or_file() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    // The one program that a build without any base can run is our own.
    let base = busy_base(&fixture.path("work/app"));
    fixture.write(
        "app/Dockerfile",
        format!(
            "FROM scratch\nCOPY {base} /\nRUN --mount=type=secret,id=TOKEN [\"/bin/dash\", \"-c\", \"read t < /run/secrets/TOKEN; echo ${{#t}} > /length\"]\n"
        ),
    );
    let commit = fixture.commit_to("main");
    let secret = "a-secret-that-nobody-may-see";
    let outcome = script(&fixture, &commit, &server)
        .with("--secret=id=TOKEN")
        .with("--log-level=debug")
        .env("TOKEN", secret)
        .run()
        .expect_code(0);
    assert!(!format!("{outcome:?}").contains(secret));
    let holds = held(&fixture, &tag(&server, "1"));
    assert!(holds("length"), "the step with the secret left its mark");
    assert!(!holds(secret));
    script(&fixture, &commit, &server)
        .with("--secret=id=TOKEN")
        .run()
        .expect_reason(
            78,
            "the secret `TOKEN` is not there: declare it for this container in the allow-list",
        );
}

/// Tells whether a text is anywhere in an image's layers, configuration or manifest.
fn held(fixture: &Fixture, name: &str) -> impl Fn(&str) -> bool + use<> {
    let copy = fixture.path("copy");
    skopeo(&[
        "copy",
        "--src-tls-verify=false",
        "--dest-decompress",
        &format!("docker://{name}"),
        &format!("dir:{}", copy.display()),
    ]);
    let entries = fs::read_dir(copy).unwrap();
    let files: Vec<_> = entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    move |text| {
        let in_file = |file: &Vec<u8>| file.windows(text.len()).any(|part| part == text.as_bytes());
        files.iter().any(in_file)
    }
}

/// `BuildKit` is in no package, so this is given one:
///
/// ```sh
/// BUILDCTL=/path/to/buildctl BUILDKIT_HOST=unix:///run/buildkit/buildkitd.sock \
///   cargo nextest run -p deploy-scripts --test build --run-ignored only -E 'test(buildkit)'
/// ```
#[test]
#[ignore = "needs BuildKit, named by BUILDCTL and BUILDKIT_HOST"]
fn buildkit_builds_pushes_skips_and_keeps_a_secret_out_of_the_image() {
    let (fixture, _) = with_image();
    let daemon = given_buildkit(&fixture);
    let server = registry(&fixture, None);
    let base = busy_base(&fixture.path("work/app"));
    let text = format!(
        "FROM scratch\nARG APP_VERSION=none\nLABEL version=$APP_VERSION\nCOPY {base} /\n\
         RUN --mount=type=secret,id=TOKEN [\"/bin/dash\", \"-c\", \"read t < /run/secrets/TOKEN; echo ${{#t}} > /length\"]\n"
    );
    fixture.write("app/Dockerfile", &text);
    let commit = fixture.commit_to("main");
    let secret = "a-secret-that-nobody-may-see";
    let build = |commit: &str, daemon: &str| {
        script(&fixture, commit, &server)
            .instead("--builder", "buildkit")
            .with(format!("--tag={}", tag(&server, "latest")))
            .with(format!("--cache-repository=127.0.0.1:{}/cache", server.port))
            .with("--build-arg=APP_VERSION=1.2.3")
            .with("--secret=id=TOKEN")
            .with("--log-level=debug")
            .env("TOKEN", secret)
            .env("BUILDKIT_HOST", daemon)
    };
    let first = build(&commit, &daemon).with("--idempotent").run().expect_code(0);
    assert!(!format!("{first:?}").contains(secret));
    assert_eq!(first.line()["outcome"], "pushed");
    let seen = inspected(&tag(&server, "latest"));
    assert_eq!(first.line()["images"][0]["digest"], seen["Digest"]);
    assert_eq!(first.line()["images"][1]["digest"], seen["Digest"]);
    assert_eq!(seen["Labels"]["version"], "1.2.3");
    assert_eq!(seen["Labels"]["org.opencontainers.image.revision"], commit);
    let held = held(&fixture, &tag(&server, "1"));
    assert!(held("length") && !held(secret));
    assert_eq!(
        build(&commit, &daemon).with("--idempotent").run().expect_code(0).line()["outcome"],
        "exists"
    );

    let unpushed = build(&commit, &daemon).with("--no-push").run().expect_code(0);
    assert_eq!(unpushed.line()["outcome"], "built");
    assert_eq!(unpushed.line()["images"], serde_json::json!([]));
    fixture.write(
        "app/Dockerfile",
        format!("{text}RUN [\"/bin/dash\", \"-c\", \"exit 3\"]\n"),
    );
    let failing = fixture.commit_to("main");
    build(&failing, &daemon).run().expect_code(1);
    let gone = format!("unix://{}", fixture.path("no.sock").display());
    let alone = build(&commit, &gone).run().expect_code(69);
    assert!(
        alone.stderr.contains("no BuildKit daemon answers: "),
        "{}",
        alone.stderr
    );
}

/// Puts the given client before all others, and answers where the daemon is.
fn given_buildkit(fixture: &Fixture) -> String {
    let named = |name: &str| std::env::var(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    fixture.replace_program("buildctl", &format!("exec '{}' \"$@\"", named("BUILDCTL")));
    named("BUILDKIT_HOST")
}

#[test]
#[ignore = "needs BuildKit, named by BUILDCTL and BUILDKIT_HOST"]
fn what_buildkit_pushes_and_a_registry_refuses_is_no_failed_build() {
    let (fixture, commit) = with_image();
    let daemon = given_buildkit(&fixture);
    let users = fixture.path("htpasswd");
    fs::write(&users, HTPASSWD).unwrap();
    let server = registry(&fixture, Some(&users));
    let build = |password: &str| {
        script(&fixture, &commit, &server)
            .instead("--builder", "buildkit")
            .env("BUILDKIT_HOST", &daemon)
            .env("REGISTRY_USERNAME", "carol")
            .env("REGISTRY_PASSWORD", password)
    };
    build("wrong").run().expect_told(
        78,
        &format!("cannot push `{}`: ", tag(&server, "1")),
        "; declare or correct REGISTRY_USERNAME and REGISTRY_PASSWORD, or REGISTRY_CONFIG_JSON, for one that may do that there",
    );
    assert_eq!(build("hunter2").run().expect_code(0).line()["outcome"], "pushed");
}

#[test]
fn a_missing_daemon_of_buildkit_is_no_failed_build_and_told_before_anything_is_built() {
    let (fixture, commit) = with_image();
    let server = registry(&fixture, None);
    let built = fixture.path("built");
    let client = format!(
        "[ \"$1\" = debug ] && {{ echo 'error: listing workers: no such file' >&2; exit 1; }}; touch {}",
        built.display()
    );
    fixture.replace_program("buildctl", &client);
    script(&fixture, &commit, &server)
        .instead("--builder", "buildkit")
        .env("BUILDKIT_HOST", "unix:///no/such.sock")
        .run()
        .expect_told(
            69,
            "no BuildKit daemon answers: error: listing workers: no such file",
            ": start `buildkitd` and name it in BUILDKIT_HOST",
        );
    assert!(!built.exists());
}

/// A shell with the libraries that it needs, in a directory of the context.
pub(super) fn busy_base(context: &Path) -> &'static str {
    let base = context.join("base");
    for file in [
        "/bin/dash",
        "/lib/x86_64-linux-gnu/libc.so.6",
        "/lib64/ld-linux-x86-64.so.2",
    ] {
        let target = base.join(file.trim_start_matches('/'));
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
    "base"
}

#[test]
fn the_build_sees_the_context_without_history_and_without_our_environment() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    let base = busy_base(&fixture.path("work"));
    fixture.write(
        "Dockerfile",
        format!("FROM scratch\nCOPY {base} /\nCOPY . /context\nRUN [\"/bin/dash\", \"-c\", \"echo seen: /context/* /context/.*; set\"]\n"),
    );
    let commit = fixture.commit_to("main");
    let outcome = script(&fixture, &commit, &server)
        .instead("--context-path", ".")
        .with("--no-push")
        .env("GIT_TOKEN", "hunter2")
        .env("REGISTRY_PASSWORD", "hunter3")
        .env("AWS_SECRET_ACCESS_KEY", "hunter4")
        .run()
        .expect_code(0);
    assert!(
        outcome.stderr.contains("seen: /context/Dockerfile /context/app"),
        "{}",
        outcome.stderr
    );
    for hidden in ["/context/.git", "hunter2", "hunter3", "hunter4"] {
        assert!(!outcome.stderr.contains(hidden), "{hidden}: {}", outcome.stderr);
    }
}

#[test]
fn a_registry_that_asks_gets_the_declared_credential_and_another_is_refused_by_it() {
    let (fixture, commit) = with_image();
    let users = fixture.path("htpasswd");
    fs::write(&users, HTPASSWD).unwrap();
    let server = registry(&fixture, Some(&users));
    let build = |password: &str| {
        script(&fixture, &commit, &server)
            .with("--log-level=debug")
            .env("REGISTRY_USERNAME", "carol")
            .env("REGISTRY_PASSWORD", password)
    };
    let outcome = build("hunter2").run().expect_code(0);
    assert_eq!(outcome.line()["outcome"], "pushed");
    let again = build("hunter2").with("--idempotent").run().expect_code(0);
    assert_eq!(again.line()["outcome"], "exists");
    let name = tag(&server, "1");
    for (script, start) in [
        (build("wrong"), format!("cannot push `{name}`: ")),
        (
            build("wrong").with("--idempotent"),
            format!("cannot ask the registry about `{name}`: "),
        ),
    ] {
        let outcome = script.run().expect_told(
            78,
            &start,
            "; declare or correct REGISTRY_USERNAME and REGISTRY_PASSWORD, or REGISTRY_CONFIG_JSON, for one that may do that there",
        );
        assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    }
}

/// `carol:hunter2`, hashed with bcrypt.
const HTPASSWD: &str = "carol:$2y$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8.\n";

#[test]
fn layers_are_kept_between_builds_and_each_image_tells_its_own_commit() {
    let (fixture, commit) = with_image();
    let server = registry(&fixture, None);
    script(&fixture, &commit, &server).run().expect_code(0);
    fixture.write(
        "app/Dockerfile",
        format!("FROM {}\nCOPY hello /again\n", tag(&server, "1")),
    );
    let cache = format!("--cache-repository=127.0.0.1:{}/cache", server.port);
    let mut said = Vec::new();
    for version in ["2", "3"] {
        fixture.write("outside", version);
        let commit = fixture.commit_to("main");
        let outcome = script(&fixture, &commit, &server)
            .instead("--tag", &tag(&server, version))
            .with(&cache)
            .run()
            .expect_code(0);
        let image = inspected(&tag(&server, version));
        assert_eq!(image["Labels"]["org.opencontainers.image.revision"], commit);
        assert_eq!(outcome.line()["images"][0]["digest"], image["Digest"]);
        said.push(outcome.stderr);
    }
    assert!(!said[0].contains("Cache pulled from remote"), "{}", said[0]);
    assert!(said[1].contains("Cache pulled from remote"), "{}", said[1]);
}

#[test]
fn a_stop_ends_the_build_and_leaves_nothing_behind() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    let base = busy_base(&fixture.path("work/app"));
    fixture.write(
        "app/Dockerfile",
        format!(
            "FROM scratch\nCOPY {base} /\nRUN [\"/bin/dash\", \"-c\", \"echo x > /step-began; while :; do :; done\"]\n"
        ),
    );
    let commit = fixture.commit_to("main");
    let build = script(&fixture, &commit, &server).start();
    wait_for("the step", || has_file(&fixture.path("tmp"), "step-began"));
    kill(Pid::from_raw(i32::try_from(build.id()).unwrap()), Signal::SIGTERM).unwrap();
    let outcome = Outcome::of(build.wait_with_output().unwrap()).expect_code(143);
    assert!(
        outcome.stderr.ends_with("error: stopped by SIGTERM\n"),
        "{}",
        outcome.stderr
    );
    assert_eq!(fs::read_dir(fixture.path("tmp")).unwrap().count(), 0);
    assert!(!fixture.path("registry").exists());
}

fn has_file(folder: &Path, name: &str) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.into_iter().any(|entry| {
        entry.file_name() == name || entry.file_type().is_ok_and(|kind| kind.is_dir()) && has_file(&entry.path(), name)
    })
}

#[test]
fn only_reviewed_commits_are_built_when_the_allow_list_says_so() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    fixture.write("app/Dockerfile", DOCKERFILE.replace("none", "other"));
    let other = fixture.commit_to("feature");
    script(&fixture, &other, &server)
        .with("--protected-ref=refs/heads/main")
        .run()
        .expect_code(77);
}
