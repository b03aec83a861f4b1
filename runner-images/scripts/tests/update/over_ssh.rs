//! A push over a real SSH server.

use crate::fixture::Fixture;
use crate::ssh_server::{KeyPair, SshServer};

#[test]
fn a_variable_is_pushed_over_ssh_with_the_declared_key() {
    let fixture = Fixture::new();
    let key = KeyPair::make(&fixture.path("bin"));
    let server = SshServer::serve(&fixture.path("bin"), &key);
    let url = server.url(&fixture.path("origin.git"));
    let script = fixture
        .script()
        .instead("--repo", &url)
        .env("SSH_PRIVATE_KEY", &key.private)
        .env("SSH_KNOWN_HOSTS", server.known_host());
    let outcome = script.run().expect_code(0);
    assert_eq!(outcome.line()["outcome"], "pushed");
    assert!(
        fixture
            .file("main", "prod/app.tfvars")
            .contains("image_version   =   \"1.5.0\"")
    );
}
