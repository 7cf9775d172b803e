//! A certificate for `localhost` by an authority that nobody knows, made by OpenSSL.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The certificate, its key, and the authority's.
#[derive(Debug)]
pub(crate) struct Certificate {
    authority: PathBuf,
    server: Arc<ServerConfig>,
    _folder: tempfile::TempDir,
}

impl Certificate {
    /// Makes one.
    ///
    /// # Panics
    /// Where OpenSSL is not there.
    pub(crate) fn of_localhost() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let make = |name: &str, more: &[&str]| {
            let mut openssl = Command::new("openssl");
            openssl.current_dir(folder.path()).args(["req", "-x509", "-nodes", "-days", "2"]);
            openssl.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
            openssl.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")]);
            openssl.args(["-subj", &format!("/CN={name}")]).args(more);
            let made = openssl.output().unwrap_or_else(|error| panic!("openssl: {error}"));
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        };
        make("authority", &[]);
        let of_authority = ["-CA", "authority.pem", "-CAkey", "authority.key"];
        let is_server = [
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ];
        make("server", &[of_authority.as_slice(), &is_server].concat());
        let file = |name: &str| folder.path().join(name);
        let certificate = CertificateDer::from_pem_file(file("server.pem"));
        let certificate = certificate.unwrap_or_else(|error| panic!("{error}"));
        let key = PrivateKeyDer::from_pem_file(file("server.key"));
        let key = key.unwrap_or_else(|error| panic!("{error}"));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config.with_no_client_auth().with_single_cert(vec![certificate], key)
            })
            .unwrap_or_else(|error| panic!("{error}"));
        Self { authority: file("authority.pem"), server: Arc::new(server), _folder: folder }
    }

    /// The file of the authority's certificate.
    pub(crate) fn authority(&self) -> &Path {
        &self.authority
    }

    /// What a server speaks TLS by.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}
