//! The exact words of each builder. Two of the three are in no package: tests that are given kaniko or `BuildKit` by hand run these words
//! (`tests/tests/image_builder.rs`, `tests/build/image/builds.rs`).

use super::*;

fn order(words: &[&str]) -> Order {
    let fixed = [
        "x",
        "--repo=file:///r",
        "--ref=0123456789abcdef0123456789abcdef01234567",
        "--tag=registry.example.com/apps/web:1",
    ];
    Order::parse(fixed.iter().chain(words).map(Into::into)).unwrap()
}

#[track_caller]
fn check(words: &[&str], arguments: impl Fn(&Build<'_>, &Files) -> Vec<OsString>, expected: &[&str]) {
    let order = order(words);
    let build = Build {
        order: &order,
        context: "/w/checkout/app".into(),
        dockerfile: "/w/checkout/app/docker/Dockerfile".into(),
    };
    let files = Files {
        place: "/w".into(),
        store: "/w/store".into(),
        result: "/w/result".into(),
    };
    assert_eq!(arguments(&build, &files), expected);
}

#[test]
fn kaniko_gets_exactly_these_words() {
    check(
        &[
            "--tag=127.0.0.1:5000/web:2",
            "--build-arg=A=x --no-push",
            "--cache-repository=registry.example.com/cache",
        ],
        kaniko::arguments,
        &[
            "--log-format=text",
            "--context=dir:///w/checkout/app",
            "--dockerfile=/w/checkout/app/docker/Dockerfile",
            "--ignore-path=/w",
            "--label=org.opencontainers.image.revision=0123456789abcdef0123456789abcdef01234567",
            "--build-arg=A=x --no-push",
            "--destination=registry.example.com/apps/web:1",
            "--destination=127.0.0.1:5000/web:2",
            "--cache=true",
            "--cache-repo=registry.example.com/cache",
            "--digest-file=/w/result",
            "--insecure-registry=127.0.0.1:5000",
        ],
    );
    check(
        &["--no-push"],
        kaniko::arguments,
        &[
            "--log-format=text",
            "--context=dir:///w/checkout/app",
            "--dockerfile=/w/checkout/app/docker/Dockerfile",
            "--ignore-path=/w",
            "--label=org.opencontainers.image.revision=0123456789abcdef0123456789abcdef01234567",
            "--destination=registry.example.com/apps/web:1",
            "--no-push",
        ],
    );
}

#[test]
fn buildkit_gets_exactly_these_words() {
    check(
        &[
            "--builder=buildkit",
            "--tag=registry.example.com/apps/web:2",
            "--build-arg=A=b",
            "--secret=id=NPM_TOKEN",
            "--cache-repository=registry.example.com/cache",
        ],
        buildkit::arguments,
        &[
            "build",
            "--progress=plain",
            "--frontend=dockerfile.v0",
            "--local=context=/w/checkout/app",
            "--local=dockerfile=/w/checkout/app/docker",
            "--opt=filename=Dockerfile",
            "--opt=label:org.opencontainers.image.revision=0123456789abcdef0123456789abcdef01234567",
            "--opt=build-arg:A=b",
            "--secret=id=NPM_TOKEN,env=NPM_TOKEN",
            "--import-cache=type=registry,ref=registry.example.com/cache",
            "--export-cache=type=registry,ref=registry.example.com/cache,mode=max",
            "--output=type=image,\"name=registry.example.com/apps/web:1,registry.example.com/apps/web:2\",push=true",
            "--metadata-file=/w/result",
        ],
    );
    assert_eq!(
        buildkit::digest(r#"{"containerimage.digest": "sha256:ab"}"#),
        "sha256:ab"
    );
    assert_eq!(buildkit::digest("x"), "");
}

#[test]
fn buildah_gets_exactly_these_words() {
    check(
        &[
            "--builder=buildah",
            "--build-arg=A=b",
            "--secret=id=NPM_TOKEN",
            "--cache-repository=registry.example.com/cache",
        ],
        |build, files| buildah::build_arguments(build, files, Owners::All),
        &[
            "--root=/w/store/root",
            "--runroot=/w/store/run",
            "--storage-driver=vfs",
            "build",
            "--isolation=chroot",
            "--format=oci",
            "--file=/w/checkout/app/docker/Dockerfile",
            "--label=org.opencontainers.image.revision=0123456789abcdef0123456789abcdef01234567",
            "--build-arg=A=b",
            "--secret=id=NPM_TOKEN,env=NPM_TOKEN",
            "--tag=registry.example.com/apps/web:1",
            "--layers",
            "--cache-from=registry.example.com/cache",
            "--cache-to=registry.example.com/cache",
            "/w/checkout/app",
        ],
    );
}

#[test]
fn buildah_without_root_keeps_no_owners() {
    check(
        &["--builder=buildah"],
        |build, files| buildah::build_arguments(build, files, Owners::One),
        &[
            "--root=/w/store/root",
            "--runroot=/w/store/run",
            "--storage-driver=vfs",
            "--storage-opt=vfs.ignore_chown_errors=true",
            "build",
            "--isolation=chroot",
            "--format=oci",
            "--file=/w/checkout/app/docker/Dockerfile",
            "--label=org.opencontainers.image.revision=0123456789abcdef0123456789abcdef01234567",
            "--tag=registry.example.com/apps/web:1",
            "/w/checkout/app",
        ],
    );
}

#[test]
fn values_of_build_arguments_are_not_shown() {
    let words = ["--build-arg=A=hunter2", "--opt=build-arg:A=hunter2", "--file=x"].map(OsString::from);
    assert_eq!(shown(&words), "--build-arg=A=… --opt=build-arg:A=… --file=x");
}

#[test]
fn a_builder_that_pushes_by_itself_is_told_apart_from_one_that_builds() {
    for (said, pushing) in [
        (
            "INFO[0000] x\nerror checking push permissions -- make sure you entered the correct tag name, and that you are authenticated correctly, and try again: checking push permission for \"h/x:1\": POST https://h/v2/x/blobs/uploads/: UNAUTHORIZED: authentication required\n",
            true,
        ),
        (
            "error pushing image: failed to push to destination h/x:1: HEAD https://h/v2/x/manifests/1: unexpected status code 401 Unauthorized (HEAD responses have no body, use GET for details)\n",
            true,
        ),
        (
            "error pushing image: failed to push to destination h/x:1: POST https://h/v2/x/blobs/uploads/: unexpected status code 405 Method Not Allowed: Method not allowed\n\n",
            true,
        ),
        (
            "error pushing image: failed to push to destination h/x:1: TAG_INVALID: immutable\n",
            true,
        ),
        ("error: failed to solve: failed to push h/x:1: denied\n", true),
        ("failed to push x\nerror building image: error building stage\n", false),
        (
            "error: failed to solve: process \"/bin/sh -c false\" did not complete\n",
            false,
        ),
    ] {
        assert_eq!(was_pushing(said), pushing, "{said}");
    }
}
