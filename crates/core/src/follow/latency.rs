//! Latency in its parts, from positions alone.
//!
//! Remembers when the source's WAL ended where, and says how long ago it ended where the stream is now. Refuses clocks of two
//! servers: one that is wrong would make a latency of its own. The history is bounded, and older times are known less
//! finely.

use std::{collections::VecDeque, time::Duration};

use transhume_wire::lsn::Lsn;

/// One look a second remembers the last eight minutes exactly, and hours in coarser steps.
const POINTS: usize = 512;

/// When the source's WAL ended where; times are counted from any one moment.
#[derive(Debug, Clone, Default)]
pub struct PositionHistory(VecDeque<(Duration, Lsn)>);

/// How long what is committed now is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// From the source's WAL to this process.
    pub receive: Duration,
    /// From there to the target.
    pub apply: Duration,
}

impl PositionHistory {
    /// The source's WAL ends there at this time.
    pub fn observe(&mut self, at: Duration, end: Lsn) {
        let rests = self.0.iter().rev().take(2).filter(|(_, known)| *known == end);
        if rests.count() == 2 {
            // It has not moved: its first and its last moment there are enough.
            self.0.pop_back();
        }
        if self.0.len() == POINTS {
            self.thin();
        }
        self.0.push_back((at, end));
    }

    /// Every second point of the older half goes.
    fn thin(&mut self) {
        let mut index = 0;
        self.0.retain(|_| {
            index += 1;
            index > POINTS / 2 || index % 2 == 1
        });
    }

    pub fn latency(&self, now: Duration, received: Lsn, applied: Lsn) -> Latency {
        let receive = self.age(now, received.max(applied));
        Latency {
            receive,
            apply: self.age(now, applied).saturating_sub(receive),
        }
    }

    /// Since the source's WAL went beyond this position; at least since the first look.
    fn age(&self, now: Duration, position: Lsn) -> Duration {
        let Some(beyond) = self.0.iter().position(|(_, end)| *end > position) else {
            return Duration::ZERO;
        };
        let (at, end) = self.0[beyond];
        let left = match beyond.checked_sub(1).map(|before| self.0[before]) {
            Some((before, start)) => {
                let share = position.bytes_since(start) as f64 / end.bytes_since(start) as f64;
                before + (at.saturating_sub(before)).mul_f64(share.clamp(0.0, 1.0))
            }
            None => at,
        };
        now.saturating_sub(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn growing(from: u64, to: u64) -> PositionHistory {
        let mut history = PositionHistory::default();
        for second in from..=to {
            history.observe(seconds(second), Lsn(second * 100));
        }
        history
    }

    #[test]
    fn each_part_is_the_time_since_the_source_went_beyond_it() {
        let history = growing(0, 60);
        let latency = history.latency(seconds(60), Lsn(5_800), Lsn(5_050));
        assert_eq!(latency.receive, seconds(2));
        assert_eq!(latency.apply, Duration::from_millis(7_500));
        let none = history.latency(seconds(60), Lsn(6_000), Lsn(6_000));
        assert_eq!((none.receive, none.apply), (Duration::ZERO, Duration::ZERO));
    }

    #[test]
    fn a_source_that_was_quiet_makes_no_latency() {
        let mut history = growing(0, 10);
        for second in 11..=600 {
            history.observe(seconds(second), Lsn(1_000));
        }
        history.observe(seconds(601), Lsn(1_100));
        let latency = history.latency(seconds(601), Lsn(1_000), Lsn(1_000));
        assert_eq!(latency.receive, seconds(1));
        assert!(history.0.len() < 20, "{}", history.0.len());
    }

    #[test]
    fn a_long_history_stays_small_and_true() {
        let history = growing(0, 20_000);
        assert!(history.0.len() <= POINTS);
        let latency = history.latency(seconds(20_000), Lsn(2_000_000), Lsn(700_000));
        assert_eq!(latency.receive, Duration::ZERO);
        assert!(
            latency.apply.abs_diff(seconds(13_000)) <= seconds(1),
            "{latency:?}"
        );
    }
}
