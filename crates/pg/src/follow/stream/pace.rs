//! How long to let the socket fill between two reads.
//!
//! A walsender sends every change as a packet of its own; whoever reads each at once wakes for each, and makes the
//! walsender pay for waking him. Invariant: a stream that is not dense is never held back; that would be lag for
//! nothing.

use std::time::{Duration, Instant};

use crate::connection::raw::SMALLEST_READ_BYTES;

/// Long enough for some hundred changes to gather, short against the lag of a stream that is behind.
const FILL_TIME: Duration = Duration::from_millis(1);
/// The same while the stream is late and what is unread gathers on the walsender's side: several times what our side
/// holds, and still a fraction of what the stream is late by.
const LATE_FILL_TIME: Duration = Duration::from_millis(8);
/// Reads that follow each other more closely belong to one stretch: a walsender with something to send needs a few
/// microseconds for each change.
const CLOSE: Duration = Duration::from_micros(200);
/// So many close reads are a backlog or a large transaction; fewer are the changes of an ordinary one.
const CLOSE_READS: u32 = 16;
/// A read that brings this much was not the last of a backlog, and was worth its while without a rest. Every read has room for it.
const FULL_BYTES: usize = SMALLEST_READ_BYTES;
/// A rest that brings less was one too many: some twenty narrow changes.
const WORTH_A_REST_BYTES: usize = 2 * 1024;

/// Before the next read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    None,
    Due,
    Taken,
}

#[derive(Debug)]
pub(super) struct Pace {
    close_reads: u32,
    is_dense: bool,
    /// What comes was committed long ago: more is surely behind it, however slowly it comes.
    is_late: bool,
    /// What is unread is bounded on our side, and the server keeps the rest.
    is_bounded: bool,
    rest: Rest,
    last: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant, is_bounded: bool) -> Self {
        Self {
            close_reads: 0,
            is_dense: false,
            is_late: false,
            is_bounded,
            rest: Rest::None,
            last: now,
        }
    }

    pub(super) fn received(&mut self, bytes: usize, now: Instant) {
        let is_close = now.saturating_duration_since(self.last) <= CLOSE;
        self.last = now;
        if self.is_dense {
            self.is_dense = bytes >= WORTH_A_REST_BYTES || self.rest != Rest::Taken;
            self.close_reads = 0;
        } else {
            self.close_reads = if is_close { self.close_reads + 1 } else { 0 };
            self.is_dense = bytes >= FULL_BYTES || self.close_reads >= CLOSE_READS;
        }
        self.rest = if self.is_dense() && bytes < FULL_BYTES {
            Rest::Due
        } else {
            Rest::None
        };
    }

    pub(super) fn set_late(&mut self, is_late: bool) {
        self.is_late = is_late;
    }

    pub(super) fn is_dense(&self) -> bool {
        self.is_dense || self.is_late
    }

    /// How long to rest before the next read, if at all; told once.
    pub(super) fn take_rest(&mut self) -> Option<Duration> {
        let is_due = self.rest == Rest::Due;
        if is_due {
            self.rest = Rest::Taken;
        }
        let fill_time = if self.is_late && self.is_bounded {
            LATE_FILL_TIME
        } else {
            FILL_TIME
        };
        is_due.then_some(fill_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each read of so many bytes, so many microseconds after the one before, is followed by a rest.
    fn rests(reads: impl IntoIterator<Item = (usize, u64)>) -> Vec<bool> {
        let mut now = Instant::now();
        let mut pace = Pace::new(now, false);
        let after = reads.into_iter().map(|(bytes, micros)| {
            now += Duration::from_micros(micros);
            pace.take_rest();
            pace.received(bytes, now);
            pace.is_dense()
        });
        after.collect()
    }

    #[test]
    fn transactions_now_and_then_are_never_held_back() {
        let transaction = [(90, 5_000)].into_iter().chain([(90, 20); 8]);
        let reads: Vec<_> = std::iter::repeat_n(transaction, 100).flatten().collect();
        assert!(!rests(reads).contains(&true));
    }

    #[test]
    fn a_backlog_is_read_in_full_gulps_until_it_ends() {
        let close = [(90, 20); CLOSE_READS as usize];
        let rested = [(9_000, 1_100), (9_000, 1_100), (500, 1_100), (90, 20)];
        let held = rests(close.into_iter().chain(rested));
        let from = usize::try_from(CLOSE_READS).unwrap();
        assert_eq!(held[from - 2..], [false, true, true, true, false, false]);
    }

    /// On a busy machine reads are far apart and small although the server has much to send.
    #[test]
    fn what_is_late_is_read_with_rests_however_slowly_it_comes() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now, false);
        let mut read = |pace: &mut Pace| {
            now += Duration::from_millis(2);
            pace.received(90, now);
            pace.take_rest().is_some()
        };
        assert!(!read(&mut pace));
        pace.set_late(true);
        assert!(read(&mut pace) && read(&mut pace));
        pace.set_late(false);
        assert!(!read(&mut pace));
    }

    #[test]
    fn what_is_late_and_gathers_on_the_walsenders_side_may_gather_longer() {
        let now = Instant::now();
        let rest = |is_bounded, is_late| {
            let mut pace = Pace::new(now, is_bounded);
            pace.received(FULL_BYTES, now);
            pace.received(WORTH_A_REST_BYTES, now);
            pace.set_late(is_late);
            pace.take_rest()
        };
        assert_eq!(rest(true, true), Some(LATE_FILL_TIME));
        assert_eq!(rest(true, false), Some(FILL_TIME));
        assert_eq!(rest(false, true), Some(FILL_TIME));
    }

    #[test]
    fn a_large_read_begins_it_and_needs_no_rest() {
        let held = rests([(FULL_BYTES, 50_000), (90, 30), (90, 1_000)]);
        assert_eq!(held, [true, true, false]);
    }
}
