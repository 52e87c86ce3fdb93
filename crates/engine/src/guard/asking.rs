//! Tables that the runner was asked to take in, and when each may be asked for again.
//!
//! What it could not do it has said. The next statement may take the cause away, as one that makes what a table rests on, so it
//! is asked again soon, and ever less often.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Of a look at the schema: what was in the way may be gone by the next.
const FIRST: Duration = Duration::from_secs(5);
/// A cause that lasts needs a person; each try dumps the schema once more.
const LAST: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Asking(HashMap<u32, LastRequest>);

#[derive(Debug)]
struct LastRequest {
    at: Instant,
    wait: Duration,
}

impl Asking {
    /// Whether it is asked for at `now`, which counts as done.
    pub(super) fn is_due(&mut self, oid: u32, now: Instant) -> bool {
        let wait = match self.0.get(&oid) {
            Some(asked) if now.duration_since(asked.at) < asked.wait => return false,
            Some(asked) => (asked.wait * 2).min(LAST),
            None => FIRST,
        };
        self.0.insert(oid, LastRequest { at: now, wait });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_asked_for_less_and_less_often_and_never_forgotten() {
        let (mut asking, begin) = (Asking::default(), Instant::now());
        let seconds = 0..300;
        let asked: Vec<u64> = seconds
            .filter(|second| asking.is_due(1, begin + Duration::from_secs(*second)))
            .collect();
        assert_eq!(asked, [0, 5, 15, 35, 75, 135, 195, 255]);
        assert!(asking.is_due(2, begin), "each for itself");
    }
}
