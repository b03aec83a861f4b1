//! Repositories that try to bring files of this machine into an image. Named after rows of THREATS.md.

use std::fs;

use super::{registry, script, skopeo, tag, with_image};

#[test]
fn row_10_no_link_brings_a_file_from_outside_the_checkout_into_an_image() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    let secret = "only-on-this-machine";
    let outside = fixture.path("outside");
    fs::write(&outside, secret).unwrap();
    fs::write(fixture.path("Dockerfile"), "FROM scratch\n").unwrap();
    fixture.link("app/leak", outside.to_str().unwrap());
    fixture.link("app/out.Dockerfile", fixture.path("Dockerfile").to_str().unwrap());
    fixture.link("elsewhere", fixture.path("").to_str().unwrap());
    fixture.write("app/Dockerfile", "FROM scratch\nCOPY . /all\n");
    fixture.write("app/one.Dockerfile", "FROM scratch\nCOPY leak /leak\n");
    let commit = fixture.commit_to("main");
    for (option, value) in [("--context-path", "elsewhere"), ("--dockerfile", "out.Dockerfile")] {
        let outcome = script(&fixture, &commit, &server)
            .instead(option, value)
            .run()
            .expect_code(77);
        assert!(
            outcome.stderr.contains("leads out of the repository through a link"),
            "{}",
            outcome.stderr
        );
    }
    script(&fixture, &commit, &server).run().expect_code(0);
    let copy = fixture.path("copy");
    let source = format!("docker://{}", tag(&server, "1"));
    skopeo(&[
        "copy",
        "--src-tls-verify=false",
        "--dest-decompress",
        &source,
        &format!("dir:{}", copy.display()),
    ]);
    for entry in fs::read_dir(copy).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(secret));
    }
    // The link's target does not exist in the context, so there is nothing to copy.
    script(&fixture, &commit, &server)
        .with("--dockerfile=one.Dockerfile")
        .with("--no-push")
        .run()
        .expect_code(1);
}

#[test]
fn row_12_no_file_of_the_repository_takes_the_place_of_a_program() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    let mark = fixture.path("evil-ran");
    for name in ["buildah", "skopeo", "app/buildah", "app/skopeo"] {
        fixture.write(name, format!("#!/bin/sh\ntouch '{}'\n", mark.display()));
        let file = fixture.path("work").join(name);
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let commit = fixture.commit_to("main");
    let path = std::env::join_paths([".", "app", "/usr/bin", "/bin"]).unwrap();
    script(&fixture, &commit, &server)
        .with("--idempotent")
        .env("PATH", path)
        .run()
        .expect_code(0);
    assert!(!mark.exists());
}
