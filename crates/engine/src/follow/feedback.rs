//! When the walsender is told how far we are.
//!
//! Invariant: `flushed` and `applied` are what the target has on disk and nothing else.

use std::time::{Duration, Instant};

use transhume_wire::{lsn::Lsn, replication::StandbyStatus};

/// Told at least this often: far below any sensible wal_sender_timeout.
const AT_LEAST: Duration = Duration::from_secs(1);
/// Told at most this often when the frontier moves: each one costs the walsender a slot update.
pub(super) const AT_MOST: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Feedback {
    written: Lsn,
    told: Option<(Lsn, Instant)>,
}

impl Feedback {
    pub(super) fn new(start: Lsn) -> Self {
        Self {
            written: start,
            told: None,
        }
    }

    /// Something up to here was received.
    pub(super) fn received(&mut self, lsn: Lsn) {
        self.written = self.written.max(lsn);
    }

    /// The status to send now, if one is due.
    pub(super) fn due(&mut self, flushed: Lsn, now: Instant) -> Option<StandbyStatus> {
        let is_due = self
            .told
            .is_none_or(|(told, at)| told != flushed || now.duration_since(at) >= AT_LEAST);
        is_due.then(|| self.status(flushed, now))
    }

    /// The status to send whether one is due or not.
    pub(super) fn status(&mut self, flushed: Lsn, now: Instant) -> StandbyStatus {
        self.told = Some((flushed, now));
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
}
