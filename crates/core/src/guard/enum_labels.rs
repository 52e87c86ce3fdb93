//! Labels of enums that the source has and the target has not.
//!
//! ALTER TYPE … ADD VALUE is invisible in the stream: the new label simply arrives in a row. Labels are added
//! in the source's order, each where it stands there, so that comparisons of the type come out the same.
//! Enums that the target does not have at all are not our matter here.

use transhume_wire::ident::QualifiedName;

/// An enum type with its labels in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumType {
    pub name: QualifiedName,
    pub labels: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLabel {
    pub enum_type: QualifiedName,
    pub label: String,
    pub place: LabelPlace,
}

/// Where a label stands among those that are there when it is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelPlace {
    After(String),
    Before(String),
    /// The enum has no label yet.
    Alone,
}

/// What to add to the target, in this order.
pub fn missing(source: &[EnumType], target: &[EnumType]) -> Vec<MissingLabel> {
    source
        .iter()
        .filter_map(|source| {
            let target = target.iter().find(|target| target.name == source.name)?;
            Some(missing_of(source, target))
        })
        .flatten()
        .collect()
}

fn missing_of(source: &EnumType, target: &EnumType) -> Vec<MissingLabel> {
    let is_there = |label: &&String| target.labels.contains(label);
    let mut missing = Vec::new();
    for (position, label) in source.labels.iter().enumerate() {
        if is_there(&label) {
            continue;
        }
        // The label before it is there by now: it was, or it has just been added.
        let place = match (position.checked_sub(1), source.labels.iter().find(is_there)) {
            (Some(before), _) => LabelPlace::After(source.labels[before].clone()),
            (None, Some(next)) => LabelPlace::Before(next.clone()),
            (None, None) => target
                .labels
                .first()
                .cloned()
                .map_or(LabelPlace::Alone, LabelPlace::Before),
        };
        missing.push(MissingLabel {
            enum_type: source.name.clone(),
            label: label.clone(),
            place,
        });
    }
    missing
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(labels: &[&str]) -> EnumType {
        EnumType {
            name: QualifiedName::new("public", "mood"),
            labels: labels.iter().map(ToString::to_string).collect(),
        }
    }

    /// What the server does.
    fn add(labels: &mut Vec<String>, missing: &MissingLabel) {
        let position = |label: &String| labels.iter().position(|there| there == label).unwrap();
        let place = match &missing.place {
            LabelPlace::After(label) => position(label) + 1,
            LabelPlace::Before(label) => position(label),
            LabelPlace::Alone => 0,
        };
        labels.insert(place, missing.label.clone());
    }

    #[test]
    fn a_type_that_the_target_has_not_is_left_alone() {
        assert!(missing(&[of(&["a"])], &[]).is_empty());
    }

    proptest! {
        #[test]
        fn adding_what_is_missing_gives_the_order_of_the_source(
            kept in prop::collection::vec(any::<bool>(), 1..8)
        ) {
            let source: Vec<String> = (0..kept.len()).map(|number| number.to_string()).collect();
            let mut labels: Vec<String> = source
                .iter()
                .zip(&kept)
                .filter(|(_, kept)| **kept)
                .map(|(label, _)| label.clone())
                .collect();
            let target = EnumType { labels: labels.clone(), ..of(&[]) };
            let source = EnumType { labels: source, ..of(&[]) };
            for missing in missing(std::slice::from_ref(&source), &[target]) {
                add(&mut labels, &missing);
            }
            prop_assert_eq!(labels, source.labels);
        }
    }
}
