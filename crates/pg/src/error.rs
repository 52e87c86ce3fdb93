//! Errors of this crate, by what the caller can do about them.
//!
//! A server's own message, detail and hint pass through as they came, without control characters:
//! text from a server is data. Nothing here ever holds a password.

use transhume_core::disposition::{self, Disposition};

/// An ErrorResponse of a server (PostgreSQL manual, "Error and Notice Message Fields").
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The server answered with an error; the session is still usable.
    #[error("{}", .0.message)]
    Server(Box<ServerError>),
    /// The connection broke or fell silent: the outcome of what was under way is unknown.
    #[error("connection to {endpoint} lost: {reason}")]
    Lost { endpoint: String, reason: String },
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
    /// pg_dump or pg_restore is missing, too old or failed.
    #[error("{message}")]
    Program {
        message: String,
        detail: String,
        hint: String,
    },
}

impl PgError {
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Server(error) => Some(error),
            Self::Connect { server, .. } => server.as_deref(),
            _ => None,
        }
    }

    pub fn sqlstate(&self) -> Option<&str> {
        self.server().map(|error| error.sqlstate.as_str())
    }

    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Lost { .. } | Self::Connect { server: None, .. } => Disposition::Retry,
            Self::Server(error)
            | Self::Connect {
                server: Some(error), ..
            } => disposition::classify(&error.sqlstate),
            Self::Protocol { .. } | Self::Setting { .. } => Disposition::Abort,
            Self::Program { .. } => Disposition::WaitForOperator,
        }
    }

    pub fn detail(&self) -> Option<String> {
        let lines = match self {
            Self::Program { detail, .. } => vec![detail.clone()],
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
            _ => self.server()?.hint.clone(),
        }
    }
}

/// What the driver reports, told apart: the server's answer, or a broken connection.
impl From<tokio_postgres::Error> for PgError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(answer) => Self::Server(Box::new(ServerError::from(answer))),
            None if error.is_closed() || is_io(&error) => Self::Lost {
                endpoint: "the server".to_owned(),
                reason: innermost(&error),
            },
            None => Self::Protocol {
                endpoint: "the server".to_owned(),
                reason: innermost(&error),
            },
        }
    }
}

impl From<&tokio_postgres::error::DbError> for ServerError {
    fn from(error: &tokio_postgres::error::DbError) -> Self {
        let table = match (error.schema(), error.table()) {
            (Some(schema), Some(table)) => Some(format!("{schema}.{table}")),
            _ => None,
        };
        Self {
            sqlstate: error.code().code().to_owned(),
            message: error.message().to_owned(),
            detail: error.detail().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            context: error.where_().map(str::to_owned),
            table,
            constraint: error.constraint().map(str::to_owned),
        }
    }
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>())
}

/// The driver's own message says only where it happened; the cause says what.
fn innermost(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
