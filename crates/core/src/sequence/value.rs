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

/// The source's value moved on by `margin` increments in the sequence's own direction, within its
/// bounds. `None` where the value could not be read.
pub fn value_with_margin(sequence: &Sequence, margin: i64) -> Option<SequenceValue> {
    let last = sequence.last_value?;
    if !sequence.is_called {
        return Some(SequenceValue {
            value: last,
            is_called: false,
        });
    }
    let moved = i128::from(last) + i128::from(sequence.increment) * i128::from(margin.max(0));
    let bounded = moved.clamp(i128::from(sequence.min), i128::from(sequence.max));
    Some(SequenceValue {
        value: i64::try_from(bounded).expect("invariant: between two 64-bit bounds"),
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
        assert_eq!(value(50, 99, true, 3), (100, true));
        assert_eq!(value(-50, -99, true, i64::MAX), (-100, true));
    }

    #[test]
    fn a_sequence_that_was_never_called_stays_so() {
        assert_eq!(value(1, 7, false, 1000), (7, false));
    }
}
