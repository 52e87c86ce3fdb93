//! Why an attempt at following ended, by what comes next; and how a conflict is told to people.

use transhume_core::{
    apply_plan::{Drift, DriftKind, Operation},
    disposition::Disposition,
};
use transhume_pg::{
    apply::{ApplyError, Conflict, ConflictKind, remedy},
    error::PgError,
    session::Session,
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use crate::error::EngineError;

#[derive(Debug)]
pub(super) enum Failure {
    /// It passes by itself: try again from the stored frontier.
    Passing { reason: String, made_progress: bool },
    /// One of several transactions in a batch failed: apply them one by one, so that those before it
    /// are kept.
    WithinGroup,
    /// The stored frontier was not where we left it.
    FrontierMoved { expected: Lsn },
    /// The next change belongs to a table that is being loaded.
    AwaitsLoad { table: QualifiedName, relation_id: u32 },
    /// Only a person can help.
    Final(EngineError),
}

impl Failure {
    pub(super) fn passing(reason: impl Into<String>) -> Self {
        Self::Passing {
            reason: reason.into(),
            made_progress: false,
        }
    }

    pub(super) fn stopped(
        message: impl Into<String>,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Final(EngineError::stopped(message, detail, hint))
    }

    /// A server's error while `doing` something.
    pub(super) fn server(doing: &str, error: PgError) -> Self {
        if error.disposition() == Disposition::Retry {
            Self::passing(format!("{doing}: {error}"))
        } else {
            Self::Final(EngineError::Server {
                doing: doing.to_owned(),
                source: error,
            })
        }
    }

    pub(super) fn after_progress(self, made: bool) -> Self {
        match self {
            Self::Passing { reason, .. } => Self::Passing {
                reason,
                made_progress: made,
            },
            other => other,
        }
    }
}

/// Keeps `?` short where the target's state is read or written.
pub(super) trait While<T> {
    fn while_doing(self, doing: &str) -> Result<T, Failure>;
}

impl<T> While<T> for Result<T, PgError> {
    fn while_doing(self, doing: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::server(doing, error))
    }
}

pub(super) fn another_runner(expected: Lsn) -> EngineError {
    EngineError::stopped(
        "the frontier was moved by someone else",
        format!("It was expected at {expected}. Nothing of this batch was applied."),
        "another runner works on the same migration: end one of the two, then run again",
    )
}

/// What an error of the writer means; drift is explained from the source's catalogs.
pub(super) async fn explain(error: ApplyError, source: Result<Session, EngineError>) -> Failure {
    match error {
        ApplyError::Server { error, during_commit } => {
            let doing = if during_commit {
                "committing a batch on the target"
            } else {
                "applying to the target"
            };
            Failure::server(doing, error)
        }
        ApplyError::FrontierMoved { expected } => Failure::FrontierMoved { expected },
        ApplyError::Conflict(conflict) => Failure::Final(conflict_stop(&conflict)),
        ApplyError::Drift(drift) if drift.kind == DriftKind::NotLoaded => Failure::AwaitsLoad {
            relation_id: drift.relation_id,
            table: drift.table,
        },
        ApplyError::Drift(drift) => {
            let statement = match source {
                Ok(source) => remedy(&source, &drift).await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            let hint = match statement {
                Ok(statement) => format!("on the target: {statement}; then run again"),
                Err(_) => {
                    "make the table on the target like the one on the source, then run again".to_owned()
                }
            };
            Failure::Final(drift_stop(&drift, hint))
        }
    }
}

fn drift_stop(drift: &Drift, hint: String) -> EngineError {
    let table = drift.table.plain();
    let message = match &drift.kind {
        DriftKind::TableMissing => format!("the target has no table {table}"),
        DriftKind::NotSelected => {
            format!("the stream has changes of {table}, which is not part of the migration")
        }
        DriftKind::NotLoaded => format!("the full load of {table} is not complete"),
        DriftKind::Renamed { before } => {
            format!("{} is called {table} on the source now", before.plain())
        }
        DriftKind::ColumnMissing { column } => {
            format!("the target has no column {} in {table}", column.escape_debug())
        }
        DriftKind::TypeDiffers { column, .. } => format!(
            "column {} of {table} has another type on the target",
            column.escape_debug()
        ),
        DriftKind::Computed { column } => format!(
            "column {} of {table} is computed on the target but not on the source",
            column.escape_debug()
        ),
    };
    let detail = "Everything before the first change that this concerns is applied.";
    EngineError::stopped(message, detail, hint)
}

fn conflict_stop(conflict: &Conflict) -> EngineError {
    let tables: Vec<_> = conflict.tables.iter().map(QualifiedName::plain).collect();
    let tables = tables.join(", ");
    let operation = match conflict.operation {
        None => "TRUNCATE",
        Some(Operation::Insert) => "INSERT",
        Some(Operation::Update | Operation::Find | Operation::Replace) => "UPDATE",
        Some(Operation::Delete) => "DELETE",
    };
    let found = match &conflict.kind {
        ConflictKind::RowMissing => "the row is not on the target".to_owned(),
        ConflictKind::SurplusRows(count) => format!("{count} rows of the target match"),
        ConflictKind::Refused(error) => error.message.clone(),
        ConflictKind::Unwritable(cause) => cause.to_string(),
    };
    let mut detail = vec![format!(
        "The transaction commits at {} on the source.",
        conflict.commit_lsn
    )];
    if !conflict.key_columns.is_empty() {
        detail.push(format!(
            "Rows are identified by {}.",
            conflict.key_columns.join(", ")
        ));
    }
    if let ConflictKind::Refused(error) = &conflict.kind {
        detail.push(format!("SQLSTATE {}.", error.sqlstate));
    }
    EngineError::stopped(
        format!("{operation} of {tables} cannot be applied: {found}"),
        detail.join(" "),
        hint(conflict),
    )
}

/// SQLSTATE of TRUNCATE on a table that another one references.
const FEATURE_NOT_SUPPORTED: &str = "0A000";

fn hint(conflict: &Conflict) -> &'static str {
    match (&conflict.kind, conflict.operation) {
        (ConflictKind::Refused(error), None) if error.sqlstate == FEATURE_NOT_SUPPORTED => {
            "a table that is not truncated with it references it: drop that foreign key on the target, then run again"
        }
        (ConflictKind::Unwritable(_), _) => {
            "give the table a replica identity on the source; the change itself must be made by hand on the target"
        }
        _ => {
            "someone else wrote to the target, or a constraint differs: compare the table (verify), then run again"
        }
    }
}
