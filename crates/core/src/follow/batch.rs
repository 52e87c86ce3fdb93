//! What goes into one target transaction, and into one set of statements within it.
//!
//! A batch is whole source transactions. It grows only while more is waiting: an idle stream commits
//! each transaction at once (lowest lag), a backlog commits many together (highest throughput). A
//! transaction beyond any limit is one batch still, written in several flights so that memory is bounded.

use std::time::Duration;

use transhume_wire::lsn::Lsn;

use super::anchor::Anchor;

/// Limits of a batch; either ends it at the next transaction end. Measured: beyond, a longer batch
/// saves nothing more, and a failure costs more.
const TRANSACTIONS: u64 = 5_000;
const CHANGES: u64 = 10_000;
const BYTES: usize = 4 << 20;

/// Limits of a flight: changes held in memory and written together. Larger than a batch's, so that a
/// batch with an ordinary transaction at its end is one flight; small enough that three (one that is written,
/// one that waits, one that is gathered) stay within the 100 MB that following may take.
const FLIGHT_CHANGES: usize = 20_000;
const FLIGHT_BYTES: usize = 6 << 20;

/// Above, a flight holds one very large row: it is written by itself, and nothing is gathered beside it.
const LARGE_FLIGHT_BYTES: usize = 16 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    WhenBehind,
    /// Transactions that commit up to here are one batch each, so that a failure concerns exactly one.
    SinglyUpTo(Lsn),
}

/// Transactions of the open batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Batch {
    /// Ended source transactions, those without a change of ours too.
    pub transactions: u64,
    /// Ended source transactions with something to write.
    pub written: u64,
    pub changes: u64,
    /// What the changes take in memory.
    pub bytes: usize,
    /// Of the latest source transaction.
    pub commit_lsn: Lsn,
    /// The latest source transaction is not ended.
    pub is_open: bool,
    pub commit_time_micros: Option<i64>,
    /// The latest source transaction that the server would send again whatever is asked of it.
    pub anchor: Option<Anchor>,
    /// Something must be committed: changes or markers.
    pub must_commit: bool,
    /// Nothing more may come into it.
    pub closed: Option<Closed>,
}

/// What a batch ends with, however small it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The marker of a cutover's fence: the last that may be applied.
    ByFence,
    /// One transaction that was written before its commit, and nothing else.
    Early,
    /// A transaction that altered the schema: a label that it added can be used only behind its commit.
    BySchema,
}

impl Batch {
    /// At a transaction's end: commit now, even though more is waiting.
    pub fn is_over(&self, grouping: Grouping) -> bool {
        self.closed.is_some() || self.is_full(grouping)
    }

    fn is_full(&self, grouping: Grouping) -> bool {
        self.must_commit
            && (self.is_single(grouping)
                || self.transactions >= TRANSACTIONS
                || self.changes >= CHANGES
                || self.bytes >= BYTES)
    }

    fn is_single(&self, grouping: Grouping) -> bool {
        matches!(grouping, Grouping::SinglyUpTo(last) if self.commit_lsn <= last)
    }

    /// A failure of this batch may concern any of several source transactions.
    pub fn is_group(&self) -> bool {
        self.transactions + u64::from(self.is_open) > 1
    }
}

/// Changes gathered and not written yet are enough for a flight, wherever their transaction stands.
pub fn is_flight_full(changes: usize, bytes: usize) -> bool {
    changes >= FLIGHT_CHANGES || bytes >= FLIGHT_BYTES
}

/// It is there by one row that is larger than whole flights are.
pub fn is_flight_large(bytes: usize) -> bool {
    bytes > LARGE_FLIGHT_BYTES
}

/// What a row costs the target less when it is copied in rather than sent in lists: 1.6 to 2.5 microseconds, as measured with four
/// and with six columns; and a COPY waits for two answers that lists do not wait for.
const SAVED_BY_COPY: Duration = Duration::from_nanos(1_500);
const ROUND_TRIPS_OF_A_COPY: u32 = 2;
/// Below, a COPY's own beginning and end cost as much as they save.
const FEWEST_ROWS_TO_COPY: usize = 50;

/// So many new rows of one table, and more, are faster copied in than sent as lists.
pub fn rows_worth_a_copy(round_trip: Duration) -> usize {
    let waited = round_trip.saturating_mul(ROUND_TRIPS_OF_A_COPY);
    let rows = waited.as_nanos() / SAVED_BY_COPY.as_nanos();
    usize::try_from(rows)
        .unwrap_or(usize::MAX)
        .max(FEWEST_ROWS_TO_COPY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINGLY: Grouping = Grouping::SinglyUpTo(Lsn(100));

    fn one() -> Batch {
        Batch {
            transactions: 1,
            commit_lsn: Lsn(100),
            must_commit: true,
            ..Batch::default()
        }
    }

    #[test]
    fn a_batch_is_full_by_any_limit_or_alone() {
        assert!(!one().is_full(Grouping::WhenBehind) && one().is_full(SINGLY));
        for full in [
            Batch {
                transactions: TRANSACTIONS,
                ..one()
            },
            Batch {
                changes: CHANGES,
                ..one()
            },
            Batch {
                bytes: BYTES,
                ..one()
            },
        ] {
            assert!(full.is_full(Grouping::WhenBehind), "{full:?}");
        }
    }

    #[test]
    fn what_is_closed_ends_however_small_it_is() {
        for closed in [Closed::ByFence, Closed::Early] {
            let closed = Batch {
                closed: Some(closed),
                ..Batch::default()
            };
            assert!(closed.is_over(Grouping::WhenBehind));
        }
        assert!(!one().is_over(Grouping::WhenBehind) && one().is_over(SINGLY));
    }

    #[test]
    fn beyond_the_transactions_in_question_batches_grow_again() {
        let commit_lsn = Lsn(101);
        assert!(!Batch { commit_lsn, ..one() }.is_full(SINGLY));
    }

    #[test]
    fn a_group_is_more_than_one_transaction_ended_or_not() {
        assert!(
            !one().is_group()
                && !Batch {
                    is_open: true,
                    ..Batch::default()
                }
                .is_group()
        );
        assert!(
            Batch {
                is_open: true,
                ..one()
            }
            .is_group()
        );
    }

    #[test]
    fn what_needs_no_commit_never_fills_a_batch() {
        let batch = Batch {
            transactions: 2 * TRANSACTIONS,
            must_commit: false,
            ..one()
        };
        assert!(!batch.is_full(Grouping::WhenBehind) && !batch.is_full(SINGLY));
    }

    #[test]
    fn a_full_batch_and_a_transaction_of_ordinary_size_are_one_flight() {
        let changes = usize::try_from(CHANGES).unwrap();
        assert!(!is_flight_full(changes + 1_000, BYTES + (1 << 20)));
        assert!(is_flight_full(FLIGHT_CHANGES, 0) && is_flight_full(1, FLIGHT_BYTES));
    }

    #[test]
    fn the_farther_the_target_the_more_rows_a_copy_needs() {
        assert_eq!(rows_worth_a_copy(Duration::ZERO), FEWEST_ROWS_TO_COPY);
        assert_eq!(rows_worth_a_copy(Duration::from_millis(20)), 26_666);
        assert_eq!(rows_worth_a_copy(Duration::MAX), usize::MAX);
    }
}
