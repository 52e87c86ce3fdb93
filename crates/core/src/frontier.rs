//! How far the stream was received, applied and may be confirmed.
//!
//! Owns the rule that the slot only ever hears of end LSNs whose work is durable on the target. A
//! keepalive's WAL end counts as durable too, but only when no transaction is open and none waits:
//! otherwise it would declare applied what is still in memory. Nothing here moves backwards.

use transhume_wire::lsn::Lsn;

/// Progress of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    /// End LSN stored on the target in the transaction that did the work.
    durable: Lsn,
    /// End LSN of the last transaction received whole; at least `durable`.
    received: Lsn,
    /// WAL end of a keepalive that found nothing open and nothing waiting.
    idle: Lsn,
    open: bool,
}

/// A batch claims a progress that it cannot have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    #[error("frontier would move backwards from {from} to {to}")]
    Backwards { from: Lsn, to: Lsn },
    #[error("frontier would move to {to} but only {received} was received")]
    NotReceived { to: Lsn, received: Lsn },
}

impl Frontier {
    /// Starts where the target says that it stands, after a start or a reconnect: what was received
    /// and not applied comes again.
    pub fn resume(durable: Lsn) -> Self {
        Self {
            durable,
            received: durable,
            idle: durable,
            open: false,
        }
    }

    /// All transactions below are durably applied.
    pub fn durable(&self) -> Lsn {
        self.durable
    }

    /// End LSN of the last transaction received whole.
    pub fn received(&self) -> Lsn {
        self.received
    }

    /// What the slot may be told: no change below will be asked for again.
    pub fn confirmable(&self) -> Lsn {
        self.durable.max(self.idle)
    }

    /// A transaction that an earlier run applied. Commit LSNs decide, never a record's own LSN; a
    /// frontier is an end LSN, and so what committed exactly there is new.
    pub fn is_applied(&self, commit_lsn: Lsn) -> bool {
        commit_lsn < self.durable
    }

    /// No transaction is open and none waits to be applied.
    pub fn is_drained(&self) -> bool {
        !self.open && self.received == self.durable
    }

    /// A BEGIN was received.
    pub fn begin(&mut self) {
        self.open = true;
    }

    /// A COMMIT was received. A transaction that was applied before leaves `received` where it is.
    pub fn commit(&mut self, end_lsn: Lsn) {
        self.open = false;
        self.received = self.received.max(end_lsn);
    }

    /// A target transaction committed with this frontier.
    pub fn made_durable(&mut self, end_lsn: Lsn) -> Result<(), FrontierError> {
        if end_lsn < self.durable {
            return Err(FrontierError::Backwards {
                from: self.durable,
                to: end_lsn,
            });
        }
        if end_lsn > self.received.max(self.idle) {
            return Err(FrontierError::NotReceived {
                to: end_lsn,
                received: self.received,
            });
        }
        self.durable = end_lsn;
        self.received = self.received.max(end_lsn);
        Ok(())
    }

    /// A keepalive said that the server has sent all up to `wal_end`. Returns whether it counted.
    pub fn keepalive(&mut self, wal_end: Lsn) -> bool {
        let counts = self.is_drained() && wal_end > self.confirmable();
        if counts {
            self.idle = wal_end;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_durable_ends_are_confirmed() {
        let mut frontier = Frontier::resume(Lsn(100));
        frontier.begin();
        frontier.commit(Lsn(150));
        frontier.begin();
        frontier.commit(Lsn(200));
        assert_eq!(frontier.confirmable(), Lsn(100));

        frontier.made_durable(Lsn(150)).unwrap();
        assert_eq!(frontier.confirmable(), Lsn(150));
        assert!(!frontier.is_drained());
    }

    #[test]
    fn a_keepalive_counts_only_when_nothing_is_open_or_waits() {
        let mut frontier = Frontier::resume(Lsn(100));
        assert!(frontier.keepalive(Lsn(120)));
        assert_eq!(frontier.confirmable(), Lsn(120));
        assert!(!frontier.keepalive(Lsn(110)));

        frontier.begin();
        assert!(!frontier.keepalive(Lsn(130)));
        frontier.commit(Lsn(140));
        assert!(!frontier.keepalive(Lsn(150)));
        assert_eq!(frontier.confirmable(), Lsn(120));

        frontier.made_durable(Lsn(140)).unwrap();
        assert!(frontier.keepalive(Lsn(150)));
        assert_eq!((frontier.durable(), frontier.confirmable()), (Lsn(140), Lsn(150)));
    }

    #[test]
    fn an_idle_position_may_be_stored() {
        let mut frontier = Frontier::resume(Lsn(100));
        frontier.keepalive(Lsn(120));

        assert_eq!(frontier.made_durable(Lsn(120)), Ok(()));
        assert_eq!(frontier.durable(), Lsn(120));
        assert!(frontier.is_drained());
    }

    #[test]
    fn a_commit_at_the_frontier_is_new_and_one_below_is_not() {
        let frontier = Frontier::resume(Lsn(100));

        assert!(frontier.is_applied(Lsn(99)));
        assert!(!frontier.is_applied(Lsn(100)));
    }

    #[test]
    fn progress_that_cannot_be_is_refused() {
        let mut frontier = Frontier::resume(Lsn(100));

        assert_eq!(
            frontier.made_durable(Lsn(99)),
            Err(FrontierError::Backwards {
                from: Lsn(100),
                to: Lsn(99)
            })
        );
        assert_eq!(
            frontier.made_durable(Lsn(101)),
            Err(FrontierError::NotReceived {
                to: Lsn(101),
                received: Lsn(100)
            })
        );
    }

    /// What may happen on a stream; numbers are WAL bytes written meanwhile.
    #[derive(Debug, Clone)]
    enum Happening {
        Transaction(u64),
        ApplyOldest,
        Keepalive(u64),
        Crash,
    }

    fn happenings() -> impl Strategy<Value = Vec<Happening>> {
        let one = prop_oneof![
            (1_u64..50).prop_map(Happening::Transaction),
            Just(Happening::ApplyOldest),
            (0_u64..50).prop_map(Happening::Keepalive),
            Just(Happening::Crash),
        ];
        prop::collection::vec(one, 0..60)
    }

    proptest! {
        /// Model: the source's commits, and a target that counts how often each was applied.
        #[test]
        fn no_commit_is_lost_or_doubled_over_crashes_and_keepalives(history in happenings()) {
            let mut commits: Vec<(u64, u64, u32)> = Vec::new();
            let (mut wal_end, mut stored) = (100_u64, Lsn(100));
            let mut frontier = Frontier::resume(stored);
            let mut waiting: Vec<usize> = Vec::new();
            let mut confirmed = stored;
            for happening in history {
                match happening {
                    Happening::Transaction(bytes) => {
                        let commit_lsn = wal_end;
                        wal_end += bytes;
                        commits.push((commit_lsn, wal_end, 0));
                        frontier.begin();
                        prop_assert!(!frontier.keepalive(Lsn(wal_end)));
                        frontier.commit(Lsn(wal_end));
                        waiting.push(commits.len() - 1);
                    }
                    Happening::ApplyOldest if !waiting.is_empty() => {
                        let commit = &mut commits[waiting.remove(0)];
                        commit.2 += 1;
                        stored = Lsn(commit.1);
                        frontier.made_durable(stored).unwrap();
                    }
                    Happening::ApplyOldest => {}
                    Happening::Keepalive(bytes) => {
                        wal_end += bytes;
                        frontier.keepalive(Lsn(wal_end));
                    }
                    Happening::Crash => {
                        frontier = Frontier::resume(stored);
                        waiting.clear();
                        // The server may resend from before the confirmed position; never from after it.
                        for (index, (commit_lsn, end_lsn, applied)) in commits.iter().enumerate() {
                            let skip = frontier.is_applied(Lsn(*commit_lsn));
                            prop_assert_eq!(skip, *applied == 1);
                            if !skip {
                                prop_assert!(Lsn(*end_lsn) > confirmed);
                                frontier.begin();
                                frontier.commit(Lsn(*end_lsn));
                                waiting.push(index);
                            }
                        }
                    }
                }
                prop_assert!(frontier.confirmable() >= stored);
                confirmed = confirmed.max(frontier.confirmable());
                prop_assert!(commits.iter().all(|(_, end, applied)| *applied == 1 || Lsn(*end) > confirmed));
                prop_assert!(commits.iter().all(|(_, _, applied)| *applied <= 1));
            }
        }
    }
}
