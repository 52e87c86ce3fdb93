//! A portion as statements: sets, and one by one where that is refused.
//!
//! A constraint may refuse a set that it would have let pass row by row (two rows that swapped a unique
//! value), and a count that is wrong does not say which row. Both are decided by undoing the flight and
//! writing the same changes one by one in the same target transaction: what is refused then is an error.

use std::{collections::HashSet, sync::Arc};

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio_postgres::Statement;
use transhume_core::{
    disposition::Disposition,
    follow::{
        error_policy::Care,
        net::{self, Net},
        portion::{Origin, Portion},
        portion_buffer::PortionBuffer,
        row::{Operation, RowPlan},
    },
};
use transhume_wire::lsn::Lsn;

use super::{
    batch::BatchWriter,
    conflict::{ApplyError, Conflict, ConflictKind},
    flight::{Subject, refused},
    relation_map::AnyShape,
    serial::unprepared,
    set::{self, ListParameter, SetOperation, SetWrite},
};

/// Sets of a batch that are counted by the server, at most: each takes a statement of its own, and preparing it once more pays
/// for what one live transaction writes, not for a batch over hundreds of tables.
const COUNTED_SETS: usize = 16;
/// Their bytes, at most: no answer is waited for while they are sent ([`super::flight`]).
const COUNTED_BYTES: usize = 1 << 20;
/// SQLSTATE class of constraint violations: those depend on the rows, other refusals on the table.
const CONSTRAINT_VIOLATION: &str = "23";
/// Changes of a set belong to several transactions; its errors are never told with one.
const SEVERAL: Origin = Origin {
    commit_lsn: Lsn::ZERO,
    xid: 0,
};

/// A portion as statements.
#[derive(Default)]
pub(super) struct Assembled {
    pub(super) sets: Vec<(u32, Arc<RowPlan>, SetWrite)>,
    /// The server itself refuses whatever is not written as it must be.
    pub(super) is_counted: bool,
    /// Relations whose changes go one by one.
    serial: HashSet<u32>,
}

impl Assembled {
    /// Lets the server itself refuse whatever is not written as it must be; says whether it does for all of it.
    fn count(&mut self) -> bool {
        let all = self.sets.len() <= COUNTED_SETS
            && self.serial.is_empty()
            && self.sets.iter().all(|(_, _, write)| write.shape.can_be_counted());
        for (_, _, write) in self.sets.iter_mut().filter(|_| all) {
            write.shape.is_counted = true;
        }
        all
    }

    /// Nothing in sets.
    pub(super) fn all_serial(portion: &Portion) -> Self {
        Self {
            sets: Vec::new(),
            is_counted: false,
            serial: portion.relations.clone(),
        }
    }
}

impl BatchWriter {
    /// Makes statements of a portion and prepares those that are new. Sets that the server does not
    /// even parse are given up for their table. `is_last`: nothing waits behind it; counted statements are worth their planning.
    pub(super) async fn assemble_prepared(
        &mut self,
        portion: &Portion,
        is_last: bool,
    ) -> Result<Assembled, ApplyError> {
        loop {
            let mut assembled = self.assemble(portion);
            let may_be_counted = is_last && portion.end.is_some() && portion.buffer.bytes() <= COUNTED_BYTES;
            assembled.is_counted = may_be_counted && assembled.count();
            let missing: Vec<_> = assembled
                .sets
                .iter()
                .map(|(relation, _, write)| (*relation, AnyShape::Set(write.shape.clone())))
                .filter(|(relation, shape)| self.relations.statement(*relation, shape).is_none())
                .collect();
            if missing.is_empty() {
                return Ok(assembled);
            }
            self.settle().await?;
            if self.is_open() {
                self.session.batch_execute("savepoint before_preparing").await?;
            }
            // More of them than are kept for a relation: those that are gone by then are prepared again, singly.
            let refused = self.relations.prepare_all(&self.session, missing).await;
            if self.is_open() {
                let end = match &refused {
                    Ok(()) => "release savepoint before_preparing",
                    Err(_) => "rollback to savepoint before_preparing; release savepoint before_preparing",
                };
                self.session.batch_execute(end).await?;
            }
            let Err((relation, error)) = refused else {
                return Ok(assembled);
            };
            if error.disposition() == Disposition::Retry {
                return Err(error.into());
            }
            tracing::debug!(%error, "sets are not for a table");
            self.relations.write_singly(relation);
        }
    }

    fn assemble(&self, portion: &Portion) -> Assembled {
        let buffer = &portion.buffer;
        // An array cannot grow beyond 1 GiB, and its parts are copied on the way.
        if buffer.is_large() {
            return Assembled::all_serial(portion);
        }
        let mut assembled = Assembled::default();
        let shapes = self.relations.net_shapes(portion.relations.iter().copied());
        for (relation, net) in net::collapse(&shapes, &buffer.changes).relations {
            let plan = self.relations.known_plan(relation);
            let writes = match (&plan, &net) {
                (Some(plan), Net::Set(changes)) => set::writes(plan, changes, self.worth_a_copy),
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

    /// Sends everything of a portion; answers are only waited for where the window is full.
    pub(super) async fn attempt(
        &mut self,
        portion: &Portion,
        assembled: Assembled,
    ) -> Result<(), ApplyError> {
        for (relation, plan, write) in assembled.sets {
            self.write_set(relation, plan, write).await?;
        }
        if !assembled.serial.is_empty() {
            // These write in any transaction; BEGIN must have been answered.
            self.flight.drain().await?;
            let care = self.care_for(portion);
            self.write_serially(&portion.buffer, &assembled.serial, care)
                .await?;
        }
        self.confirm_tables(portion).await?;
        match &portion.end {
            Some(end) => self.end(end).await,
            None => Ok(()),
        }
    }

    async fn write_serially(
        &mut self,
        buffer: &PortionBuffer,
        relations: &HashSet<u32>,
        care: Option<Care>,
    ) -> Result<(), ApplyError> {
        for (origin, change) in buffer.iter() {
            if !change.relations().iter().any(|id| relations.contains(id)) {
                continue;
            }
            match care {
                Some(care) => self.write_or_store(care, origin, change).await?,
                None => self.write_one(origin, change).await?,
            }
        }
        Ok(())
    }

    async fn write_set(
        &mut self,
        relation: u32,
        plan: Arc<RowPlan>,
        write: SetWrite,
    ) -> Result<(), ApplyError> {
        let operation = match write.shape.operation {
            SetOperation::Delete => Operation::Delete,
            SetOperation::Update => Operation::Update,
            SetOperation::Find => Operation::Find,
            SetOperation::Insert | SetOperation::Copy => Operation::Insert,
        };
        let by_image = write.shape.nulls.is_some();
        let is_copy = write.shape.operation == SetOperation::Copy;
        let is_counted = write.shape.is_counted;
        let refused = |error| unprepared(&plan, operation, SEVERAL, error);
        let prepared = self
            .prepared(relation, AnyShape::Set(write.shape), refused)
            .await?;
        let (count, mut values) = (write.rows as u64, write.values);
        let subject = if is_counted {
            values.push(Bytes::copy_from_slice(&count.to_be_bytes()));
            Subject::Counted { plan, operation }
        } else {
            Subject::Rows {
                plan,
                operation,
                count,
            }
        };
        if is_copy {
            return self.copy(&prepared, values, subject).await;
        }
        let bytes = values.iter().map(Bytes::len).sum();
        let parameters: Vec<_> = values.into_iter().map(ListParameter).collect();
        let session = Arc::clone(&self.session);
        let statement = async move { session.execute_raw(&prepared, parameters).await };
        if !by_image {
            return self.flight.launch(statement, subject, bytes).await;
        }
        // Where no index helps, one look at the whole table must do for all rows; which it is depends on the table.
        self.control("set local enable_hashjoin = on; set local enable_seqscan = on")
            .await?;
        self.flight.launch(statement, subject, bytes).await?;
        self.control("set local enable_hashjoin = off; set local enable_seqscan = off")
            .await
    }

    /// Sends new rows as a stream. The driver loses step with a server that refuses a COPY before it has begun: nothing that
    /// may fail is under way by then, and after such an answer the session is not used again.
    async fn copy(
        &mut self,
        prepared: &Statement,
        stream: Vec<Bytes>,
        subject: Subject,
    ) -> Result<(), ApplyError> {
        self.flight.drain().await?;
        let mut sink = match self.session.copy_in::<_, Bytes>(prepared).await {
            Ok(sink) => Box::pin(sink),
            Err(error) => {
                self.is_usable = false;
                return Err(refused(&subject, error.into()));
            }
        };
        let bytes = stream.iter().map(Bytes::len).sum();
        let rows = async move {
            for part in stream {
                sink.send(part).await?;
            }
            sink.as_mut().finish().await
        };
        self.flight.launch(rows, subject, bytes).await
    }

    /// What is not a matter of the rows would be refused again each time.
    pub(super) fn learn_from(&mut self, conflict: &Conflict) {
        tracing::debug!(?conflict, "a flight is written again, one by one");
        if let ConflictKind::Refused(error) = &conflict.kind
            && !error.sqlstate.starts_with(CONSTRAINT_VIOLATION)
        {
            for table in &conflict.tables {
                self.relations.write_table_singly(table);
            }
        }
    }
}
