//! `build-packer-artifact`.

mod amazon;
mod attacks;
mod bad_input;
mod builds;
mod full_disk;
mod gate;
mod tags;

use crate::fixture::{Fixture, Script, need};

pub(crate) const SCRIPT: &str = env!("CARGO_BIN_EXE_build-packer-artifact");

/// Two builds: one writes a file, one makes nothing and runs a command here.
pub(crate) const TEMPLATE: &str = r#"
variable "word" {
  default = "first"
}
source "file" "text" {
  content = "the word is ${var.word}"
  target  = "made.txt"
}
source "null" "nothing" {
  communicator = "none"
}
build {
  sources = ["source.file.text"]
  post-processor "shell-local" {
    inline = ["cat made.txt"]
  }
}
build {
  sources = ["source.null.nothing"]
  provisioner "shell-local" {
    inline = ["env", "ls -a"]
  }
}
"#;

/// A repository whose main branch has [`TEMPLATE`] in `image/image.pkr.hcl`.
pub(crate) fn with_template() -> (Fixture, String) {
    need("packer", "packer");
    let fixture = Fixture::new();
    fixture.write("image/image.pkr.hcl", TEMPLATE);
    let commit = fixture.commit_to("main");
    (fixture, commit)
}

pub(crate) fn script<'fixture>(fixture: &'fixture Fixture, commit: &str) -> Script<'fixture> {
    fixture
        .script(SCRIPT, commit)
        .with("--template-path=image/image.pkr.hcl")
}
