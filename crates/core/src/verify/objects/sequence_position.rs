//! Where sequences stand on both sides, judged in their own direction.
//!
//! While changes are followed, the target's stand still where the load left them and the cutover sets
//! them: being behind is no fault then. Afterwards, and between databases without a migration, a sequence
//! that is behind would give out values that exist already.

use std::collections::BTreeMap;

use transhume_wire::ident::QualifiedName;

use crate::{
    finding::{Finding, Remedy},
    sequence::{self, Sequence, SequenceValue},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceSituation {
    /// The cutover will set them.
    Following,
    /// Nothing will set them any more.
    Final,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Equal,
    Behind,
    Ahead,
    Unknown,
}

/// Findings, and how many stand still as they are meant to. Sequences that one side lacks are told with
/// the objects.
pub fn positions(
    source: &[Sequence],
    target: &[Sequence],
    situation: SequenceSituation,
) -> (Vec<Finding>, usize) {
    let there: BTreeMap<&QualifiedName, &Sequence> =
        target.iter().map(|sequence| (&sequence.name, sequence)).collect();
    let (mut findings, mut still) = (Vec::new(), 0);
    for sequence in source {
        let Some(other) = there.get(&sequence.name) else {
            continue;
        };
        match (position(sequence, other), situation) {
            (Position::Equal, _) | (Position::Ahead, SequenceSituation::Final) => {}
            (Position::Behind, SequenceSituation::Following) => still += 1,
            (Position::Behind, SequenceSituation::Final) => findings.push(behind(sequence, other)),
            (Position::Ahead, SequenceSituation::Following) => findings.push(ahead(sequence, other)),
            (Position::Unknown, _) => findings.push(unknown(sequence)),
        }
    }
    (findings, still)
}

fn position(source: &Sequence, target: &Sequence) -> Position {
    let (Some(left), Some(right)) = (given_out(source), given_out(target)) else {
        return Position::Unknown;
    };
    let direction = i128::from(source.increment.signum());
    match ((right - left) * direction).signum() {
        0 => Position::Equal,
        1 => Position::Ahead,
        _ => Position::Behind,
    }
}

/// The last value that was given out; the one before the first where none was.
fn given_out(sequence: &Sequence) -> Option<i128> {
    let last = i128::from(sequence.last_value?);
    let step = if sequence.is_called {
        0
    } else {
        i128::from(sequence.increment)
    };
    Some(last - step)
}

fn reported(sequence: &Sequence) -> String {
    match (sequence.last_value, sequence.is_called) {
        (Some(last), true) => format!("at {last}"),
        (Some(first), false) => format!("unused, with {first} to come first"),
        (None, _) => "not readable".to_owned(),
    }
}

fn evidence(source: &Sequence, target: &Sequence) -> String {
    format!(
        "it is {} on the source and {} on the target",
        reported(source),
        reported(target)
    )
}

fn behind(source: &Sequence, target: &Sequence) -> Finding {
    let next = sequence::value_with_margin(source, 1);
    let remedy = match next {
        Some(SequenceValue { value, .. }) => {
            Remedy::run(format!("ALTER SEQUENCE {} RESTART WITH {value}", source.name))
        }
        None => Remedy::from("set it from the source's value"),
    };
    Finding::blocker(
        "sequence-behind",
        &source.name.plain(),
        format!(
            "{}: values would be given out a second time",
            evidence(source, target)
        ),
        remedy,
    )
}

fn ahead(source: &Sequence, target: &Sequence) -> Finding {
    Finding::warning(
        "sequence-ahead",
        &source.name.plain(),
        format!(
            "{}: it was set back on the source, or used on the target",
            evidence(source, target)
        ),
        "find out who writes to the target; the cutover sets the sequence from the source's value",
    )
}

fn unknown(sequence: &Sequence) -> Finding {
    Finding::warning(
        "not-compared",
        &sequence.name.plain(),
        "its value may not be read by the migration's role",
        format!("GRANT SELECT ON SEQUENCE {} TO the role", sequence.name),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(increment: i64, last_value: Option<i64>, is_called: bool) -> Sequence {
        Sequence {
            oid: 1,
            name: QualifiedName::new("shop", "ids"),
            type_name: "bigint".to_owned(),
            start: 1,
            min: -1000,
            max: 1000,
            increment,
            cache: 1,
            cycle: false,
            last_value,
            is_called,
            owned_by: None,
            owner: "ann".to_owned(),
        }
    }

    fn codes(
        source: (i64, Option<i64>, bool),
        target: (i64, Option<i64>, bool),
        situation: SequenceSituation,
    ) -> (Vec<String>, usize) {
        let of = |(increment, last, called)| sequence(increment, last, called);
        let (findings, still) = positions(&[of(source)], &[of(target)], situation);
        (findings.into_iter().map(|finding| finding.code).collect(), still)
    }

    #[test]
    fn behind_and_ahead_follow_the_direction() {
        use SequenceSituation::{Final, Following};
        let none = Vec::<String>::new();
        let up = (1, Some(10), true);
        assert_eq!(codes(up, up, Final), (none.clone(), 0));
        assert_eq!(codes(up, (1, Some(9), true), Final).0, ["sequence-behind"]);
        assert_eq!(codes(up, (1, Some(42), true), Final), (none.clone(), 0));
        assert_eq!(codes(up, (1, Some(9), true), Following), (none.clone(), 1));
        assert_eq!(codes(up, (1, Some(11), true), Following).0, ["sequence-ahead"]);
        let down = (-2, Some(-10), true);
        assert_eq!(codes(down, (-2, Some(-8), true), Final).0, ["sequence-behind"]);
        assert_eq!(
            codes(down, (-2, Some(-12), true), Following).0,
            ["sequence-ahead"]
        );
    }

    #[test]
    fn an_unused_sequence_stands_before_its_first_value() {
        use SequenceSituation::Final;
        assert_eq!(
            codes((1, Some(1), true), (1, Some(1), false), Final).0,
            ["sequence-behind"]
        );
        assert!(codes((1, Some(7), false), (1, Some(6), true), Final).0.is_empty());
        assert_eq!(
            codes((1, None, false), (1, Some(1), false), Final).0,
            ["not-compared"]
        );
    }

    #[test]
    fn the_remedy_gives_the_next_value() {
        let (findings, _) = positions(
            &[sequence(-2, Some(-10), true)],
            &[sequence(-2, Some(5), true)],
            SequenceSituation::Final,
        );
        assert_eq!(
            findings[0].remedy,
            r#"ALTER SEQUENCE "shop"."ids" RESTART WITH -12"#
        );
    }
}
