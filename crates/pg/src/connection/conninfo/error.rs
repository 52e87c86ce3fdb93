//! What can be wrong with a connection string. Never quotes it: it may hold a password.

/// A connection string or variable of the environment that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConninfoError {
    #[error("unknown connection setting \"{key}\"")]
    UnknownKey {
        key: String,
        nearest: Option<&'static str>,
    },
    #[error("the connection setting \"{key}\" is not supported: {reason}")]
    Refused { key: String, reason: &'static str },
    /// The value is left out where it could be a secret.
    #[error("invalid value {value} for the connection setting \"{key}\"")]
    InvalidValue {
        key: &'static str,
        value: String,
        expected: &'static str,
    },
    #[error("the connection string cannot be read: {reason}")]
    Malformed { reason: &'static str },
    /// Lists of hosts, addresses and ports that do not fit together, or settings that exclude each other.
    #[error("{0}")]
    Contradiction(String),
}

impl ConninfoError {
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey {
                nearest: Some(name), ..
            } => Some(format!("did you mean \"{name}\"?")),
            Self::InvalidValue { expected, .. } => Some(format!("expected {expected}")),
            Self::Malformed { .. } => Some(
                "write postgresql://user@host:port/dbname or host=… port=… dbname=… user=…; \
                 percent-encode special characters in a URI"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
