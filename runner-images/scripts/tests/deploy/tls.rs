//! Servers of this machine over TLS: a certificate for the loopback address that is its own authority, and connections with it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::git_server::{GitServer, Request};

/// What a server holds for its clients.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ServerConfig>);

impl Tls {
    /// With the certificate that [`certificate`] wrote into this folder.
    pub(crate) fn with(folder: &Path) -> Self {
        let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Self(Arc::new(config))
    }

    /// One client. It is spoken with once somebody reads or writes.
    pub(crate) fn accept(&self, connection: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
        StreamOwned::new(ServerConnection::new(Arc::clone(&self.0)).unwrap(), connection)
    }
}

/// The same repository over TLS, with the certificate that [`certificate`] wrote into this folder: its address.
pub(crate) fn encrypted(server: &GitServer, folder: &Path) -> String {
    let tls = Tls::with(folder);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let url = server.url();
    let (plain, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let plain = plain.to_owned();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let mut client = tls.accept(connection);
            // A client that does not trust the certificate says nothing.
            let Some(request) = Request::read(&mut client) else {
                continue;
            };
            let mut behind = TcpStream::connect(&plain).unwrap();
            let asked = [request.head.into_bytes(), request.body].concat();
            behind.write_all(&asked).unwrap();
            let mut reply = Vec::new();
            behind.read_to_end(&mut reply).unwrap();
            drop(client.write_all(&reply));
            client.conn.send_close_notify();
            drop(client.flush());
        }
    });
    format!("https://{address}/{path}")
}

/// A key and a certificate for this machine that is its own authority, in files of a folder.
pub(crate) fn certificate(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args([
            "-days",
            "2",
            "-subj",
            "/CN=test",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .args([
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            "key.pem",
            "-out",
            "certificate.pem",
        ])
        .current_dir(folder)
        .output()
        .expect("openssl is needed for the tests: install the package `openssl`");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
