//! How far an attempt is: what it has received, applied and made safe.

use transhume_core::follow::{
    batch::{Batch, Closed},
    frontier::Frontier,
};
use transhume_pg::state::apply::StoredFrontier;
use transhume_wire::lsn::Lsn;

/// Changes of a batch whose last transaction would cost if it were sent again: a batch of small ones has far fewer.
const LARGE: u64 = 50_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) frontier: Lsn,
    /// What the slot may be told: the latest transaction that the target remembers and cannot lose any more.
    pub(super) confirmable: Lsn,
    /// What the target cannot lose any more.
    pub(super) on_disk: Lsn,
    /// That transaction was large: sent again, it would cost.
    pub(super) is_anchor_large: bool,
    /// The target remembers some transaction.
    pub(super) has_anchor: bool,
    pub(super) received: Lsn,
    /// Of everything that ended below nothing is left to be written.
    pub(super) settled: Lsn,
    pub(super) transactions: u64,
    pub(super) changes: u64,
}

impl Progress {
    /// A batch was committed, perhaps with a new anchor.
    pub(super) fn remember(&mut self, anchor: Option<Lsn>, batch: &Batch) {
        self.has_anchor |= anchor.is_some();
        if batch.closed == Some(Closed::Early) {
            self.is_anchor_large = true;
        } else if anchor.is_some() {
            self.is_anchor_large = batch.changes >= LARGE;
        }
    }
}

impl Progress {
    /// At the start of an attempt.
    pub(super) fn at(stored: StoredFrontier, frontier: &Frontier) -> Self {
        Self {
            frontier: stored.lsn,
            confirmable: frontier.confirmable(),
            on_disk: frontier.flushed(),
            is_anchor_large: false,
            has_anchor: stored.anchor.is_some(),
            received: stored.lsn,
            settled: frontier.received(),
            transactions: stored.transactions.unsigned_abs(),
            changes: stored.changes.unsigned_abs(),
        }
    }
}
