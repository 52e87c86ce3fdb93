//! What can be wrong with a connection string. Never quotes it: where a password with a `/`, `@` or `?` was not encoded, any part
//! of the string may be a part of the password.

/// A connection string or variable of the environment that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConninfoError {
    /// The key itself is left out: a password with a space or `&` in it looks like one.
    #[error("the connection string has a setting that is not known")]
    UnknownKey { nearest: Option<&'static str> },
    #[error("the connection setting \"{key}\" is not supported: {reason}")]
    Refused { key: &'static str, reason: &'static str },
    #[error("invalid value for the connection setting \"{key}\"")]
    InvalidValue {
        key: &'static str,
        expected: &'static str,
    },
    #[error("the connection string cannot be read: {reason}")]
    Malformed { reason: &'static str },
    /// Lists of hosts, addresses and ports that do not fit together, or settings that exclude each other.
    #[error("{0}")]
    Contradiction(String),
}

/// What is wrong most often.
const ENCODE: &str = "percent-encode special characters of a user or password in a URI (@ is %40, / is %2F, ? is %3F, # is %23), and \
                      quote a value with spaces among keywords";

impl ConninfoError {
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { nearest: Some(name) } => Some(format!("did you mean \"{name}\"?")),
            Self::InvalidValue { expected, .. } => Some(format!("expected {expected}; {ENCODE}")),
            Self::Malformed { .. } | Self::UnknownKey { nearest: None } => Some(format!(
                "write postgresql://user@host:port/dbname or host=… port=… dbname=… user=…; {ENCODE}"
            )),
            _ => None,
        }
    }
}
