//! Repositories behind a certificate of one's own.

use crate::fixture::Fixture;
use crate::git_server::{Behaviour, GitServer};
use crate::tls::{certificate, encrypted};

#[test]
fn a_server_is_trusted_when_ssl_cert_file_names_its_authority_and_not_otherwise() {
    let (fixture, commit) = Fixture::with_module();
    for folder in ["tls", "other"] {
        certificate(&fixture.path(folder));
    }
    let server = GitServer::serve(fixture.origin(), Behaviour::default());
    let url = encrypted(&server, &fixture.path("tls"));
    let script = || fixture.script(&commit, "plan").instead("--repo", &url);
    let named = |folder: &str| fixture.path(folder).join("certificate.pem");

    let refused = script().env("SSL_CERT_FILE", named("other")).run().expect_code(78);
    assert!(refused.stderr.contains("certificate"), "{}", refused.stderr);
    assert_eq!(server.requests(), Vec::<String>::new());
    script().env("SSL_CERT_FILE", named("tls")).run().expect_code(0);
    // What is declared for git alone comes first.
    let both = script().env("SSL_CERT_FILE", named("other"));
    both.env("GIT_SSL_CAINFO", named("tls")).run().expect_code(0);
}
