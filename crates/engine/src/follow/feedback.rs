//! When the walsender is told how far we are.
//!
//! Invariant: `flushed` and `applied` are what may be confirmed and nothing else: the latest transaction that the target
//! remembers, on disk. A server that shuts down waits until all that it sent is flushed, which is never told; where it
//! is true, a status without a position answers it, and then the server goes by what is written.

use std::time::{Duration, Instant};

use transhume_wire::{lsn::Lsn, replication::StandbyStatus};

/// Told at least this often: far below any sensible wal_sender_timeout.
const AT_LEAST: Duration = Duration::from_secs(1);
/// Told at most this often when the frontier moves: each one costs the walsender a slot update.
pub(super) const AT_MOST: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Feedback {
    written: Lsn,
    reported: Option<(Lsn, Instant)>,
}

impl Feedback {
    pub(super) fn new(start: Lsn) -> Self {
        Self {
            written: start,
            reported: None,
        }
    }

    /// Something up to here was received.
    pub(super) fn received(&mut self, lsn: Lsn) {
        self.written = self.written.max(lsn);
    }

    /// The status to send now, if one is due.
    pub(super) fn due(&mut self, flushed: Lsn, now: Instant) -> Option<StandbyStatus> {
        let is_due = self
            .reported
            .is_none_or(|(reported, at)| reported != flushed || now.duration_since(at) >= AT_LEAST);
        is_due.then(|| self.status(flushed, now))
    }

    /// The status that answers a server which asks for one.
    pub(super) fn answer(&mut self, confirmable: Lsn, on_disk: Lsn, now: Instant) -> StandbyStatus {
        let status = self.status(confirmable, now);
        if on_disk < status.written {
            return status;
        }
        StandbyStatus {
            flushed: Lsn::ZERO,
            applied: Lsn::ZERO,
            ..status
        }
    }

    /// The status to send whether one is due or not.
    pub(super) fn status(&mut self, flushed: Lsn, now: Instant) -> StandbyStatus {
        self.reported = Some((flushed, now));
        StandbyStatus {
            written: self.written.max(flushed),
            flushed,
            applied: flushed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_of_the_frontier_is_told_at_once_and_silence_is_broken_in_time() {
        let start = Instant::now();
        let mut feedback = Feedback::new(Lsn(10));

        let first = feedback.due(Lsn(10), start).unwrap();
        assert_eq!((first.written, first.flushed), (Lsn(10), Lsn(10)));
        assert_eq!(feedback.due(Lsn(10), start), None);

        feedback.received(Lsn(50));
        assert_eq!(feedback.due(Lsn(10), start), None);
        let moved = feedback.due(Lsn(20), start).unwrap();
        assert_eq!(
            (moved.written, moved.flushed, moved.applied),
            (Lsn(50), Lsn(20), Lsn(20))
        );
        assert!(feedback.due(Lsn(20), start + AT_LEAST).is_some());
    }

    #[test]
    fn a_server_that_asks_is_not_held_up_by_what_is_not_confirmed() {
        let now = Instant::now();
        let mut feedback = Feedback::new(Lsn(10));
        feedback.received(Lsn(50));
        assert_eq!(feedback.answer(Lsn(20), Lsn(40), now).flushed, Lsn(20));
        let answer = feedback.answer(Lsn(20), Lsn(50), now);
        assert_eq!((answer.written, answer.flushed), (Lsn(50), Lsn::ZERO));
    }
}
