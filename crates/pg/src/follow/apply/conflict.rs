//! Why a batch could not be written. Values never appear here, only names and positions.

use transhume_core::follow::row::{Drift, Operation, Unwritable};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use crate::connection::error::{PgError, ServerError};

#[derive(Debug)]
pub enum ApplyError {
    /// The target or the way to it failed. When `commit` was under way its outcome is unknown until the
    /// frontier is read back.
    Server {
        error: PgError,
        during_commit: bool,
    },
    /// The source could not be asked which columns a relation means.
    Source(PgError),
    /// A relation does not fit its table on the target.
    Drift(Box<Drift>),
    Conflict(Box<Conflict>),
    /// The stored frontier is not the one that this writer left: someone else applies too.
    FrontierMoved {
        expected: Lsn,
    },
    /// Tables of the target, their columns or types are others than the statements were made for; nothing was written.
    TargetAltered,
}

/// A change that the target does not take as the source made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub tables: Vec<QualifiedName>,
    /// None for TRUNCATE.
    pub operation: Option<Operation>,
    pub commit_lsn: Lsn,
    /// Names of the columns that identify the row.
    pub key_columns: Vec<String>,
    pub kind: ConflictKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConflictKind {
    RowMissing,
    SurplusRows(u64),
    Refused(Box<ServerError>),
    Unwritable(Unwritable),
}

impl From<Drift> for ApplyError {
    fn from(drift: Drift) -> Self {
        Self::Drift(Box::new(drift))
    }
}

impl From<PgError> for ApplyError {
    fn from(error: PgError) -> Self {
        Self::Server {
            error,
            during_commit: false,
        }
    }
}

impl From<tokio_postgres::Error> for ApplyError {
    fn from(error: tokio_postgres::Error) -> Self {
        PgError::from(error).into()
    }
}
