//! Gathered changes written as sets, and one by one when that is refused.
//!
//! A constraint may refuse a set that it would have let pass row by row (two rows that swapped a unique
//! value), and a count that is wrong does not say which row. Both are decided by undoing the flight and
//! writing the same changes one by one in the same target transaction: what is refused then is an error.

use std::{collections::HashSet, sync::Arc};

use transhume_core::{
    apply_plan::{Operation, Plan},
    net::{self, Net},
};
use transhume_wire::lsn::Lsn;

use super::{
    batch::{BatchWriter, Origin},
    buffer::Buffer,
    conflict::{ApplyError, Conflict, ConflictKind},
    flight::Subject,
    relation_map::AnyShape,
    serial::unprepared,
    set::{self, ListParameter, SetOperation, SetWrite},
};
use crate::state::apply::Advance;

/// Above, changes go one by one: an array cannot grow beyond 1 GiB, and its parts are copied on the way.
const LARGEST_SET_BYTES: usize = 256 << 20;
/// SQLSTATE class of constraint violations: those depend on the rows, other refusals on the table.
const CONSTRAINT_VIOLATION: &str = "23";
/// Changes of a set belong to several transactions; its errors are never told with one.
const SEVERAL: Origin = Origin {
    commit_lsn: Lsn::ZERO,
    xid: 0,
};

/// A buffer as statements.
#[derive(Default)]
struct Assembled {
    sets: Vec<(u32, Arc<Plan>, SetWrite)>,
    /// Relations whose changes go one by one.
    serial: HashSet<u32>,
}

impl BatchWriter {
    /// Writes what was gathered, then the frontier if it is given. Every answer is in when this returns.
    pub(super) async fn flush(&mut self, advance: Option<&Advance>) -> Result<(), ApplyError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.write(&buffer, advance).await?;
        buffer.clear();
        self.buffer = buffer;
        Ok(())
    }

    async fn write(&mut self, buffer: &Buffer, advance: Option<&Advance>) -> Result<(), ApplyError> {
        if buffer.is_empty() && advance.is_none() {
            return Ok(());
        }
        self.begin().await?;
        let assembled = self.assemble(buffer);
        if assembled.sets.is_empty() {
            return self.write_serially(buffer, advance).await;
        }
        let keeps_earlier = self.has_written;
        if keeps_earlier {
            self.control("savepoint before_flight").await?;
        }
        match self.attempt(buffer, assembled, advance).await {
            Err(ApplyError::Conflict(conflict)) => {
                self.learn_from(&conflict);
                self.undo(keeps_earlier).await?;
                self.write_serially(buffer, advance).await
            }
            Ok(()) => {
                if keeps_earlier {
                    self.control("release savepoint before_flight").await?;
                }
                self.has_written = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn assemble(&self, buffer: &Buffer) -> Assembled {
        let mut assembled = Assembled::default();
        if buffer.bytes() > LARGEST_SET_BYTES {
            return assembled;
        }
        let ids: HashSet<u32> = buffer
            .changes
            .iter()
            .flat_map(|change| change.relations().iter().copied())
            .collect();
        let shapes = self.relations.net_shapes(ids.into_iter());
        for (relation, net) in net::collapse(&shapes, &buffer.changes).relations {
            let plan = self.relations.known_plan(relation);
            let writes = match (&plan, &net) {
                (Some(plan), Net::Set(changes)) => set::writes(plan, changes),
                _ => None,
            };
            match (plan, writes) {
                (Some(plan), Some(writes)) => {
                    let sets = writes
                        .into_iter()
                        .map(|write| (relation, Arc::clone(&plan), write));
                    assembled.sets.extend(sets);
                }
                _ => {
                    assembled.serial.insert(relation);
                }
            }
        }
        assembled
    }

    async fn attempt(
        &mut self,
        buffer: &Buffer,
        assembled: Assembled,
        advance: Option<&Advance>,
    ) -> Result<(), ApplyError> {
        for (relation, plan, write) in assembled.sets {
            self.write_set(relation, plan, write).await?;
        }
        if !assembled.serial.is_empty() {
            for (origin, change) in buffer.iter() {
                if change.relations().iter().any(|id| assembled.serial.contains(id)) {
                    self.write_one(origin, change).await?;
                }
            }
        }
        self.complete(advance).await
    }

    async fn write_serially(&mut self, buffer: &Buffer, advance: Option<&Advance>) -> Result<(), ApplyError> {
        for (origin, change) in buffer.iter() {
            self.write_one(origin, change).await?;
        }
        self.complete(advance).await?;
        self.has_written |= !buffer.is_empty();
        Ok(())
    }

    async fn complete(&mut self, advance: Option<&Advance>) -> Result<(), ApplyError> {
        if let Some(advance) = advance {
            self.advance(advance).await?;
        }
        self.flight.drain().await
    }

    async fn write_set(&mut self, relation: u32, plan: Arc<Plan>, write: SetWrite) -> Result<(), ApplyError> {
        let operation = match write.shape.operation {
            SetOperation::Delete => Operation::Delete,
            SetOperation::Update => Operation::Update,
            SetOperation::Find => Operation::Find,
            SetOperation::Insert => Operation::Insert,
        };
        let prepared = self.prepared(relation, AnyShape::Set(write.shape)).await?;
        let prepared = prepared.map_err(|error| unprepared(&plan, operation, SEVERAL, error))?;
        let bytes = write.values.iter().map(bytes::Bytes::len).sum();
        let parameters: Vec<_> = write.values.into_iter().map(ListParameter).collect();
        let session = Arc::clone(&self.session);
        let statement = async move { session.execute_raw(&prepared, parameters).await };
        let subject = Subject::Rows {
            plan,
            operation,
            count: write.rows as u64,
        };
        self.flight.launch(statement, subject, bytes).await
    }

    /// Back to where the flight began.
    async fn undo(&mut self, keeps_earlier: bool) -> Result<(), ApplyError> {
        self.flight.abandon();
        if keeps_earlier {
            self.session
                .batch_execute("rollback to savepoint before_flight; release savepoint before_flight")
                .await?;
            return Ok(());
        }
        self.close().await?;
        self.begin().await
    }

    /// What is not a matter of the rows would be refused again each time.
    fn learn_from(&mut self, conflict: &Conflict) {
        tracing::debug!(?conflict, "a flight is written again, one by one");
        if let ConflictKind::Refused(error) = &conflict.kind
            && !error.sqlstate.starts_with(CONSTRAINT_VIOLATION)
        {
            for table in &conflict.tables {
                self.relations.write_singly(table);
            }
        }
    }
}
