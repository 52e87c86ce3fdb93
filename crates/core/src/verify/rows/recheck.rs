//! Whether a row that differed at first sight really does, where both sides never stand still.
//!
//! A round reads the row on the source, lets apply pass a marker that was written after that, and reads it on the
//! target. Between two rounds another marker is written, and waited for as the application waits for its commits:
//! whatever the target showed before is visible on the source by then. A row whose two versions both last from
//! one round to the next was touched by nobody in between: the source's was there when the target passed it, and
//! the target has had everything that could have changed its own. If those two differ, no apply will mend them.
//!
//! Owns that judgement. Refuses to guess: a row that changes from round to round stays open until it is seen
//! equal, and who gives up before says so.

/// Rounds through which a difference must last without a touch. One interval would do, if a server made a commit
/// visible at the moment that it writes it to the WAL; a backend may be descheduled in between.
const INTERVALS: u32 = 3;

/// What a side showed of the rows with one key, or of the equal rows of one image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sighting {
    /// What must be equal: hashes of the rows with the key in ascending order, or how many equal rows there are.
    pub content: Vec<i64>,
    /// Which versions of the rows these are, within one side.
    pub version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Both sides showed the same.
    Equal,
    /// They differ, and nobody has touched either.
    Different,
    /// It changes: to be read again.
    Open,
}

/// One row over the rounds.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    last: Option<(Sighting, Sighting)>,
    untouched: u32,
}

impl Watch {
    /// What a round showed on the source, then on the target.
    pub fn observe(&mut self, source: Sighting, target: Sighting) -> Verdict {
        if source.content == target.content {
            return Verdict::Equal;
        }
        let now = (source, target);
        if let Some(last) = &self.last {
            // The target had reached already what the source shows now.
            if last.1.content == now.0.content {
                return Verdict::Equal;
            }
            self.untouched = if *last == now { self.untouched + 1 } else { 0 };
        }
        self.last = Some(now);
        if self.untouched >= INTERVALS {
            Verdict::Different
        } else {
            Verdict::Open
        }
    }

    /// What was seen last, the source's first.
    pub fn last(&self) -> Option<&(Sighting, Sighting)> {
        self.last.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A source row's history as (position, value); no value: no row.
    type History = Vec<(u64, Option<i64>)>;

    fn sighting(history: &History, at: u64, damage: i64) -> Sighting {
        let Some((since, value)) = history.iter().rev().find(|(position, _)| *position <= at) else {
            return Sighting::default();
        };
        let content = value.map(|value| value + damage).into_iter().collect();
        let version = value.map_or_else(String::new, |_| since.to_string());
        Sighting { content, version }
    }

    /// Apply may net what one batch did to a row: an insertion and deletion of it leave no trace on the target.
    fn history(changes: &[(u64, Option<i64>)]) -> History {
        let mut position = 0;
        let advance = |(step, value): &(u64, Option<i64>)| {
            position += step;
            (position, *value)
        };
        changes.iter().map(advance).collect()
    }

    fn changes() -> impl Strategy<Value = Vec<(u64, Option<i64>)>> {
        // Few values, so that a row often returns to what it was.
        let value = prop_oneof![1 => Just(None), 4 => (0_i64..3).prop_map(Some)];
        proptest::collection::vec((1_u64..40, value), 1..60)
    }

    /// For each round: how far the source's clock moves before it is read, how much of that is not visible yet
    /// (what the target showed before always is), and how far the target runs ahead of the marker.
    fn rounds() -> impl Strategy<Value = Vec<(u64, u64, u64)>> {
        proptest::collection::vec((0_u64..30, 0_u64..10, 0_u64..10), 1..40)
    }

    /// The verdict of these rounds; `damage` is what the target wrongly adds to the row.
    fn verdict(history: &History, rounds: &[(u64, u64, u64)], damage: i64) -> Verdict {
        let mut watch = Watch::default();
        let (mut now, mut shown) = (0, 0);
        for (step, hidden, ahead) in rounds {
            now = (now + step).max(shown);
            let visible = now.saturating_sub(*hidden).max(shown);
            let source = sighting(history, visible, 0);
            // Past everything that was in the WAL when the source was read.
            shown = now + ahead;
            let verdict = watch.observe(source, sighting(history, shown, damage));
            if verdict != Verdict::Open {
                return verdict;
            }
        }
        Verdict::Open
    }

    proptest! {
        #[test]
        fn a_sound_row_is_never_found_different(changes in changes(), rounds in rounds()) {
            prop_assert_ne!(verdict(&history(&changes), &rounds, 0), Verdict::Different);
        }

        #[test]
        fn a_damaged_row_at_rest_is_found(value in 0_i64..3, mut rounds in rounds()) {
            rounds.resize(INTERVALS as usize + 1, (1, 0, 0));
            // What hides a row's only version for ever is no row at rest.
            for (step, hidden, _) in &mut rounds {
                (*step, *hidden) = (*step + 1, 0);
            }
            prop_assert_eq!(verdict(&vec![(0, Some(value))], &rounds, 10), Verdict::Different);
        }
    }

    #[test]
    fn a_row_that_came_and_went_in_one_batch_is_no_difference() {
        let present = |version: &str| Sighting {
            content: vec![1],
            version: version.to_owned(),
        };
        let mut watch = Watch::default();
        for round in 0..10 {
            // Seen on the source each time under another version, never on the target.
            let verdict = watch.observe(present(&round.to_string()), Sighting::default());
            assert_eq!(verdict, Verdict::Open);
        }
        let mut lasting = Watch::default();
        for _ in 0..INTERVALS {
            assert_eq!(lasting.observe(present("9"), Sighting::default()), Verdict::Open);
        }
        assert_eq!(
            lasting.observe(present("9"), Sighting::default()),
            Verdict::Different
        );
    }
}
