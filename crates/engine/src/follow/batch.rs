//! What a batch holds so far, and when it is full.
//!
//! A batch is whole source transactions. It grows only while more is waiting: an idle stream commits
//! each transaction at once (lowest lag), a backlog commits many together (highest throughput).

/// Limits of a batch; either ends it at the next transaction end. Beyond, a longer batch saves nothing
/// and a failure costs more.
const TRANSACTIONS: u64 = 1_000;
const CHANGES: u64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grouping {
    WhenBehind,
    /// One source transaction each, so that a failure concerns exactly one.
    Never,
}

/// Transactions that are written in the open target transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// Ended source transactions, those without a change of ours too.
    pub(super) transactions: u64,
    /// Ended source transactions with something written.
    pub(super) written: u64,
    pub(super) changes: u64,
    pub(super) commit_time_micros: Option<i64>,
    /// Something is written that must be committed: changes or markers.
    pub(super) must_commit: bool,
    /// It holds the marker of a cutover's fence: the last that may be applied.
    pub(super) is_fenced: bool,
}

impl Batch {
    pub(super) fn is_full(&self, grouping: Grouping) -> bool {
        self.must_commit
            && (grouping == Grouping::Never || self.transactions >= TRANSACTIONS || self.changes >= CHANGES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_by_number_or_alone() {
        let mut batch = Batch {
            transactions: 1,
            must_commit: true,
            ..Batch::default()
        };
        assert!(!batch.is_full(Grouping::WhenBehind) && batch.is_full(Grouping::Never));
        batch.changes = CHANGES;
        assert!(batch.is_full(Grouping::WhenBehind));
        batch.must_commit = false;
        assert!(!batch.is_full(Grouping::Never));
    }
}
