//! The value that a sequence gets on the target.
//!
//! Invariant: a value that the source has given out is never given out by the target, as far as the
//! sequence's bounds allow; a sequence that was never called stays so.

use super::Sequence;

/// What `setval` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceValue {
    pub value: i64,
    pub is_called: bool,
}

/// Values that the sequence can still give out before its end, which a cycle does not have.
pub fn values_left(sequence: &Sequence) -> Option<i128> {
    let (last, increment) = (i128::from(sequence.last_value?), i128::from(sequence.increment));
    let end = if increment > 0 { sequence.max } else { sequence.min };
    (increment != 0).then(|| ((i128::from(end) - last) / increment).max(0))
}

/// Whether there is no room for the margin: it would take the last values away, which are all that is left.
pub fn is_near_end(sequence: &Sequence, margin: i64) -> bool {
    sequence.is_called && values_left(sequence).is_some_and(|left| left <= i128::from(margin.max(0)))
}

/// The source's value moved on by `margin` increments in the sequence's own direction; as it is where there is no room for
/// that. `None` where the value could not be read.
pub fn value_with_margin(sequence: &Sequence, margin: i64) -> Option<SequenceValue> {
    let last = sequence.last_value?;
    if !sequence.is_called {
        return Some(SequenceValue {
            value: last,
            is_called: false,
        });
    }
    let margin = if is_near_end(sequence, margin) {
        0
    } else {
        margin.max(0)
    };
    let moved = i128::from(last) + i128::from(sequence.increment) * i128::from(margin);
    Some(SequenceValue {
        value: i64::try_from(moved).expect("invariant: within the sequence's bounds"),
        is_called: true,
    })
}

#[cfg(test)]
mod tests {
    use transhume_wire::ident::QualifiedName;

    use super::*;

    fn sequence(increment: i64, last_value: i64, is_called: bool) -> Sequence {
        Sequence {
            oid: 1,
            name: QualifiedName::new("app", "ids"),
            type_name: "smallint".to_owned(),
            start: 1,
            min: -100,
            max: 100,
            increment,
            cache: 1,
            cycle: false,
            last_value: Some(last_value),
            is_called,
            owned_by: None,
            owner: "app".to_owned(),
        }
    }

    fn value(increment: i64, last_value: i64, is_called: bool, margin: i64) -> (i64, bool) {
        let value = value_with_margin(&sequence(increment, last_value, is_called), margin).unwrap();
        (value.value, value.is_called)
    }

    #[test]
    fn a_margin_follows_the_direction_and_stops_at_the_bounds() {
        assert_eq!(value(1, 10, true, 0), (10, true));
        assert_eq!(value(5, 10, true, 3), (25, true));
        assert_eq!(value(-5, 10, true, 3), (-5, true));
        assert_eq!(value(1, 67, true, 32), (99, true));
    }

    #[test]
    fn near_its_end_a_sequence_keeps_the_values_that_are_left() {
        for (increment, last) in [(1, 68), (50, 99), (-50, -99), (1, 100)] {
            assert_eq!(value(increment, last, true, 32), (last, true));
        }
        assert_eq!(value(-50, -99, true, i64::MAX), (-99, true));
        assert_eq!(values_left(&sequence(1, 95, true)), Some(5));
        assert_eq!(values_left(&sequence(-50, 20, true)), Some(2));
        assert!(is_near_end(&sequence(1, 68, true), 32) && !is_near_end(&sequence(1, 67, true), 32));
    }

    #[test]
    fn a_sequence_that_was_never_called_stays_so() {
        assert_eq!(value(1, 7, false, 1000), (7, false));
    }
}
