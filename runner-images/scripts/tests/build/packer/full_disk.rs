//! A disk that is large enough for the commit and too small for what Packer writes.

use super::{script, with_template};

/// Some megabytes out of a few words.
const LARGE: &str = r#"
locals {
  line = join("", [for number in range(1000) : "0123456789"])
}
source "file" "text" {
  content = join("", [for number in range(500) : local.line])
  target  = "made.txt"
}
build {
  sources = ["source.file.text"]
}
"#;

#[test]
fn an_artifact_that_does_not_fit_ends_as_a_full_disk() {
    let (fixture, _) = with_template();
    fixture.write("image/image.pkr.hcl", LARGE);
    let commit = fixture.commit_to("main");
    script(&fixture, &commit)
        .with("--output-properties")
        .on_a_small_disk(500_000)
        .run()
        .expect_told(
            74,
            "there is no space left in `",
            "`: free some, or set TMPDIR to a larger place",
        );
    script(&fixture, &commit).run().expect_code(0);
}

#[test]
fn a_build_that_fails_with_room_on_the_disk_keeps_packers_exit_code() {
    let (fixture, _) = with_template();
    let template = super::TEMPLATE.replace(r#""env", "ls -a""#, r#""echo no space left on device >&2; exit 1""#);
    fixture.write("image/image.pkr.hcl", template);
    let commit = fixture.commit_to("main");
    let outcome = script(&fixture, &commit).on_a_small_disk(500_000).run().expect_code(1);
    assert!(outcome.stderr.contains("no space left on device"), "{}", outcome.stderr);
}
