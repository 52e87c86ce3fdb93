//! How far the stream was received, applied and may be confirmed.
//!
//! Owns the rule that the slot only ever hears of what is on the target's disk, and of that only up to the commit record of
//! the latest transaction that the target remembers (`super::anchor`), so that the server sends that one again: a batch
//! that is committed there is seen by everybody, but until its commit record is flushed a crash of the
//! target may still take it back. A keepalive's WAL end counts as received, but only when no transaction
//! is open: otherwise it would declare whole what is not. Nothing here moves backwards.

use std::collections::VecDeque;

use transhume_wire::lsn::Lsn;

/// Progress of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    /// End LSN stored on the target in the transaction that did the work, which is committed.
    applied: Lsn,
    /// Every transaction that ends at or below was received whole; at least `applied`.
    received: Lsn,
    /// What a crash of the target cannot take back; at most `applied`.
    flushed: Lsn,
    /// Start of the commit record of the latest transaction that the target remembers, stored with `applied`.
    anchor: Option<Lsn>,
    /// The latest anchor that a crash of the target cannot take back.
    confirmable: Lsn,
    unflushed: VecDeque<Unflushed>,
    open: bool,
}

/// A look at the target that found batches not flushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unflushed {
    /// Where the target's own WAL ended.
    target_end: Lsn,
    /// Of the latest batch that was committed by then, and the anchor stored with it.
    end_lsn: Lsn,
    anchor: Option<Lsn>,
}

/// A batch claims a progress that it cannot have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    #[error("the applied LSN would move backwards from {from} to {to}")]
    Backwards { from: Lsn, to: Lsn },
    #[error("the applied LSN would move to {to} but only {received} was received")]
    NotReceived { to: Lsn, received: Lsn },
}

impl Frontier {
    /// Starts where the target says that it stands, after a start or a reconnect: what was received
    /// and not applied comes again. What one can read of it then need not be flushed yet: its
    /// commit record lies below `target_end`, the end of the target's WAL.
    pub fn resume(applied: Lsn, anchor: Option<Lsn>, confirmed: Lsn, target_end: Lsn) -> Self {
        let mut unflushed = VecDeque::new();
        if confirmed < applied {
            unflushed.push_back(Unflushed {
                target_end,
                end_lsn: applied,
                anchor,
            });
        }
        Self {
            applied,
            received: applied,
            flushed: confirmed.min(applied),
            anchor,
            confirmable: confirmed.min(applied),
            unflushed,
            open: false,
        }
    }

    /// All transactions below are applied, for everybody to see.
    pub fn applied(&self) -> Lsn {
        self.applied
    }

    /// Every transaction that ends at or below was received whole.
    pub fn received(&self) -> Lsn {
        self.received
    }

    /// What the slot may be told: nothing below will be asked for again, and the anchor will be.
    pub fn confirmable(&self) -> Lsn {
        self.confirmable
    }

    /// Everything that was applied up to here is on the target's disk.
    pub fn flushed(&self) -> Lsn {
        self.flushed
    }

    /// Something applied is not known to be flushed.
    pub fn is_flush_awaited(&self) -> bool {
        self.flushed < self.applied
    }

    /// A transaction that an earlier run applied. Commit LSNs decide, never a record's own LSN; a
    /// frontier is an end LSN, and so what committed exactly there is new.
    pub fn is_applied(&self, commit_lsn: Lsn) -> bool {
        commit_lsn < self.applied
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

    /// A target transaction committed with this frontier, and this anchor where it has a new one.
    pub fn committed(&mut self, end_lsn: Lsn, anchor: Option<Lsn>) -> Result<(), FrontierError> {
        if end_lsn < self.applied {
            return Err(FrontierError::Backwards {
                from: self.applied,
                to: end_lsn,
            });
        }
        if end_lsn > self.received {
            return Err(FrontierError::NotReceived {
                to: end_lsn,
                received: self.received,
            });
        }
        self.applied = end_lsn;
        self.anchor = anchor.or(self.anchor);
        Ok(())
    }

    /// A look at the target after everything that is `applied`: its own WAL reaches to `target_end`, and all below
    /// `target_flushed` is on disk.
    pub fn target_stands(&mut self, target_end: Lsn, target_flushed: Lsn) {
        let seen = self
            .unflushed
            .back()
            .map_or(self.flushed, |unflushed| unflushed.end_lsn);
        if self.applied > seen {
            self.unflushed.push_back(Unflushed {
                target_end,
                end_lsn: self.applied,
                anchor: self.anchor,
            });
        }
        while let Some(unflushed) = self.unflushed.front().copied()
            && unflushed.target_end <= target_flushed
        {
            self.flushed = unflushed.end_lsn;
            self.confirmable = self.confirmable.max(unflushed.anchor.unwrap_or_default());
            self.unflushed.pop_front();
        }
    }

    /// A keepalive said that the server has sent all up to `wal_end`. Returns whether it counted.
    pub fn keepalive(&mut self, wal_end: Lsn) -> bool {
        let counts = !self.open && wal_end > self.received;
        if counts {
            self.received = wal_end;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at_hundred() -> Frontier {
        Frontier::resume(Lsn(100), None, Lsn(100), Lsn(1))
    }

    #[test]
    fn only_flushed_ends_are_confirmed() {
        let mut frontier = at_hundred();
        for end_lsn in [150, 200, 250] {
            frontier.begin();
            frontier.commit(Lsn(end_lsn));
        }
        frontier.committed(Lsn(150), Some(Lsn(140))).unwrap();
        frontier.target_stands(Lsn(10), Lsn(9));
        frontier.committed(Lsn(200), Some(Lsn(190))).unwrap();
        assert_eq!((frontier.applied(), frontier.confirmable()), (Lsn(200), Lsn(100)));

        frontier.target_stands(Lsn(20), Lsn(19));
        assert_eq!((frontier.flushed(), frontier.confirmable()), (Lsn(150), Lsn(140)));
        assert!(frontier.is_flush_awaited());
        // Without a transaction that is remembered: the slot keeps the former one.
        frontier.committed(Lsn(250), None).unwrap();
        frontier.target_stands(Lsn(30), Lsn(20));
        assert_eq!((frontier.flushed(), frontier.confirmable()), (Lsn(200), Lsn(190)));
        frontier.target_stands(Lsn(40), Lsn(30));
        assert_eq!((frontier.flushed(), frontier.confirmable()), (Lsn(250), Lsn(190)));
        assert!(!frontier.is_flush_awaited());
    }

    #[test]
    fn what_is_found_applied_is_confirmed_only_once_it_is_flushed() {
        let mut frontier = Frontier::resume(Lsn(100), Some(Lsn(90)), Lsn(80), Lsn(7));
        assert_eq!((frontier.applied(), frontier.confirmable()), (Lsn(100), Lsn(80)));

        frontier.target_stands(Lsn(9), Lsn(7));
        assert_eq!((frontier.flushed(), frontier.confirmable()), (Lsn(100), Lsn(90)));
    }

    #[test]
    fn a_keepalive_counts_between_transactions_only() {
        let mut frontier = at_hundred();
        assert!(frontier.keepalive(Lsn(120)));
        assert!(!frontier.keepalive(Lsn(110)));
        frontier.begin();
        assert!(!frontier.keepalive(Lsn(130)));
        frontier.commit(Lsn(140));

        assert!(frontier.keepalive(Lsn(150)));
        assert_eq!((frontier.received(), frontier.applied()), (Lsn(150), Lsn(100)));
        frontier.committed(Lsn(150), None).unwrap();
        assert_eq!(frontier.applied(), Lsn(150));
    }

    #[test]
    fn a_commit_at_the_frontier_is_new_and_one_below_is_not() {
        let frontier = at_hundred();

        assert!(frontier.is_applied(Lsn(99)));
        assert!(!frontier.is_applied(Lsn(100)));
    }

    #[test]
    fn progress_that_cannot_be_is_refused() {
        let mut frontier = at_hundred();

        let backwards = frontier.committed(Lsn(99), None);
        let from = Lsn(100);
        assert_eq!(backwards, Err(FrontierError::Backwards { from, to: Lsn(99) }));
        let early = frontier.committed(Lsn(101), None);
        let received = Lsn(100);
        assert_eq!(
            early,
            Err(FrontierError::NotReceived {
                to: Lsn(101),
                received
            })
        );
    }

    /// What may happen on a stream; numbers are WAL bytes written meanwhile.
    #[derive(Debug, Clone)]
    enum Happening {
        Transaction(u64),
        ApplyOldest,
        Keepalive(u64),
        TargetFlushes,
        Look,
        /// Ours: what is committed stays.
        Crash,
        /// The target's: what is not flushed is gone.
        TargetCrash,
    }

    fn happenings() -> impl Strategy<Value = Vec<Happening>> {
        let one = prop_oneof![
            4 => (1_u64..50).prop_map(Happening::Transaction),
            4 => Just(Happening::ApplyOldest),
            2 => (0_u64..50).prop_map(Happening::Keepalive),
            2 => Just(Happening::TargetFlushes),
            2 => Just(Happening::Look),
            1 => Just(Happening::Crash),
            1 => Just(Happening::TargetCrash),
        ];
        prop::collection::vec(one, 0..80)
    }

    /// The source's commits, and a target that counts how often each was applied.
    #[derive(Default)]
    struct Model {
        /// Commit LSN, end LSN, times applied.
        commits: Vec<(u64, u64, u32)>,
        wal_end: u64,
        /// Anchors and frontiers that the target committed, by its own WAL; all before `flushed` survive a crash.
        target: Vec<(Lsn, Lsn)>,
        flushed: usize,
        waiting: Vec<usize>,
        confirmed: Lsn,
    }

    impl Model {
        fn stored(&self) -> Lsn {
            self.target.last().map_or(Lsn(100), |(_, end)| *end)
        }

        fn apply_oldest(&mut self, frontier: &mut Frontier) {
            if self.waiting.is_empty() {
                return;
            }
            let commit = &mut self.commits[self.waiting.remove(0)];
            commit.2 += 1;
            self.target.push((Lsn(commit.0), Lsn(commit.1)));
            frontier.committed(Lsn(commit.1), Some(Lsn(commit.0))).unwrap();
        }

        /// What the target lost is not applied any more.
        fn lose_unflushed(&mut self) {
            self.target.truncate(self.flushed);
            let stored = self.stored();
            for (_, end_lsn, applied) in &mut self.commits {
                *applied -= u32::from(Lsn(*end_lsn) > stored && *applied > 0);
            }
        }

        fn resume(&mut self) -> Frontier {
            let anchor = self.target.last().map(|(anchor, _)| *anchor);
            // The server sends the anchor again.
            assert!(anchor.is_none_or(|anchor| self.confirmed <= anchor));
            let mut frontier = Frontier::resume(
                self.stored(),
                anchor,
                self.confirmed,
                Lsn(self.target.len() as u64),
            );
            self.waiting.clear();
            // The server may resend from before the confirmed position; never from after it.
            for (index, (commit_lsn, end_lsn, applied)) in self.commits.iter().enumerate() {
                let skip = frontier.is_applied(Lsn(*commit_lsn));
                assert_eq!(skip, *applied == 1);
                if !skip {
                    assert!(Lsn(*end_lsn) > self.confirmed);
                    frontier.begin();
                    frontier.commit(Lsn(*end_lsn));
                    self.waiting.push(index);
                }
            }
            frontier
        }
    }

    proptest! {
        #[test]
        fn no_commit_is_lost_or_doubled_over_crashes_and_keepalives(history in happenings()) {
            let mut model = Model { wal_end: 100, confirmed: Lsn(100), ..Model::default() };
            let mut frontier = at_hundred();
            for happening in history {
                match happening {
                    Happening::Transaction(bytes) => {
                        let commit_lsn = model.wal_end;
                        model.wal_end += bytes;
                        model.commits.push((commit_lsn, model.wal_end, 0));
                        frontier.begin();
                        prop_assert!(!frontier.keepalive(Lsn(model.wal_end)));
                        frontier.commit(Lsn(model.wal_end));
                        model.waiting.push(model.commits.len() - 1);
                    }
                    Happening::ApplyOldest => model.apply_oldest(&mut frontier),
                    Happening::Keepalive(bytes) => {
                        model.wal_end += bytes;
                        frontier.keepalive(Lsn(model.wal_end));
                    }
                    Happening::TargetFlushes => model.flushed = model.target.len(),
                    Happening::Look => frontier.target_stands(Lsn(model.target.len() as u64), Lsn(model.flushed as u64)),
                    Happening::Crash => frontier = model.resume(),
                    Happening::TargetCrash => {
                        model.lose_unflushed();
                        frontier = model.resume();
                    }
                }
                model.confirmed = model.confirmed.max(frontier.confirmable());
                let confirmed = model.confirmed;
                let safe = model.target.get(..model.flushed).and_then(<[(Lsn, Lsn)]>::last).map_or(Lsn(100), |(anchor, _)| *anchor);
                prop_assert!(confirmed <= safe);
                prop_assert!(model.commits.iter().all(|(_, end, applied)| *applied == 1 || Lsn(*end) > confirmed));
                prop_assert!(model.commits.iter().all(|(_, _, applied)| *applied <= 1));
            }
        }
    }
}
