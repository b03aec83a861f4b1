//! `amazon-ebs` against the emulated EC2: an AMI is made, told, and not made again.

use std::path::Path;
use std::process::Command;

use super::script;
use crate::fixture::{Fixture, Script, Server};

/// An image that the emulated EC2 has from the start.
pub(super) const BASE: &str = "ami-12c6146b";

/// Waiting is Packer's, and every second of it is ours too: the emulated EC2 is done at once.
fn template() -> String {
    format!(
        r#"
variable "endpoint" {{}}
variable "ami_version" {{}}
source "amazon-ebs" "web" {{
  region                      = "us-east-1"
  custom_endpoint_ec2         = var.endpoint
  skip_region_validation      = true
  skip_metadata_api_check     = true
  source_ami                  = "{BASE}"
  instance_type               = "t3.micro"
  ami_name                    = "web-${{var.ami_version}}"
  communicator                = "none"
  tags                        = {{ service = "web", version = var.ami_version }}
}}
build {{
  sources = ["source.amazon-ebs.web"]
}}
"#
    )
}

pub(super) fn emulated_ec2() -> Server {
    emulated_ec2_with(&[])
}

/// The same with these variables in its environment.
pub(super) fn emulated_ec2_with(variables: &[(&str, &str)]) -> Server {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/ground-venv/bin/python");
    assert!(
        python.is_file(),
        "the emulated AWS is needed for the tests: run `scripts/setup.sh test`"
    );
    Server::start(|port| {
        let mut command = Command::new(&python);
        command
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
            .env_clear()
            .envs(variables.iter().copied());
        command
    })
}

fn build<'fixture>(fixture: &'fixture Fixture, commit: &str, server: &Server, version: &str) -> Script<'fixture> {
    script(fixture, commit)
        .with(format!("--var=endpoint=http://127.0.0.1:{}", server.port))
        .with(format!("--var=ami_version={version}"))
        .with("--output-properties")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "a-secret-that-nobody-may-see")
        .env("AWS_EC2_METADATA_DISABLED", "true")
}

#[test]
fn an_ami_is_built_once_and_found_the_second_time() {
    let server = emulated_ec2();
    let fixture = Fixture::new();
    fixture.write("image/image.pkr.hcl", template());
    let commit = fixture.commit_to("main");
    let build = |version: &str| build(&fixture, &commit, &server, version);

    let first = build("1.2.3").with("--idempotent").run().expect_code(0);
    let line = first.line();
    assert_eq!(line["outcome"], "built");
    assert_eq!(line["artifacts"][0]["builder"], "mitchellh.amazonebs");
    let id = line["artifacts"][0]["id"].as_str().unwrap();
    let ami = id.strip_prefix("us-east-1:").unwrap();
    assert!(ami.starts_with("ami-"), "{id}");

    let second = build("1.2.3").with("--idempotent").run().expect_code(0);
    assert_eq!(second.line()["outcome"], "exists");
    assert_eq!(second.line()["artifacts"][0]["id"], ami);
    assert_eq!(second.line()["artifacts"][0]["build"], "amazon-ebs.web");
    assert!(
        !second.stderr.contains("Launching a source AWS instance"),
        "{}",
        second.stderr
    );

    build("1.2.3")
        .run()
        .expect_reason(1, "packer failed with exit code 1: its own messages are above");
    let other = build("1.2.4").with("--idempotent").run().expect_code(0);
    assert_eq!(other.line()["outcome"], "built");
    for outcome in [first, second, other] {
        assert!(!format!("{outcome:?}").contains("a-secret-that-nobody-may-see"));
    }
}
