//! The one type that writes a batch: whole source transactions as one target transaction, with the
//! new frontier in it.
//!
//! Portions come ready gathered and go out in flights: net changes, set by set, and one by one what cannot
//! be netted or was refused as a set. A batch behind which nothing waits takes its COMMIT along where the server itself
//! refuses every wrong count ([`super::in_air`]); else it leaves once the answers are checked. While a flight is under way the
//! next portion is made into statements; its flight leaves right behind that COMMIT, without waiting for the answer.
//!
//! Invariants: nothing commits that was written to another table or column than was planned ([`super::planned`]); whatever leaves behind a BEGIN whose answer is not in writes nothing outside a batch; the answer to every
//! statement that is not counted is checked before COMMIT is sent; the frontier moves only from the value that this writer
//! last wrote, so that nothing that left behind a COMMIT that failed can commit; a writer that returned an error is not
//! used again, but what it had committed before can be asked for.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_postgres::{Row, Statement};
use transhume_core::follow::{
    batch::rows_worth_a_copy,
    error_policy::Care,
    portion::{Advance, BatchEnd, LoadedTable, Portion},
    tree_stream::TreeStream,
};
use transhume_wire::lsn::Lsn;

use super::{
    conflict::ApplyError,
    flight::{Flight, Subject, send},
    in_air::{Committing, InAir},
    relation_map::RelationMap,
    session::{BEGIN, BEGIN_DEFERRED},
    sets::Assembled,
    target_table::prepare_table_query,
};
use crate::{connection::session::Session, state::apply};

/// The target's WAL positions are read beside a COMMIT this often at most: a look costs the target as much as a small set, and
/// its WAL writer takes longer anyway (wal_writer_delay, 0.2 s).
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Positions of the target's own WAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetPosition {
    pub end: Lsn,
    /// Everything below is on disk.
    pub flushed: Lsn,
}

impl TargetPosition {
    pub(super) fn of(row: &Row) -> Self {
        let lsn = |column| {
            row.get::<_, &str>(column)
                .parse()
                .expect("invariant: the server prints pg_lsn as X/Y")
        };
        Self {
            end: lsn("insert_lsn"),
            flushed: lsn("flush_lsn"),
        }
    }
}

/// A batch that is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    pub advance: Advance,
    /// Where it was looked at: the commit record is below `end`.
    pub position: Option<TargetPosition>,
}

/// Statements of every batch.
pub(super) struct OfEveryBatch {
    pub(super) as_described: Statement,
    advance_frontier: Statement,
    add_marker: Statement,
    mark_changed: Statement,
    positions: Statement,
}

/// A portion whose answers are not all in, and whose COMMIT has not left.
struct UnderWay {
    portion: Portion,
    /// It went out in sets: what is refused may be right one by one.
    is_in_sets: bool,
    /// A savepoint keeps what the transaction holds before it.
    keeps_earlier: bool,
}

/// How far the target's transaction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transaction {
    /// None is open, or its COMMIT has left.
    None,
    Begun,
    /// Flights of it are done: to undo more, they must be kept.
    Written,
}

pub struct BatchWriter {
    pub(super) session: Arc<Session>,
    pub(super) relations: RelationMap,
    pub(super) flight: Flight,
    begin: &'static str,
    pub(super) statements: OfEveryBatch,
    transaction: Transaction,
    /// Nothing is in the air meanwhile.
    under_way: Option<UnderWay>,
    pub(super) in_air: VecDeque<InAir>,
    care: Option<Care>,
    /// New rows of one table that are copied in rather than sent as lists.
    pub(super) worth_a_copy: usize,
    /// Answers of the server still belong to what was asked.
    pub(super) is_usable: bool,
    pub(super) committed: VecDeque<Committed>,
    looked_at: Instant,
}

impl BatchWriter {
    /// Takes over an apply session.
    pub async fn new(session: Session, replica_role: bool) -> Result<Self, ApplyError> {
        let loaded = Arc::new(apply::loaded_tables(&session).await?);
        Self::with_tables(session, replica_role, loaded).await
    }

    pub(super) async fn with_tables(
        session: Session,
        replica_role: bool,
        loaded: Arc<HashMap<u32, LoadedTable>>,
    ) -> Result<Self, ApplyError> {
        let worth_a_copy = rows_worth_a_copy(session.round_trip().await?);
        let table_query = prepare_table_query(&session).await?;
        let statements = OfEveryBatch {
            as_described: session.prepare(include_str!("sql/as_described.sql")).await?,
            advance_frontier: session.prepare(apply::ADVANCE_FRONTIER).await?,
            add_marker: session.prepare(apply::ADD_MARKER).await?,
            mark_changed: session.prepare(apply::MARK_CHANGED).await?,
            positions: session.prepare(include_str!("sql/positions.sql")).await?,
        };
        Ok(Self {
            session: Arc::new(session),
            relations: RelationMap::new(loaded, table_query),
            flight: Flight::default(),
            begin: if replica_role { BEGIN } else { BEGIN_DEFERRED },
            statements,
            transaction: Transaction::None,
            under_way: None,
            in_air: VecDeque::new(),
            care: None,
            worth_a_copy,
            is_usable: true,
            committed: VecDeque::new(),
            looked_at: Instant::now(),
        })
    }

    /// Writes what commits up to there change by change, storing what is refused where the policy says so.
    pub fn take_care(&mut self, care: Care) {
        self.care = Some(care);
    }

    /// How a portion is to be written that must not be refused as a whole.
    pub(super) fn care_for(&self, portion: &Portion) -> Option<Care> {
        let first = portion.buffer.first_commit_lsn()?;
        self.care.filter(|care| first <= care.up_to)
    }

    /// Which tables were loaded under which snapshot, as of the start.
    pub fn loaded_tables(&self) -> Arc<HashMap<u32, LoadedTable>> {
        self.relations.loaded_tables()
    }

    /// The encoding that values are written in as they came.
    pub fn value_encoding(&self) -> &str {
        self.session.client_encoding()
    }

    /// How the stream names what is moved as a whole.
    pub fn trees(&self) -> TreeStream {
        let loaded = self.relations.loaded_tables();
        let partitions = loaded
            .iter()
            .filter_map(|(oid, table)| Some((*oid, table.tree?, table.name.clone())));
        TreeStream::new(partitions)
    }

    /// Sends a portion on its way. `is_last`: nothing waits behind it.
    pub async fn write(&mut self, mut portion: Portion, is_last: bool) -> Result<(), ApplyError> {
        let announced = portion.announced_schema.take();
        if !self.relations.knows_all_of(&portion) {
            self.settle().await?;
            self.relations.learn(&self.session, &portion).await?;
        }
        let assembled = if self.care_for(&portion).is_some() {
            Assembled::all_serial(&portion)
        } else {
            self.assemble_prepared(&portion, is_last).await?
        };
        if !assembled.is_counted {
            self.land().await?;
        }
        let before = self.conclude().await?;
        let sent = self.send(portion, assembled).await;
        // What went wrong first is what counts.
        self.finish_commit(before).await?;
        sent?;
        if let Some(announced) = announced {
            self.settle_under_way().await?;
            self.carry(&announced).await?;
        }
        Ok(())
    }

    /// Brings to its end whatever was sent.
    pub async fn settle(&mut self) -> Result<(), ApplyError> {
        self.land().await?;
        self.settle_under_way().await
    }

    pub(super) async fn settle_under_way(&mut self) -> Result<(), ApplyError> {
        let before = self.conclude().await?;
        self.finish_commit(before).await
    }

    /// All that was sent took its COMMIT along, so that more may leave behind it.
    pub fn has_all_in_air(&self) -> bool {
        self.under_way.is_none()
    }

    /// The next batch that is known to be committed.
    pub fn next_committed(&mut self) -> Option<Committed> {
        self.committed.pop_front()
    }

    /// Somebody on the target waits for what this transaction holds.
    pub async fn blocks_others(&mut self) -> Result<bool, ApplyError> {
        let statement = include_str!("sql/blocks_others.sql");
        Ok(self.session.query_one(statement, &[]).await?.get(0))
    }

    /// Where the target's WAL stands now.
    pub async fn position(&mut self) -> Result<TargetPosition, ApplyError> {
        self.looked_at = Instant::now();
        let row = self.session.query_one(&self.statements.positions, &[]).await?;
        Ok(TargetPosition::of(&row))
    }

    pub(super) async fn send(&mut self, portion: Portion, assembled: Assembled) -> Result<(), ApplyError> {
        let takes_commit = self.transaction == Transaction::None && assembled.is_counted;
        self.begin().await?;
        let mut under_way = UnderWay {
            is_in_sets: !assembled.sets.is_empty(),
            keeps_earlier: self.transaction == Transaction::Written && !assembled.sets.is_empty(),
            portion,
        };
        if under_way.keeps_earlier {
            self.control("savepoint before_flight").await?;
        }
        match self.attempt(&under_way.portion, assembled).await {
            Err(ApplyError::Conflict(conflict)) if under_way.is_in_sets && self.is_usable => {
                self.learn_from(&conflict);
                self.write_again(&mut under_way).await?;
            }
            sent => {
                sent?;
                if takes_commit && let Some(end) = &under_way.portion.end {
                    let committing = self.commit(end).await;
                    self.in_air.push_back(InAir {
                        portion: under_way.portion,
                        flight: std::mem::take(&mut self.flight),
                        committing,
                    });
                    return Ok(());
                }
            }
        }
        self.under_way = Some(under_way);
        Ok(())
    }

    /// Checks what is under way, and sends the COMMIT where its batch ends.
    async fn conclude(&mut self) -> Result<Option<Committing>, ApplyError> {
        let Some(mut under_way) = self.under_way.take() else {
            return Ok(None);
        };
        match self.flight.drain().await {
            Err(ApplyError::Conflict(conflict)) if under_way.is_in_sets && self.is_usable => {
                self.learn_from(&conflict);
                self.write_again(&mut under_way).await?;
                self.flight.drain().await?;
            }
            checked => checked?,
        }
        self.transaction = Transaction::Written;
        let Some(end) = &under_way.portion.end else {
            if under_way.keeps_earlier {
                self.control("release savepoint before_flight").await?;
            }
            return Ok(None);
        };
        Ok(Some(self.commit(end).await))
    }

    /// Sends the COMMIT, and a look at the target's WAL behind it where one is due.
    async fn commit(&mut self, end: &BatchEnd) -> Committing {
        self.transaction = Transaction::None;
        let session = Arc::clone(&self.session);
        let answer = send(async move { session.batch_execute("commit").await }).await;
        let mut look = None;
        if end.is_synchronous || self.looked_at.elapsed() >= LOOK_EVERY {
            self.looked_at = Instant::now();
            let (session, positions) = (Arc::clone(&self.session), self.statements.positions.clone());
            look = Some(send(async move { session.query_one(&positions, &[]).await }).await);
        }
        Committing {
            answer: Some(answer),
            look,
            seen: None,
            advance: end.advance,
            is_synchronous: end.is_synchronous,
        }
    }

    async fn finish_commit(&mut self, committing: Option<Committing>) -> Result<(), ApplyError> {
        if let Some(mut committing) = committing {
            let committed = committing.answered().await?;
            self.committed.push_back(committed);
        }
        Ok(())
    }

    /// Undoes a flight that was refused as sets, and writes the same changes one by one.
    async fn write_again(&mut self, under_way: &mut UnderWay) -> Result<(), ApplyError> {
        self.flight.abandon();
        under_way.is_in_sets = false;
        if std::mem::take(&mut under_way.keeps_earlier) {
            self.session
                .batch_execute("rollback to savepoint before_flight; release savepoint before_flight")
                .await?;
        } else {
            self.transaction = Transaction::None;
            self.session.batch_execute("rollback").await?;
            self.begin().await?;
        }
        let portion = &under_way.portion;
        self.attempt(portion, Assembled::all_serial(portion)).await
    }

    /// Begins a target transaction unless one is open.
    async fn begin(&mut self) -> Result<(), ApplyError> {
        if self.is_open() {
            return Ok(());
        }
        self.transaction = Transaction::Begun;
        self.control(self.begin).await
    }

    /// Sends what ends the batch, but for the COMMIT.
    pub(super) async fn end(&mut self, end: &BatchEnd) -> Result<(), ApplyError> {
        for (nonce, lsn) in &end.markers {
            let (session, statement) = (Arc::clone(&self.session), self.statements.add_marker.clone());
            let parameters = apply::marker_parameters(nonce, *lsn);
            let insert = async move { session.execute_raw(&statement, parameters).await };
            self.flight.launch(insert, Subject::Control, 0).await?;
        }
        if !end.changed.0.is_empty() {
            let (session, statement) = (Arc::clone(&self.session), self.statements.mark_changed.clone());
            let parameters = apply::changed_parameters(&end.changed);
            let upsert = async move { session.execute_raw(&statement, parameters).await };
            self.flight.launch(upsert, Subject::Control, 0).await?;
        }
        if end.is_synchronous {
            self.control("set local synchronous_commit = on").await?;
        }
        let (session, statement) = (
            Arc::clone(&self.session),
            self.statements.advance_frontier.clone(),
        );
        let parameters = apply::advance_parameters(&end.advance);
        let update = async move { session.execute_raw(&statement, parameters).await };
        let before = end.advance.before;
        self.flight.launch(update, Subject::Frontier { before }, 0).await
    }

    pub(super) async fn control(&mut self, text: &'static str) -> Result<(), ApplyError> {
        let session = Arc::clone(&self.session);
        let statement = async move { session.batch_execute(text).await.map(|()| 0) };
        self.flight.launch(statement, Subject::Control, 0).await
    }

    /// Statements prepared for what is to come must not spoil the open transaction.
    pub(super) fn is_open(&self) -> bool {
        self.transaction != Transaction::None
    }
}
