//! The one type that writes a batch: whole source transactions as one target transaction, with the
//! new frontier in it.
//!
//! Changes are gathered and written in flights: net changes, set by set, and one by one what cannot be
//! netted or was refused as a set. Most batches are one flight, sent together with their frontier.
//!
//! Invariants: the frontier moves only from the value that this writer last knew; the answer to every
//! statement is checked before COMMIT is sent; a writer that returned an error is not used again.

use std::sync::Arc;

use tokio_postgres::Statement;
use transhume_core::change::Change;
use transhume_wire::{ident::QualifiedName, lsn::Lsn, pgoutput::Relation};

use super::{
    buffer::Buffer,
    conflict::ApplyError,
    flight::{Flight, Subject},
    relation_map::RelationMap,
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
    pub(super) session: Arc<Session>,
    replica_role: bool,
    pub(super) relations: RelationMap,
    pub(super) flight: Flight,
    advance_frontier: Statement,
    is_open: bool,
    /// Flights of the open transaction are done: to undo more, they must be kept.
    pub(super) has_written: bool,
    pub(super) buffer: Buffer,
    /// Relations of another shape than the gathered changes have, announced since.
    announced: Vec<Arc<Relation>>,
    /// Relation and transaction of the latest change: most changes come in runs.
    latest: Option<(u32, u32)>,
    markers: Vec<(String, Lsn)>,
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
            has_written: false,
            buffer: Buffer::default(),
            announced: Vec::new(),
            latest: None,
            markers: Vec::new(),
        })
    }

    /// A relation was announced; changes from here on use it.
    pub fn announce(&mut self, relation: Arc<Relation>) {
        if !self.announced.is_empty() || !self.relations.is_announced(&relation) {
            self.announced.push(relation);
            self.latest = None;
        }
    }

    /// The relation that was announced under this name.
    pub fn announced_as(&self, table: &QualifiedName) -> Option<&Arc<Relation>> {
        self.relations.announced_as(table)
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
        self.has_written = false;
        self.control("begin isolation level read committed read write")
            .await?;
        if !self.replica_role {
            // A deferrable key that the source swapped in one statement is changed row by row here.
            self.control("set constraints all deferred").await?;
        }
        Ok(())
    }

    /// Takes one change to be written; false when the table's load has it already.
    pub async fn change(&mut self, origin: Origin, change: Change) -> Result<bool, ApplyError> {
        self.learn().await?;
        if !self.concerns_us(origin, &change).await? {
            return Ok(false);
        }
        self.buffer.push(origin, change);
        if self.buffer.is_full() {
            self.flush(None).await?;
        }
        Ok(true)
    }

    /// Takes a marker to be written down; whoever waits for it is told once this commits.
    pub fn marker(&mut self, nonce: &str, lsn: Lsn) {
        self.markers.push((nonce.to_owned(), lsn));
    }

    /// Writes what was taken and the new frontier, and commits.
    pub async fn finish(&mut self, advance: &Advance) -> Result<(), ApplyError> {
        self.begin().await?;
        self.flush(Some(advance)).await?;
        for (nonce, lsn) in std::mem::take(&mut self.markers) {
            apply::add_marker(&self.session, &nonce, lsn).await?;
        }
        let committed = self.session.batch_execute("commit").await;
        self.is_open = false;
        committed.map_err(|error| ApplyError::Server {
            error: error.into(),
            during_commit: true,
        })
    }

    /// Gives the open transaction up, and what was taken for it.
    pub async fn roll_back(&mut self) -> Result<(), ApplyError> {
        self.flight.abandon();
        self.buffer.clear();
        self.markers.clear();
        self.close().await
    }

    /// Ends the open transaction without a trace.
    pub(super) async fn close(&mut self) -> Result<(), ApplyError> {
        if self.is_open {
            self.is_open = false;
            self.session.batch_execute("rollback").await?;
        }
        Ok(())
    }

    pub(super) async fn control(&mut self, text: &'static str) -> Result<(), ApplyError> {
        let session = Arc::clone(&self.session);
        let statement = async move { session.batch_execute(text).await.map(|()| 0) };
        self.flight.launch(statement, Subject::Control, 0).await
    }

    pub(super) async fn advance(&mut self, advance: &Advance) -> Result<(), ApplyError> {
        let session = Arc::clone(&self.session);
        let (statement, parameters) = (self.advance_frontier.clone(), advance.parameters());
        let update = async move { session.execute_raw(&statement, parameters).await };
        let subject = Subject::Frontier {
            before: advance.before,
        };
        self.flight.launch(update, subject, 0).await
    }

    /// Takes up what was announced, after what was gathered under the former shapes is written.
    async fn learn(&mut self) -> Result<(), ApplyError> {
        if self.announced.is_empty() {
            return Ok(());
        }
        self.flush(None).await?;
        for relation in std::mem::take(&mut self.announced) {
            self.relations.announce(relation);
        }
        Ok(())
    }

    /// Makes sure that the change fits its tables; false when all their loads have it.
    async fn concerns_us(&mut self, origin: Origin, change: &Change) -> Result<bool, ApplyError> {
        let relations = change.relations();
        if let ([relation], Some(latest)) = (relations, self.latest)
            && latest == (*relation, origin.xid)
        {
            return Ok(true);
        }
        let mut concerns_us = false;
        for relation in relations {
            if !self.relations.is_loaded(*relation, origin.xid) {
                self.plan(*relation).await?;
                self.latest = Some((*relation, origin.xid));
                concerns_us = true;
            }
        }
        Ok(concerns_us)
    }
}
