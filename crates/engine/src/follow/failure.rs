//! Why an attempt at following ended, by what comes next; and how a conflict is told to people.

use std::sync::Arc;

use transhume_core::{
    disposition::Disposition,
    finding::{Remedy, WrittenSide},
    follow::{
        error_policy::{ErrorClass, class_of},
        row::{Drift, DriftKind, Operation},
    },
    guard::schema::ChangeKind,
    shell, sqlstate,
};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    follow::{
        apply::{ApplyError, Conflict, ConflictKind},
        drift::{self, remedy},
    },
    guard::{remedy::SchemaRemedy, user_types as types},
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn, pgoutput::Relation};

use super::{EndReason, FollowRequest, suspension::Suspension};
use crate::error::{Doing, EngineError};

/// A drift in words.
#[derive(Debug, Clone)]
pub(super) struct Obstacle {
    pub(super) drift: Drift,
    message: String,
    /// The exact statement where there is one.
    remedy: SchemaRemedy,
}

impl Obstacle {
    pub(super) fn message(&self, side: &WrittenSide) -> String {
        side.tell(&self.message)
    }

    pub(super) fn remedy(&self, side: &WrittenSide) -> Remedy {
        self.remedy.in_words(side)
    }

    pub(super) fn into_stop(self, side: &WrittenSide) -> EngineError {
        let remedy = self.remedy(side);
        EngineError::stopped(
            self.message,
            "Everything before the first change that this concerns is applied.",
            format!("{remedy}; then run again"),
        )
    }
}

#[derive(Debug)]
pub(super) enum Failure {
    /// It passes by itself: try again from the stored frontier.
    Passing { reason: String, made_progress: bool },
    /// One of several transactions in a batch failed: apply them one by one up to this commit LSN, so that
    /// those before it are kept.
    WithinGroup { up_to: Lsn },
    /// The stored frontier was not where we left it.
    FrontierMoved { expected: Lsn },
    /// The next change belongs to a table that is being loaded.
    AwaitsLoad { table: QualifiedName, relation_id: u32 },
    /// The next change does not fit its table: the stream stands before it until the target fits.
    Drifts(Box<Obstacle>),
    /// Changes of some tables are to be skipped.
    Suspends(Suspension),
    /// Transactions in progress find no room here, for this reason: the source is to keep them.
    SpillFailed(String),
    /// Something was in the way of a transaction that was being written before its commit: it is to be written at its commit.
    RestartWithoutEarly,
    /// The source failed in decoding its own WAL, which another try may not.
    Undecodable(EngineError),
    /// What it stood for is over: try again at once.
    Retry,
    /// There is a reason to end, met while it stood.
    Ends(EndReason),
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
        let is_environment = error
            .sqlstate()
            .is_some_and(|sqlstate| class_of(sqlstate) == ErrorClass::Environment);
        if error.disposition() == Disposition::Retry || is_environment {
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
        "the applied LSN was moved by someone else",
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
        ApplyError::Source(error) => Failure::server("asking the source about its tables", error),
        ApplyError::FrontierMoved { expected } => Failure::FrontierMoved { expected },
        ApplyError::TargetAltered => Failure::passing("tables of the target were altered: looking again"),
        ApplyError::Conflict(conflict) => Failure::Final(conflict_stop(&conflict)),
        ApplyError::Drift(drift) if drift.kind == DriftKind::NotLoaded => Failure::AwaitsLoad {
            relation_id: drift.relation.id,
            table: drift.relation.name.clone(),
        },
        ApplyError::Drift(drift) if drift.kind.needs_reload() => {
            Failure::Suspends(Suspension::until_reload(&drift.relation, message(&drift)))
        }
        ApplyError::Drift(drift) => match source {
            Ok(source) => Failure::Drifts(Box::new(obstacle(*drift, &source).await)),
            Err(error) => Failure::passing(format!(
                "asking the source about {}: {error}",
                drift.table().plain()
            )),
        },
    }
}

/// What a type may say of a value that it does not take: that, a domain's check (23514) or null (23502), a row of other
/// columns (42804).
const OF_TYPES: [&str; 4] = [
    sqlstate::INVALID_TEXT_REPRESENTATION,
    sqlstate::CHECK_VIOLATION,
    sqlstate::NOT_NULL_VIOLATION,
    sqlstate::DATATYPE_MISMATCH,
];

pub(super) fn may_be_a_label(conflict: &Conflict) -> bool {
    matches!(&conflict.kind, ConflictKind::Refused(error) if error.sqlstate == sqlstate::INVALID_TEXT_REPRESENTATION)
}

pub(super) fn may_be_a_type(conflict: &Conflict) -> bool {
    matches!(&conflict.kind, ConflictKind::Refused(error) if OF_TYPES.contains(&error.sqlstate.as_str()))
}

/// A refused value is a drift where the target's types are not what the source's are.
pub(super) async fn explain_type(
    conflict: Conflict,
    relation: Option<Arc<Relation>>,
    request: &FollowRequest<'_>,
    source: Result<Session, EngineError>,
) -> Failure {
    let missing = async {
        let target = request
            .endpoints
            .target_session(&request.migration.id, "explain")
            .await?;
        let source = source?;
        let missing = types::changes(&*source, &*target)
            .await
            .doing("comparing the types of both sides")?;
        Ok((source, missing))
    };
    match (missing.await, relation) {
        (Ok((source, missing)), Some(relation)) if !missing.is_empty() => {
            let kind = DriftKind::TypeChanged(Box::new(missing[0].clone()));
            Failure::Drifts(Box::new(obstacle(Drift { relation, kind }, &source).await))
        }
        (Err(EngineError::Server { doing, source }), _) => Failure::server(&doing, source),
        _ => Failure::Final(conflict_stop(&conflict)),
    }
}

/// The obstacle as the catalogs of both sides show it: a column that was renamed is no new one. Where they cannot be asked, or
/// do not show it, it is told by the stream alone.
pub(super) async fn by_identity(
    obstacle: Obstacle,
    publication: &str,
    source: &Session,
    target: &Session,
) -> Obstacle {
    match drift::by_identity(source, target, publication, &obstacle.drift).await {
        Ok(Some((change, remedy))) => Obstacle {
            message: match change.kind {
                ChangeKind::ColumnRenamed { .. } => format!("{}: {}", change.table.plain(), change.message()),
                _ => obstacle.message,
            },
            remedy,
            drift: obstacle.drift,
        },
        Ok(None) => obstacle,
        Err(error) => {
            tracing::debug!("asking both sides about a change of the schema failed: {error}");
            obstacle
        }
    }
}

/// As [`by_identity`], on sessions of its own.
pub(super) async fn explained(request: &FollowRequest<'_>, obstacle: Obstacle) -> Obstacle {
    let id = &request.migration.id;
    let source = request.endpoints.source_session(id, "explain").await;
    let target = request.endpoints.target_session(id, "explain").await;
    match (source, target) {
        (Ok(source), Ok(target)) => {
            let publication = &request.migration.publication_name;
            by_identity(obstacle, publication, &source, &target).await
        }
        _ => obstacle,
    }
}

/// Why the stream stands, and what makes it go on.
pub(super) async fn obstacle(drift: Drift, source: &Session) -> Obstacle {
    let remedy = match remedy(source, &drift).await {
        Ok(remedy) => remedy,
        Err(error) => {
            tracing::debug!("asking the source for a definition failed: {error}");
            SchemaRemedy::by_hand("make the table on the target like the one on the source")
        }
    };
    Obstacle {
        message: message(&drift),
        drift,
        remedy,
    }
}

fn message(drift: &Drift) -> String {
    let table = drift.table().plain();
    match &drift.kind {
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
        DriftKind::ColumnReused { column } => format!(
            "columns of {table} were dropped, made or renamed on the source: {} may be another one than the target has",
            column.escape_debug()
        ),
        DriftKind::ReadInParts(why) => format!("{table} was read in parts at different times, and {why}"),
        DriftKind::PartitionEmptied { partition, .. } => format!(
            "{} was truncated by itself: {table} is moved as a whole, and its rows lie in other partitions on the target",
            partition.plain()
        ),
        DriftKind::TypeChanged(change) if change.only_adds_a_label() => format!(
            "a change of {table} has {}, which the enum {} of the target does not have",
            change.label().unwrap_or_default(),
            change.name.plain()
        ),
        DriftKind::TypeChanged(change) => format!(
            "a change of {table} was refused, and {}: {}",
            change.name.plain(),
            change.message()
        ),
    }
}

/// It is in no row's nature: it is waited out.
pub(super) fn environment(conflict: &Conflict) -> Failure {
    Failure::passing(format!(
        "the target to take writes again ({}); it continues by itself then",
        conflict.reason()
    ))
}

/// The refusal in one clause.
pub(super) fn refusal(conflict: &Conflict) -> String {
    let tables: Vec<_> = conflict.tables.iter().map(QualifiedName::plain).collect();
    let tables = tables.join(", ");
    let operation = match conflict.operation {
        None => "TRUNCATE",
        Some(Operation::Insert) => "INSERT",
        Some(Operation::Update | Operation::Find | Operation::Replace) => "UPDATE",
        Some(Operation::Delete) => "DELETE",
    };
    format!("{operation} of {tables} cannot be applied: {}", conflict.reason())
}

fn conflict_stop(conflict: &Conflict) -> EngineError {
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
        // Of other changes it shows values; of a truncation it names the table that is in the way.
        if let (None, Some(reason)) = (conflict.operation, &error.detail) {
            detail.push(reason.clone());
        }
    }
    EngineError::stopped(refusal(conflict), detail.join(" "), hint(conflict))
}

/// The option of `run` that decides about a class.
fn option(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Data => "--on-data-error",
        ErrorClass::Conflict => "--on-conflict",
        ErrorClass::Table | ErrorClass::Environment => "--on-table-error",
    }
}

/// A way on that works while nobody else can: the stream meets the same change again, whoever follows.
fn hint(conflict: &Conflict) -> String {
    match (&conflict.kind, conflict.operation) {
        (ConflictKind::Refused(error), None) if error.sqlstate == sqlstate::FEATURE_NOT_SUPPORTED => {
            "a table that is not truncated with it references it: drop that foreign key on the target, then run again"
                .to_owned()
        }
        (ConflictKind::Refused(error), _) if error.is_unencodable() => {
            "the target's encoding has no such character: with --on-data-error log the change is stored, with its bytes, and \
             everything else continues"
                .to_owned()
        }
        (ConflictKind::Unwritable(_), _) => {
            "give the table a replica identity on the source; the change itself must be made by hand on the target"
                .to_owned()
        }
        _ => {
            let tables: Vec<_> = conflict.tables.iter().map(QualifiedName::plain).collect();
            format!(
                "someone else wrote to the target, or a constraint differs: mend the target, then run again; or load the \
                 table anew while the rest is followed: \"transhume run {} suspend\", and beside it \
                 \"transhume table reload {}\"",
                option(conflict.class()),
                shell::words(&tables)
            )
        }
    }
}
