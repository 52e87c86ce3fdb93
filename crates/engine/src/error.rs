//! What can go wrong, by what the caller can do about it.
//!
//! Message, detail and hint follow PostgreSQL's form: the message is one lower-case clause without a
//! full stop, the detail is sentences, the hint says what to do.

use transhume_core::count::counted;
use transhume_core::finding::Finding;
use transhume_pg::connection::error::PgError;

pub type Result<T> = std::result::Result<T, EngineError>;

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A server or the way to it failed while doing `doing`.
    #[error("{doing}: {source}")]
    Server {
        doing: String,
        #[source]
        source: PgError,
    },
    /// Findings that must be remedied first; nothing was changed.
    #[error("{} this", blocking(.0.len()))]
    Blocked(Vec<Finding>),
    /// What was asked cannot be done in the present state; nothing was changed.
    #[error("{message}")]
    Refused { message: String, hint: String },
    /// It stopped before something would have become wrong; the operator must decide.
    #[error("{message}")]
    Stopped {
        message: String,
        detail: String,
        hint: String,
    },
    /// The operator asked it to stop.
    #[error("interrupted")]
    Interrupted,
}

impl EngineError {
    pub fn refused(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused {
            message: message.into(),
            hint: hint.into(),
        }
    }

    pub fn stopped(message: impl Into<String>, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Stopped {
            message: message.into(),
            detail: detail.into(),
            hint: hint.into(),
        }
    }

    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Server { source, .. } => source.detail(),
            Self::Stopped { detail, .. } => Some(detail.clone()).filter(|detail| !detail.is_empty()),
            Self::Blocked(_) | Self::Refused { .. } | Self::Interrupted => None,
        }
    }

    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Server { source, .. } => source.hint(),
            Self::Stopped { hint, .. } | Self::Refused { hint, .. } => Some(hint.clone()),
            Self::Blocked(_) => Some("remedy the blockers above, then run the same command again".to_owned()),
            Self::Interrupted => Some("run the same command again to go on".to_owned()),
        }
    }
}

/// Says what was being done when a server failed.
pub trait Doing<T> {
    fn doing(self, what: impl Into<String>) -> Result<T>;
}

impl<T> Doing<T> for std::result::Result<T, PgError> {
    fn doing(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| EngineError::Server {
            doing: what.into(),
            source,
        })
    }
}

fn blocking(findings: usize) -> String {
    let blocks = if findings == 1 { "blocks" } else { "block" };
    format!("{} {blocks}", counted(findings, "finding"))
}
