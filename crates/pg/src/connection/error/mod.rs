//! Errors of this crate, by what the caller can do about them.
//!
//! A server's own message, detail and hint pass through as they came, without control characters:
//! text from a server is data. Nothing here ever holds a password.

mod conversion;

use std::time::Duration;
use transhume_core::sqlstate;

use transhume_core::disposition::{self, Disposition};

/// An ErrorResponse of a server (PostgreSQL manual, "Error and Notice Message Fields").
#[derive(Clone, PartialEq, Eq)]
pub struct ServerError {
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// COPY line and column, function context and the like.
    pub context: Option<String>,
    /// `schema.table` where the server names one.
    pub table: Option<String>,
    pub constraint: Option<String>,
}

/// Without what may quote rows: what an operator must see is told by `Display`, with its detail, and a log is no place for
/// rows.
impl std::fmt::Debug for ServerError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ServerError")
            .field("sqlstate", &self.sqlstate)
            .field("table", &self.table)
            .field("constraint", &self.constraint)
            .finish_non_exhaustive()
    }
}

const UNTRUSTED_HINT: &str = "connect as the role that began the migration, or as one that was granted it; where it is \
     nobody's migration, its owner must remove or rename that schema";

const ELSEWHERE_HINT: &str = "name the source and target that the migration began with: --source and --target come before \
     TRANSHUME_SOURCE and TRANSHUME_TARGET, and these before transhume.toml";

/// Why a server that is in recovery is not taken where a primary is wanted.
pub(super) const STANDBY: &str = "it is a standby";

impl ServerError {
    /// A text cannot be what it is in the database's encoding.
    pub fn is_unencodable(&self) -> bool {
        matches!(
            self.sqlstate.as_str(),
            sqlstate::CHARACTER_NOT_IN_REPERTOIRE | sqlstate::UNTRANSLATABLE_CHARACTER
        )
    }

    /// What we can say where the server says nothing.
    fn own_hint(&self) -> Option<&'static str> {
        if self.is_unencodable() {
            Some(
                "the two databases differ in their encoding: correct the value on the source, or create the target in the source's \
                 encoding, then run the same command again",
            )
        } else if self.sqlstate == sqlstate::INSUFFICIENT_PRIVILEGE {
            Some(
                "grant the right to this role or connect as another one; \"transhume assess\" names what is missing",
            )
        } else {
            None
        }
    }
}

/// A login that is not tried now.
#[derive(Debug, thiserror::Error)]
#[error("cannot log in to {endpoint}: {reason}{}", again(*has_logged_in, *again_in))]
pub struct LoginError {
    pub endpoint: String,
    pub reason: String,
    pub server: Option<Box<ServerError>>,
    pub hint: Option<String>,
    /// Until the server is asked again.
    pub again_in: Duration,
    /// It has let us in before: it is waited for.
    pub has_logged_in: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum PgError {
    /// No session could be opened on any of the hosts.
    #[error("cannot connect to {endpoint}: {reason}")]
    Connect {
        endpoint: String,
        reason: String,
        /// The server's refusal, where one answered.
        server: Option<Box<ServerError>>,
        hint: Option<String>,
    },
    /// The server does not let us in, or there is no password to ask it with, and it is not asked again yet.
    #[error("{0}")]
    Login(Box<LoginError>),
    /// The server answered with an error; the session is still usable.
    #[error("{}", .0.message)]
    Server(Box<ServerError>),
    /// The connection broke or fell silent: the outcome of what was under way is unknown.
    #[error("connection to {endpoint} lost: {reason}")]
    Lost { endpoint: String, reason: String },
    /// Whoever held a snapshot is gone, as after a lost connection: another one is to be taken.
    #[error("the snapshot that was to be read on {endpoint} is gone: {reason}")]
    SnapshotGone { endpoint: String, reason: String },
    /// The server sent what the protocol does not allow or this program does not know.
    #[error("unexpected answer from {endpoint}: {reason}")]
    Protocol { endpoint: String, reason: String },
    /// A setting that must hold in our sessions did not take.
    #[error("the session setting {name} is \"{actual}\" instead of \"{wanted}\"")]
    Setting {
        name: String,
        wanted: String,
        actual: String,
    },
    /// A schema `transhume` stands there that is not certainly ours: nothing of it was read.
    #[error("the schema transhume on {endpoint} cannot be trusted")]
    Untrusted { endpoint: String, detail: String },
    /// Another server or database answered than the one that the migration belongs to.
    #[error("the {side} at {endpoint} is not the one that this migration began with")]
    Elsewhere {
        side: String,
        endpoint: String,
        detail: String,
    },
    /// pg_dump or pg_restore is missing, too old or failed.
    #[error("{message}")]
    Program {
        message: String,
        detail: String,
        hint: String,
    },
}

/// When it is tried again, where that is done by itself.
fn again(has_logged_in: bool, again_in: Duration) -> String {
    if has_logged_in {
        format!("; the next login is tried in {} s", again_in.as_secs())
    } else {
        String::new()
    }
}

impl PgError {
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Server(error) => Some(error),
            Self::Connect { server, .. } => server.as_deref(),
            Self::Login(error) => error.server.as_deref(),
            _ => None,
        }
    }

    /// The server's answer, where it is about what was asked: none where any statement might have had it just then (a
    /// session that is ended, a cancellation, a deadlock), or none answered.
    pub fn refusal(&self) -> Option<&ServerError> {
        self.server().filter(|_| self.disposition() != Disposition::Retry)
    }

    pub fn sqlstate(&self) -> Option<&str> {
        self.server().map(|error| error.sqlstate.as_str())
    }

    /// It was let in before and is not now: a person or a secret store changes that, while everything waits.
    pub fn is_refused_login(&self) -> bool {
        matches!(self, Self::Login(error) if error.has_logged_in)
    }

    /// Nothing was done: a person must say what is meant.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Untrusted { .. } | Self::Elsewhere { .. })
    }

    /// The server is there and does not take writes yet, or not any more: it starts up, shuts down, or is a standby while the
    /// primary does not answer.
    pub fn awaits_primary(&self) -> bool {
        self.sqlstate() == Some(sqlstate::CANNOT_CONNECT_NOW)
            || matches!(self, Self::Connect { reason, .. } if reason.contains(STANDBY))
    }

    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Lost { .. } | Self::SnapshotGone { .. } | Self::Connect { server: None, .. } => {
                Disposition::Retry
            }
            Self::Login(error) if error.has_logged_in => Disposition::Retry,
            Self::Server(error)
            | Self::Connect {
                server: Some(error), ..
            } => disposition::classify(&error.sqlstate),
            Self::Protocol { .. } | Self::Setting { .. } => Disposition::Abort,
            Self::Program { .. } | Self::Untrusted { .. } | Self::Elsewhere { .. } | Self::Login(_) => {
                Disposition::WaitForOperator
            }
        }
    }

    pub fn detail(&self) -> Option<String> {
        let lines = match self {
            Self::Program { detail, .. } | Self::Elsewhere { detail, .. } => vec![detail.clone()],
            Self::Untrusted { detail, .. } => vec![format!("{detail}. Nothing of it was read.")],
            _ => {
                let server = self.server()?;
                [&server.detail, &server.context]
                    .into_iter()
                    .flatten()
                    .cloned()
                    .collect()
            }
        };
        Some(lines.join("\n")).filter(|text| !text.is_empty())
    }

    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Connect { hint: Some(hint), .. } | Self::Program { hint, .. } => Some(hint.clone()),
            Self::Login(error) if error.hint.is_some() => error.hint.clone(),
            Self::Untrusted { .. } => Some(UNTRUSTED_HINT.to_owned()),
            Self::Elsewhere { .. } => Some(ELSEWHERE_HINT.to_owned()),
            _ => {
                let server = self.server()?;
                server
                    .hint
                    .clone()
                    .or_else(|| server.own_hint().map(str::to_owned))
            }
        }
    }
}
