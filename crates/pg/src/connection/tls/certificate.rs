//! What is read from a certificate: its digest for channel binding, its subject's name, its times, its key.

use ring::digest::{self, Algorithm};
use rustls::{
    CertificateError, Error,
    pki_types::{CertificateDer, SubjectPublicKeyInfoDer},
};
use x509_cert::{
    Certificate,
    der::{Decode, Encode},
};

const COMMON_NAME: &str = "2.5.4.3";
const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
/// The object identifiers of SHA-256, SHA-384 and SHA-512 begin with these bytes and end with 1, 2, 3.
const SHA2_PREFIX: [u8; 10] = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];

/// `tls-server-end-point` (RFC 5929): the certificate under the hash that its signature uses; none
/// for algorithms that the RFC leaves undefined.
pub(crate) fn end_point_digest(certificate: &[u8]) -> Option<Vec<u8>> {
    let parsed = Certificate::from_der(certificate).ok()?;
    let identifier = parsed.signature_algorithm.oid.to_string();
    let algorithm: &'static Algorithm = match identifier.as_str() {
        RSA_PSS => {
            let parameters = parsed.signature_algorithm.parameters?;
            hash_of_pss(parameters.value())?
        }
        other => hash_of(other)?,
    };
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

/// RFC 5929: MD5 and SHA-1 are replaced by SHA-256.
fn hash_of(identifier: &str) -> Option<&'static Algorithm> {
    match identifier {
        // RSA with MD5, SHA-1, SHA-256; ECDSA with SHA-1, SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => Some(&digest::SHA256),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Some(&digest::SHA384),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Some(&digest::SHA512),
        _ => None,
    }
}

/// The first hash named in the parameters of RSASSA-PSS is the signature's; none named means SHA-1.
fn hash_of_pss(parameters: &[u8]) -> Option<&'static Algorithm> {
    let position = parameters
        .windows(SHA2_PREFIX.len())
        .position(|window| window == SHA2_PREFIX);
    let Some(position) = position else {
        return Some(&digest::SHA256);
    };
    match parameters.get(position + SHA2_PREFIX.len())? {
        1 => Some(&digest::SHA256),
        2 => Some(&digest::SHA384),
        3 => Some(&digest::SHA512),
        _ => None,
    }
}

/// Whether the subject's common name fits `host`, in a certificate without alternative names.
pub(super) fn common_name_fits(certificate: &CertificateDer<'_>, host: &str) -> bool {
    let Ok(parsed) = Certificate::from_der(certificate) else {
        return false;
    };
    let extensions = parsed.tbs_certificate.extensions.unwrap_or_default();
    if extensions
        .iter()
        .any(|extension| extension.extn_id.to_string() == SUBJECT_ALTERNATIVE_NAME)
    {
        return false;
    }
    let attributes = parsed
        .tbs_certificate
        .subject
        .0
        .iter()
        .flat_map(|set| set.0.iter());
    attributes
        .filter(|attribute| attribute.oid.to_string() == COMMON_NAME)
        .filter_map(|attribute| std::str::from_utf8(attribute.value.value()).ok())
        .any(|pattern| name_fits(pattern, host))
}

/// As libpq: equal without regard to case, or `*.` for exactly one label.
fn name_fits(pattern: &str, host: &str) -> bool {
    if let Some(parent) = pattern.strip_prefix("*.") {
        return host
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent));
    }
    pattern.eq_ignore_ascii_case(host)
}

pub(super) fn check_time(certificate: &CertificateDer<'_>, now_seconds: u64) -> Result<(), Error> {
    let parsed = Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let validity = parsed.tbs_certificate.validity;
    if now_seconds < validity.not_before.to_unix_duration().as_secs() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now_seconds > validity.not_after.to_unix_duration().as_secs() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

pub(super) fn public_key(certificate: &CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let parsed = Certificate::from_der(certificate).ok()?;
    let key = parsed.tbs_certificate.subject_public_key_info.to_der().ok()?;
    Some(SubjectPublicKeyInfoDer::from(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(name_fits("DB.example", "db.EXAMPLE"));
        assert!(name_fits("*.example", "db.example"));
        assert!(!name_fits("*.example", "a.db.example"));
        assert!(
            !name_fits("*.example", ".example")
                && !name_fits("*", "db")
                && !name_fits("d*.example", "db.example")
        );
    }

    #[test]
    fn a_hash_that_the_rfc_leaves_undefined_gives_no_binding() {
        assert_eq!(hash_of("1.2.840.113549.1.1.5"), Some(&digest::SHA256));
        assert_eq!(hash_of("1.2.840.10045.4.3.3"), Some(&digest::SHA384));
        assert_eq!(hash_of("1.3.101.112"), None, "Ed25519");
        let parameters = [&[0xa0, 0x0f, 0x30, 0x0d][..], &SHA2_PREFIX, &[3, 5, 0]].concat();
        assert_eq!(hash_of_pss(&parameters), Some(&digest::SHA512));
        assert_eq!(hash_of_pss(&[]), Some(&digest::SHA256));
        assert_eq!(end_point_digest(b"no certificate"), None);
    }
}
