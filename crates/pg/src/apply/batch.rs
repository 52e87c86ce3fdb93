//! The one type that writes a batch: whole source transactions as one target transaction, with the
//! new frontier in it.
//!
//! This is the per-change way: each change is one statement, in the order of the source, pipelined.
//! Another way of writing a batch (net changes) needs the same three calls: begin, change, finish.
//!
//! Invariants: the frontier moves only from the value that this writer last knew; the answer to every
//! statement is checked before COMMIT is sent; a writer that returned an error is not used again.

use std::sync::Arc;

use tokio_postgres::Statement;
use transhume_core::{
    apply_plan::{Operation, Plan, RowChange, RowWrite, row_write},
    change::Change,
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn, pgoutput::Relation};

use super::{
    conflict::{ApplyError, Conflict, ConflictKind},
    flight::{Flight, Subject, key_columns},
    parameter::TextParameter,
    relation_map::RelationMap,
    statement,
};
use crate::{
    session::Session,
    state::apply::{self, Advance},
};

/// The source transaction that a change belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    pub commit_lsn: Lsn,
    pub xid: u32,
}

pub struct BatchWriter {
    session: Arc<Session>,
    replica_role: bool,
    relations: RelationMap,
    flight: Flight,
    advance_frontier: Statement,
    is_open: bool,
}

impl BatchWriter {
    /// Takes over an apply session; reads which tables were loaded under which snapshot.
    pub async fn new(session: Session, replica_role: bool) -> Result<Self, ApplyError> {
        let loaded = apply::loaded_tables(&session).await?;
        let advance_frontier = session.prepare(apply::ADVANCE_FRONTIER).await?;
        Ok(Self {
            session: Arc::new(session),
            replica_role,
            relations: RelationMap::new(loaded),
            flight: Flight::default(),
            advance_frontier,
            is_open: false,
        })
    }

    /// A relation was announced; changes from here on use it.
    pub fn announce(&mut self, relation: Arc<Relation>) {
        self.relations.announce(relation);
    }

    /// A target transaction is open.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Begins a target transaction unless one is open.
    pub async fn begin(&mut self) -> Result<(), ApplyError> {
        if self.is_open {
            return Ok(());
        }
        self.is_open = true;
        self.control("begin isolation level read committed read write")
            .await?;
        if !self.replica_role {
            // A deferrable key that the source swapped in one statement is changed row by row here.
            self.control("set constraints all deferred").await?;
        }
        Ok(())
    }

    /// Writes one change; false when the table's load has it already.
    pub async fn change(&mut self, origin: Origin, change: &Change) -> Result<bool, ApplyError> {
        match change {
            Change::Insert { relation, new } => self.row(origin, *relation, RowChange::Insert { new }).await,
            Change::Update {
                relation,
                identity: old,
                new,
            } => self.row(origin, *relation, RowChange::Update { old, new }).await,
            Change::Delete {
                relation,
                identity: old,
            } => self.row(origin, *relation, RowChange::Delete { old }).await,
            Change::Truncate {
                relations,
                restart_identity,
                ..
            } => self.truncate(origin, relations, *restart_identity).await,
        }
    }

    /// Writes down that a marker came by, and tells whoever waits for it once this commits.
    pub async fn marker(&mut self, nonce: &str, lsn: Lsn) -> Result<(), ApplyError> {
        self.begin().await?;
        self.flight.drain().await?;
        Ok(apply::add_marker(&self.session, nonce, lsn).await?)
    }

    /// Stores the new frontier and commits.
    pub async fn finish(&mut self, advance: &Advance) -> Result<(), ApplyError> {
        self.begin().await?;
        let session = Arc::clone(&self.session);
        let (statement, parameters) = (self.advance_frontier.clone(), advance.parameters());
        let update = async move { session.execute_raw(&statement, parameters).await };
        let subject = Subject::Frontier {
            before: advance.before,
        };
        self.flight.launch(update, subject, 0).await?;
        self.flight.drain().await?;
        let committed = self.session.batch_execute("commit").await;
        self.is_open = false;
        committed.map_err(|error| ApplyError::Server {
            error: error.into(),
            during_commit: true,
        })
    }

    /// Gives the open transaction up.
    pub async fn roll_back(&mut self) -> Result<(), ApplyError> {
        self.flight.abandon();
        if self.is_open {
            self.is_open = false;
            self.session.batch_execute("rollback").await?;
        }
        Ok(())
    }

    async fn row(&mut self, origin: Origin, id: u32, change: RowChange<'_>) -> Result<bool, ApplyError> {
        if self.relations.is_loaded(id, origin.xid) {
            return Ok(false);
        }
        let plan = self.plan(id).await?;
        let write = row_write(&plan, change)
            .map_err(|cause| conflict(&plan, change, origin, ConflictKind::Unwritable(cause)))?;
        self.begin().await?;
        let prepared = match self.relations.statement(id, &write.shape) {
            Some(prepared) => prepared,
            None => {
                // Answers first: an error under way would make this one fail for no reason of its own.
                self.flight.drain().await?;
                self.relations
                    .prepare(&self.session, id, &write.shape)
                    .await
                    .map_err(|error| unprepared(&plan, change, origin, error))?
            }
        };
        let RowWrite { shape, values } = write;
        let bytes = values.iter().flatten().map(bytes::Bytes::len).sum();
        let session = Arc::clone(&self.session);
        let parameters: Vec<_> = values.into_iter().map(TextParameter).collect();
        let statement = async move { session.execute_raw(&prepared, parameters).await };
        let subject = Subject::Row {
            plan,
            operation: shape.operation,
            commit_lsn: origin.commit_lsn,
        };
        self.flight.launch(statement, subject, bytes).await?;
        Ok(true)
    }

    async fn plan(&mut self, id: u32) -> Result<Arc<Plan>, ApplyError> {
        if let Some(plan) = self.relations.known_plan(id) {
            return Ok(plan);
        }
        self.flight.drain().await?;
        self.relations.make_plan(&self.session, id).await
    }

    async fn truncate(
        &mut self,
        origin: Origin,
        ids: &[u32],
        restart_identity: bool,
    ) -> Result<bool, ApplyError> {
        let mut tables: Vec<QualifiedName> = Vec::with_capacity(ids.len());
        for id in ids {
            if !self.relations.is_loaded(*id, origin.xid) {
                tables.push(self.plan(*id).await?.table.clone());
            }
        }
        if tables.is_empty() {
            return Ok(false);
        }
        self.begin().await?;
        let names: Vec<_> = tables.iter().collect();
        let text = statement::truncate(&names, restart_identity);
        let session = Arc::clone(&self.session);
        let statement = async move { session.batch_execute(&text).await.map(|()| 0) };
        let subject = Subject::Truncate {
            tables: tables.into(),
            commit_lsn: origin.commit_lsn,
        };
        self.flight.launch(statement, subject, 0).await?;
        Ok(true)
    }

    async fn control(&mut self, text: &'static str) -> Result<(), ApplyError> {
        let session = Arc::clone(&self.session);
        let statement = async move { session.batch_execute(text).await.map(|()| 0) };
        self.flight.launch(statement, Subject::Control, 0).await
    }
}

fn conflict(plan: &Plan, change: RowChange<'_>, origin: Origin, kind: ConflictKind) -> ApplyError {
    let operation = match change {
        RowChange::Insert { .. } => Operation::Insert,
        RowChange::Update { .. } => Operation::Update,
        RowChange::Delete { .. } => Operation::Delete,
    };
    ApplyError::Conflict(Box::new(Conflict {
        tables: vec![plan.table.clone()],
        operation: Some(operation),
        commit_lsn: origin.commit_lsn,
        key_columns: key_columns(plan),
        kind,
    }))
}

/// A statement that the server does not even parse is refused for what the change needs.
fn unprepared(plan: &Plan, change: RowChange<'_>, origin: Origin, error: ApplyError) -> ApplyError {
    use crate::error::PgError;
    use transhume_core::disposition::Disposition;
    match error {
        ApplyError::Server {
            error: PgError::Server(server),
            ..
        } if PgError::Server(server.clone()).disposition() != Disposition::Retry => {
            conflict(plan, change, origin, ConflictKind::Refused(server))
        }
        error => error,
    }
}
