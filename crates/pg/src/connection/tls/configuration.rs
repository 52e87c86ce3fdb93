//! What rustls is told: trusted roots, our own certificate, who verifies.

use std::{fs, os::unix::fs::MetadataExt, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use super::verifier::{Check, Verifier};
use crate::connection::conninfo::{Negotiation, RootCertificates, TlsMode, TlsSettings};

/// The protocol's name in ALPN, which servers demand where the handshake comes without a request.
const ALPN: &[u8] = b"postgresql";

/// A file that cannot be used, or settings that leave nothing to trust.
pub(super) struct ConfigurationError {
    pub(super) reason: String,
    pub(super) hint: &'static str,
}

/// The cryptography of every TLS connection of this program, those of hooks too.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// What this machine trusts.
pub fn system_roots() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

pub(super) fn build(settings: &TlsSettings) -> Result<Arc<ClientConfig>, ConfigurationError> {
    let provider = provider();
    let verifier = Verifier::new(roots(settings)?, check(settings), &provider);
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigurationError {
            reason: error.to_string(),
            hint: "report this",
        })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut configuration = match &settings.client {
        Some((certificate, key)) => {
            let (chain, key) = client_certificate(certificate, key)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| ConfigurationError {
                    reason: format!(
                        "the client certificate {} cannot be used: {error}",
                        certificate.display()
                    ),
                    hint: "check that sslcert and sslkey belong together",
                })?
        }
        None => builder.with_no_client_auth(),
    };
    if settings.negotiation == Negotiation::Direct {
        configuration.alpn_protocols = vec![ALPN.to_vec()];
    }
    Ok(Arc::new(configuration))
}

/// As libpq: a root certificate that is there is checked against even where sslmode does not ask for it.
fn check(settings: &TlsSettings) -> Check {
    match (settings.mode, &settings.roots) {
        (TlsMode::VerifyFull, _) => Check::ChainAndName,
        (TlsMode::VerifyCa, _) | (_, RootCertificates::File(_) | RootCertificates::System) => Check::Chain,
        _ => Check::Nothing,
    }
}

/// Whether a connection under these settings is only made to a server whose certificate was checked.
pub(crate) fn checks_certificate(settings: &TlsSettings) -> bool {
    check(settings) != Check::Nothing
}

fn roots(settings: &TlsSettings) -> Result<Vec<CertificateDer<'static>>, ConfigurationError> {
    let roots = match &settings.roots {
        RootCertificates::None if matches!(settings.mode, TlsMode::VerifyCa | TlsMode::VerifyFull) => {
            return Err(ConfigurationError {
                reason: format!(
                    "sslmode={} needs a root certificate to check against",
                    settings.mode.as_str()
                ),
                hint: "name one by sslrootcert, put it at ~/.postgresql/root.crt, or use sslrootcert=system",
            });
        }
        RootCertificates::None => return Ok(Vec::new()),
        RootCertificates::System => system_roots(),
        RootCertificates::File(path) => certificates(path, "the root certificate")?,
    };
    if roots.is_empty() {
        return Err(ConfigurationError {
            reason: "no trusted root certificate is found".to_owned(),
            hint: "check the file that sslrootcert names; for sslrootcert=system, install the CA certificates",
        });
    }
    Ok(roots)
}

/// The store of what can be parsed: system stores hold odd ones.
pub(super) fn store(roots: &[CertificateDer<'static>]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    let (_, refused) = store.add_parsable_certificates(roots.iter().cloned());
    if refused > 0 {
        tracing::debug!(refused, "some root certificates cannot be read");
    }
    store
}

fn certificates(path: &Path, what: &str) -> Result<Vec<CertificateDer<'static>>, ConfigurationError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    read.map_err(|error| ConfigurationError {
        reason: format!("{what} {} cannot be read: {error}", path.display()),
        hint: "check the path and that the file holds certificates in PEM format",
    })
}

fn client_certificate(
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), ConfigurationError> {
    let chain = certificates(certificate, "the client certificate")?;
    let unreadable = |reason: String| ConfigurationError {
        reason: format!("the client key {} cannot be read: {reason}", key.display()),
        hint: "check the path, and that the file holds an unencrypted key in PEM format",
    };
    let metadata = fs::metadata(key).map_err(|error| unreadable(error.to_string()))?;
    // libpq's rule: nobody else may read it, except a group where root owns it.
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden != 0 {
        return Err(ConfigurationError {
            reason: format!(
                "the client key {} is accessible to group or others",
                key.display()
            ),
            hint: "set its permissions to 0600, or 0640 where root owns it",
        });
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(error.to_string()))?;
    Ok((chain, key))
}
