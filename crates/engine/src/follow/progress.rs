//! How far an attempt is: what it has received, applied and made safe.

use transhume_pg::state::apply::StoredFrontier;
use transhume_wire::lsn::Lsn;

/// How far apply is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) frontier: Lsn,
    /// What the target cannot lose any more: the slot is told this.
    pub(super) flushed: Lsn,
    pub(super) received: Lsn,
    /// Of everything that ended below nothing is left to be written.
    pub(super) settled: Lsn,
    pub(super) transactions: u64,
    pub(super) changes: u64,
}

impl From<StoredFrontier> for Progress {
    fn from(stored: StoredFrontier) -> Self {
        Self {
            frontier: stored.lsn,
            flushed: Lsn::ZERO,
            received: stored.lsn,
            settled: stored.lsn,
            transactions: stored.transactions.unsigned_abs(),
            changes: stored.changes.unsigned_abs(),
        }
    }
}
