//! Changes written one by one, in the order of the source: each a prepared statement, pipelined.

use std::sync::Arc;

use tokio_postgres::Statement;
use transhume_core::follow::{
    change::Change,
    portion::Origin,
    row::{Operation, RowChange, RowPlan, RowWrite, row_write},
};
use transhume_wire::ident::QualifiedName;

use super::{
    batch::BatchWriter,
    conflict::{ApplyError, Conflict, ConflictKind},
    flight::{Subject, key_columns},
    parameter::TextParameter,
    relation_map::AnyShape,
    staged, statement,
};
use crate::{catalog::emptying::Emptied, connection::session::Session};

impl BatchWriter {
    /// Sends one change; nothing where the table's load has it already.
    pub(super) async fn write_one(&mut self, origin: Origin, change: &Change) -> Result<(), ApplyError> {
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

    async fn row(&mut self, origin: Origin, id: u32, change: RowChange<'_>) -> Result<(), ApplyError> {
        let plan = self.plan(id).await?;
        let write = row_write(&plan, change).map_err(|cause| {
            conflict(
                &plan,
                operation_of(change),
                origin,
                ConflictKind::Unwritable(cause),
            )
        })?;
        let places = staged::places(&plan, &write.values);
        if !places.is_empty() {
            // Answers first: an error under way would make what is asked now fail for no reason of its own.
            self.flight.drain().await?;
            if staged::is_allowed(&self.session).await? {
                return self.write_staged(plan, origin, write, &places).await;
            }
        }
        let RowWrite { shape, values } = write;
        let operation = shape.operation;
        let refused = |error| unprepared(&plan, operation, origin, error);
        let prepared = self.prepared(id, AnyShape::Row(shape), refused).await?;
        let bytes = values.iter().flatten().map(bytes::Bytes::len).sum();
        let session = Arc::clone(&self.session);
        let parameters: Vec<_> = values.into_iter().map(TextParameter).collect();
        let statement = async move { session.execute_raw(&prepared, parameters).await };
        let subject = Subject::Row {
            plan,
            operation,
            commit_lsn: origin.commit_lsn,
        };
        self.flight.launch(statement, subject, bytes).await?;
        Ok(())
    }

    /// Writes one change whose values at `places` come by way of the table.
    async fn write_staged(
        &mut self,
        plan: Arc<RowPlan>,
        origin: Origin,
        write: RowWrite,
        places: &[usize],
    ) -> Result<(), ApplyError> {
        let RowWrite { shape, values } = write;
        let session = Arc::clone(&self.session);
        if let Err(error) = staged::fill(&session, &values, places).await {
            self.is_usable = false;
            return Err(error.into());
        }
        let prepared = session.prepare(&statement::reading(&plan, &shape, places)).await;
        let refused = |error| unprepared(&plan, shape.operation, origin, error);
        let prepared = prepared.map_err(|error| refused(error.into()))?;
        let sent = values.into_iter().enumerate();
        let sent = sent.filter(|(place, _)| !places.contains(place));
        let parameters: Vec<_> = sent.map(|(_, value)| TextParameter(value)).collect();
        let statement = {
            let session = Arc::clone(&session);
            async move { session.execute_raw(&prepared, parameters).await }
        };
        let subject = Subject::Row {
            plan,
            operation: shape.operation,
            commit_lsn: origin.commit_lsn,
        };
        self.flight.launch(statement, subject, 0).await?;
        self.flight.drain().await?;
        Ok(staged::empty(&session).await?)
    }

    /// The statement for a shape; `refused` says what it was for. An error of what was sent before is passed on as it is.
    pub(super) async fn prepared(
        &mut self,
        id: u32,
        shape: AnyShape,
        refused: impl FnOnce(ApplyError) -> ApplyError,
    ) -> Result<Statement, ApplyError> {
        if let Some(prepared) = self.relations.statement(id, &shape) {
            return Ok(prepared);
        }
        // Answers first: an error under way would make this one fail for no reason of its own.
        self.flight.drain().await?;
        let prepared = self.relations.prepare(&self.session, id, shape).await;
        prepared.map_err(refused)
    }

    pub(super) async fn plan(&mut self, id: u32) -> Result<Arc<RowPlan>, ApplyError> {
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
    ) -> Result<(), ApplyError> {
        let mut tables: Vec<QualifiedName> = Vec::with_capacity(ids.len());
        for id in ids {
            if !self.relations.is_loaded(*id, origin.xid) {
                tables.push(self.plan(*id).await?.table.clone());
            }
        }
        if tables.is_empty() {
            return Ok(());
        }
        self.flight.drain().await?;
        let emptied = named_by_truncate(&self.session, &tables).await?;
        let text = statement::truncate(&emptied, restart_identity);
        let session = Arc::clone(&self.session);
        let statement = async move { session.batch_execute(&text).await.map(|()| 0) };
        let subject = Subject::Truncate {
            tables: tables.into(),
            commit_lsn: origin.commit_lsn,
        };
        self.flight.launch(statement, subject, 0).await?;
        Ok(())
    }
}

/// What a TRUNCATE of these tables must name.
async fn named_by_truncate(session: &Session, tables: &[QualifiedName]) -> Result<Vec<Emptied>, ApplyError> {
    let schemas: Vec<&str> = tables.iter().map(|table| table.schema.as_str()).collect();
    let of_schemas: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let rows = session
        .query(include_str!("sql/truncated.sql"), &[&schemas, &of_schemas])
        .await?;
    let emptied = rows.iter().map(|row| Emptied {
        table: QualifiedName::new(
            row.get::<_, &str>("schema_name"),
            row.get::<_, &str>("table_name"),
        ),
        is_partitioned: row.get("is_partitioned"),
    });
    Ok(emptied.collect())
}

fn operation_of(change: RowChange<'_>) -> Operation {
    match change {
        RowChange::Insert { .. } => Operation::Insert,
        RowChange::Update { .. } => Operation::Update,
        RowChange::Delete { .. } => Operation::Delete,
    }
}

fn conflict(plan: &RowPlan, operation: Operation, origin: Origin, kind: ConflictKind) -> ApplyError {
    ApplyError::Conflict(Box::new(Conflict {
        tables: vec![plan.table.clone()],
        operation: Some(operation),
        commit_lsn: origin.commit_lsn,
        key_columns: key_columns(plan),
        kind,
    }))
}

/// A statement that the server does not even parse is refused for what the change needs.
pub(super) fn unprepared(
    plan: &RowPlan,
    operation: Operation,
    origin: Origin,
    error: ApplyError,
) -> ApplyError {
    let refusal = match &error {
        ApplyError::Server { error, .. } => error.refusal(),
        _ => None,
    };
    match refusal.cloned() {
        Some(server) => conflict(plan, operation, origin, ConflictKind::Refused(Box::new(server))),
        None => error,
    }
}
