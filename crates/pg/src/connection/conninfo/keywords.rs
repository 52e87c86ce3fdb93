//! The keys of a connection string: which exist, what is refused and why, which variable sets which.
//!
//! Owns the list. A key that is not in it is an error, as in libpq: a mistyped `sslmode` that is
//! silently ignored would be a connection without TLS.

use std::collections::BTreeMap;

use super::error::ConninfoError;

/// A key that is understood, and the variable of the environment that sets it (libpq's names).
const KNOWN: &[(&str, Option<&str>)] = &[
    ("host", Some("PGHOST")),
    ("hostaddr", Some("PGHOSTADDR")),
    ("port", Some("PGPORT")),
    ("dbname", Some("PGDATABASE")),
    ("user", Some("PGUSER")),
    ("password", Some("PGPASSWORD")),
    ("passfile", Some("PGPASSFILE")),
    ("sslmode", Some("PGSSLMODE")),
    ("sslnegotiation", Some("PGSSLNEGOTIATION")),
    ("sslrootcert", Some("PGSSLROOTCERT")),
    ("sslcert", Some("PGSSLCERT")),
    ("sslkey", Some("PGSSLKEY")),
    ("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    ("options", Some("PGOPTIONS")),
    ("keepalives", None),
    ("keepalives_idle", None),
    ("keepalives_interval", None),
    ("keepalives_count", None),
    ("tcp_user_timeout", None),
    ("channel_binding", Some("PGCHANNELBINDING")),
    ("require_auth", Some("PGREQUIREAUTH")),
    ("gssencmode", Some("PGGSSENCMODE")),
];

/// Accepted and without effect: this program decides these itself or they only concern libpq.
const IGNORED: &[&str] = &[
    "application_name",
    "fallback_application_name",
    "client_encoding",
    "sslcompression",
    "sslsni",
    "gssdelegation",
    "krbsrvname",
    "gsslib",
];

/// Keys of libpq that would be wrong to ignore.
const REFUSED: &[(&str, &str)] = &[
    (
        "service",
        "connection services are not read; write the settings out",
    ),
    (
        "replication",
        "this program decides which connections are replication connections",
    ),
    ("sslcrl", "certificate revocation lists are not checked"),
    ("sslcrldir", "certificate revocation lists are not checked"),
    ("sslpassword", "encrypted client keys are not read"),
    ("requirepeer", "the server process's owner is not checked"),
    ("load_balance_hosts", "hosts are tried in the order given"),
    (
        "sslcertmode",
        "a client certificate is sent whenever one is given",
    ),
    ("ssl_min_protocol_version", "TLS 1.2 and 1.3 are spoken"),
    ("ssl_max_protocol_version", "TLS 1.2 and 1.3 are spoken"),
];

/// The values given, by key; only known keys get in.
#[derive(Default)]
pub(super) struct Values(BTreeMap<&'static str, String>);

impl Values {
    /// Takes a key as written; a later value replaces an earlier one, as in libpq.
    pub(super) fn set(&mut self, key: &str, value: String) -> Result<(), ConninfoError> {
        if let Some((known, _)) = KNOWN.iter().find(|(known, _)| *known == key) {
            self.0.insert(known, value);
            return Ok(());
        }
        if IGNORED.contains(&key) {
            return Ok(());
        }
        if let Some((key, reason)) = REFUSED.iter().find(|(refused, _)| *refused == key) {
            return Err(ConninfoError::Refused { key, reason });
        }
        Err(ConninfoError::UnknownKey {
            nearest: nearest(key),
        })
    }

    /// Fills keys that were not given from the variables of the environment.
    pub(super) fn fill_from(&mut self, variable: impl Fn(&str) -> Option<String>) {
        for (key, name) in KNOWN {
            if let Some(value) = name.and_then(&variable) {
                self.0.entry(key).or_insert(value);
            }
        }
    }

    /// The value of `key`; an empty one counts as not given, as in libpq.
    pub(super) fn get(&self, key: &'static str) -> Option<&str> {
        self.0
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// The known key that needs the fewest changed letters, if few enough to be a slip of the pen.
fn nearest(key: &str) -> Option<&'static str> {
    const LARGEST_SLIP: usize = 3;
    KNOWN
        .iter()
        .map(|(known, _)| (edit_distance(key, known), *known))
        .min()
        .filter(|(distance, known)| *distance <= LARGEST_SLIP && *distance < known.len())
        .map(|(_, known)| known)
}

/// Levenshtein's distance over bytes; keys are ASCII.
fn edit_distance(left: &str, right: &str) -> usize {
    let right = right.as_bytes();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 1..row.len() {
            let substituted = diagonal + usize::from(letter != right[column - 1]);
            diagonal = row[column];
            row[column] = substituted.min(row[column] + 1).min(row[column - 1] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_gets_the_right_name_as_hint() {
        assert_eq!(nearest("sslmod"), Some("sslmode"));
        assert_eq!(nearest("hots"), Some("host"));
        assert_eq!(nearest("target_session_attr"), Some("target_session_attrs"));
        assert_eq!(nearest("completely_different"), None);
    }

    #[test]
    fn a_key_that_would_be_wrong_to_ignore_is_refused() {
        let mut values = Values::default();
        assert!(matches!(
            values.set("sslcrl", "x".into()),
            Err(ConninfoError::Refused { .. })
        ));
        assert!(values.set("application_name", "x".into()).is_ok());
        assert!(values.get("host").is_none());
    }
}
