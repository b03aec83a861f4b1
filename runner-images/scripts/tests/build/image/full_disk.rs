//! A disk that is large enough for the commit and too small for the image.

use super::{registry, script, with_image};

#[test]
fn layers_that_do_not_fit_end_as_a_full_disk_and_nothing_is_pushed() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    // Some kilobytes for git, and three megabytes in the checkout.
    fixture.write("app/hello", "abcdefgh".repeat(375_000));
    let commit = fixture.commit_to("main");
    // No room for the file in the container that is built; no room for the layer that is made of it. buildah has removed something of it when the
    // disk is looked at, or not yet.
    for size in [4_000_000, 7_000_000] {
        script(&fixture, &commit, &server)
            .on_a_small_disk(size)
            .run()
            .expect_told(74, "the", ", or set TMPDIR to a larger place");
        assert!(!fixture.path("registry").exists());
    }
    script(&fixture, &commit, &server).run().expect_code(0);
}

/// The disk is found full while the step is there, which fills it for as long as it runs.
#[test]
fn a_step_that_fills_the_disk_ends_as_a_full_disk() {
    let (fixture, _) = with_image();
    let server = registry(&fixture, None);
    let base = super::builds::busy_base(&fixture.path("work/app"));
    fixture.write(
        "app/Dockerfile",
        format!(
            "FROM scratch\nCOPY {base} /\nRUN [\"/bin/dash\", \"-ec\", \"while :; do echo 0123456789012345678901234567890123456789; done > /large\"]\n"
        ),
    );
    let commit = fixture.commit_to("main");
    script(&fixture, &commit, &server)
        .on_a_small_disk(16_000_000)
        .run()
        .expect_told(74, "the", ", or set TMPDIR to a larger place");
    assert!(!fixture.path("registry").exists());
}
