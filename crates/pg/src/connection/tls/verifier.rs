//! Decides whether a server's certificate is good enough for the sslmode asked for.
//!
//! In every mode the server must prove that it holds the certificate's key: channel binding rests on
//! that even where the certificate itself is not checked. Accepts what libpq accepts and
//! rustls alone would not: a self-signed server certificate that is itself the root, and a name in
//! the subject where the certificate has no alternative names.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
        verify_tls13_signature_with_raw_key,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::{certificate, configuration::store};

/// How much a certificate must prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Nothing,
    Chain,
    ChainAndName,
}

#[derive(Debug)]
pub(super) struct Verifier {
    roots: Vec<CertificateDer<'static>>,
    store: RootCertStore,
    check: Check,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(
        roots: Vec<CertificateDer<'static>>,
        check: Check,
        provider: &Arc<CryptoProvider>,
    ) -> Self {
        Self {
            store: store(&roots),
            roots,
            check,
            algorithms: provider.signature_verification_algorithms,
        }
    }

    fn check_chain(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        // The root itself: trusted by its bytes, so only its time is left to check.
        if self.roots.iter().any(|root| root.as_ref() == end_entity.as_ref()) {
            return certificate::check_time(end_entity, now.as_secs());
        }
        let parsed = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &self.store,
            intermediates,
            now,
            self.algorithms.all,
        )
    }
}

fn check_name(end_entity: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Error> {
    let checked =
        ParsedCertificate::try_from(end_entity).and_then(|parsed| verify_server_name(&parsed, name));
    match (checked, name) {
        (Err(_), ServerName::DnsName(dns)) if certificate::common_name_fits(end_entity, dns.as_ref()) => {
            Ok(())
        }
        (checked, _) => checked,
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.check != Check::Nothing {
            self.check_chain(end_entity, intermediates, now)?;
        }
        if self.check == Check::ChainAndName {
            check_name(end_entity, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match verify_tls13_signature(message, cert, dss, &self.algorithms) {
            // `openssl x509 -req` of the manual's recipe makes version 1 certificates, which only their key is read from.
            Err(Error::InvalidCertificate(error)) => match certificate::public_key(cert) {
                Some(key) => verify_tls13_signature_with_raw_key(message, &key, dss, &self.algorithms),
                None => Err(Error::InvalidCertificate(error)),
            },
            verified => verified,
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What to do about a failed handshake.
pub(super) fn hint(error: &Error) -> &'static str {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "sslrootcert must hold the certificate of the authority that issued the server's certificate; sslmode=require encrypts \
             without checking who answers, which is for networks of your own"
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "connect by a name that the certificate carries, or use sslmode=verify-ca",
        Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => "renew the server's certificate, and check this machine's clock",
        Error::InvalidCertificate(_) => {
            "the server's certificate must be X.509 version 3 and issued for servers; issue it anew"
        }
        Error::AlertReceived(_) => {
            "the server refused the handshake; its log says why (a client certificate may be missing)"
        }
        _ => "check that the server speaks TLS 1.2 or 1.3 on this port",
    }
}
