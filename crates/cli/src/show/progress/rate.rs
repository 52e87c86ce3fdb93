//! How fast something grows, and how long the rest takes at that speed.
//!
//! Averages over a window, so that a resumed load does not count what was done before, and a stall
//! shows within seconds. What shrinks has begun anew, as each round of a verification does: its rate knows nothing of the
//! round before. Takes the clock as a value.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::show::quantity::Span;

/// Long enough to smooth parts that end in bursts, short enough to show a stall.
const WINDOW: Duration = Duration::from_secs(20);

#[derive(Debug, Default)]
pub(super) struct Rate {
    samples: VecDeque<(Instant, u64)>,
}

impl Rate {
    pub(super) fn observe(&mut self, now: Instant, amount: u64) {
        if self.samples.back().is_some_and(|(_, before)| amount < *before) {
            self.samples.clear();
        }
        self.samples.push_back((now, amount));
        // One sample older than the window stays, so that the window is always covered.
        while self
            .samples
            .get(1)
            .is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW)
        {
            self.samples.pop_front();
        }
    }

    /// `None` until there is anything to measure.
    pub(super) fn per_second(&self) -> Option<f64> {
        let ((first, start), (last, end)) = (self.samples.front()?, self.samples.back()?);
        let seconds = last.duration_since(*first).as_secs_f64();
        (seconds > 0.0).then(|| end.saturating_sub(*start) as f64 / seconds)
    }

    /// `None` where the rate is unknown or nothing moves.
    pub(super) fn time_left(&self, rest: u64) -> Option<Span> {
        let seconds = rest as f64 / self.per_second().filter(|rate| *rate > 0.0)?;
        Duration::try_from_secs_f64(seconds).ok().map(Span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_window_counts() {
        let start = Instant::now();
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(), None);

        // A resumed load begins at 1000, and then grows by 10 a second.
        for second in 0..=60 {
            rate.observe(start + Duration::from_secs(second), 1_000 + 10 * second);
        }
        assert_eq!(rate.per_second(), Some(10.0));
        assert_eq!(rate.time_left(100), Some(Span(Duration::from_secs(10))));

        for second in 61..=90 {
            rate.observe(start + Duration::from_secs(second), 1_600);
        }
        assert_eq!(rate.per_second(), Some(0.0));
        assert_eq!(rate.time_left(100), None);
    }

    #[test]
    fn a_round_that_begins_anew_has_a_rate_of_its_own() {
        let start = Instant::now();
        let mut rate = Rate::default();
        rate.observe(start, 0);
        rate.observe(start + Duration::from_secs(10), 1_000);
        // Minutes later, the next round.
        for second in 300..=305 {
            rate.observe(start + Duration::from_secs(second), 50 + 20 * (second - 300));
        }
        assert_eq!(rate.per_second(), Some(20.0));
    }
}
