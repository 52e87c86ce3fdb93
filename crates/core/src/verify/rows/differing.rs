//! What two lists of rows of one region say of each other.

use std::collections::{BTreeMap, HashMap};

/// A row of a table with a key: the key's values as text, and the hash of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRow {
    pub key: Vec<String>,
    pub hash: i64,
}

/// How a row differs.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum DifferenceKind {
    /// On the source only.
    Missing,
    /// On the target only.
    Surplus,
    /// On both, with other values.
    Different,
}

/// A row, or several equal ones, and how they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowDifference {
    pub difference: DifferenceKind,
    /// Values of the key; empty in a table without one.
    pub key: Vec<String>,
    /// Hash of the row: the source's, or the target's where it is on the target only.
    pub hash: i64,
    /// How many such rows; more than one only without a key.
    pub rows: i64,
}

impl DifferenceKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Surplus => "surplus",
            Self::Different => "different",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Missing, Self::Surplus, Self::Different]
            .into_iter()
            .find(|difference| difference.name() == name)
    }
}

/// Rows of a table with a key, in the order of their keys' texts. A key that occurs twice on a side (the
/// target may have lost its index) counts as often as it occurs.
pub fn compare_keyed(source: Vec<KeyedRow>, target: Vec<KeyedRow>) -> Vec<RowDifference> {
    let mut keys: BTreeMap<Vec<String>, (Vec<i64>, Vec<i64>)> = BTreeMap::new();
    for row in source {
        keys.entry(row.key).or_default().0.push(row.hash);
    }
    for row in target {
        let (of_source, of_target) = keys.entry(row.key).or_default();
        match of_source.iter().position(|hash| *hash == row.hash) {
            Some(equal) => drop(of_source.swap_remove(equal)),
            None => of_target.push(row.hash),
        }
    }
    let mut differences = Vec::new();
    for (key, (of_source, of_target)) in keys {
        for number in 0..of_source.len().max(of_target.len()) {
            let (difference, hash) = match (of_source.get(number), of_target.get(number)) {
                (Some(hash), Some(_)) => (DifferenceKind::Different, *hash),
                (Some(hash), None) => (DifferenceKind::Missing, *hash),
                (None, Some(hash)) => (DifferenceKind::Surplus, *hash),
                (None, None) => continue,
            };
            differences.push(keyed(difference, key.clone(), hash));
        }
    }
    differences
}

fn keyed(difference: DifferenceKind, key: Vec<String>, hash: i64) -> RowDifference {
    RowDifference {
        difference,
        key,
        hash,
        rows: 1,
    }
}

/// Rows of a table without a key: how many there are of each hash.
pub fn compare_images(source: Vec<(i64, i64)>, target: Vec<(i64, i64)>) -> Vec<RowDifference> {
    let mut surplus: HashMap<i64, i64> = HashMap::new();
    for (hash, rows) in target {
        *surplus.entry(hash).or_default() += rows;
    }
    for (hash, rows) in source {
        *surplus.entry(hash).or_default() -= rows;
    }
    let mut differences: Vec<_> = surplus
        .into_iter()
        .filter(|(_, rows)| *rows != 0)
        .map(|(hash, rows)| RowDifference {
            difference: if rows < 0 {
                DifferenceKind::Missing
            } else {
                DifferenceKind::Surplus
            },
            key: Vec::new(),
            hash,
            rows: rows.abs(),
        })
        .collect();
    differences.sort_by_key(|difference| (difference.difference, difference.hash));
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, hash: i64) -> KeyedRow {
        KeyedRow {
            key: vec![key.to_owned()],
            hash,
        }
    }

    #[test]
    fn each_way_to_differ_is_named() {
        let source = vec![row("b", 1), row("a", 2), row("d", 3)];
        let target = vec![row("c", 4), row("a", 5), row("d", 3)];
        let found: Vec<_> = compare_keyed(source, target)
            .into_iter()
            .map(|row| (row.key[0].clone(), row.difference))
            .collect();
        assert_eq!(
            found,
            [
                ("a".to_owned(), DifferenceKind::Different),
                ("b".to_owned(), DifferenceKind::Missing),
                ("c".to_owned(), DifferenceKind::Surplus),
            ]
        );
    }

    #[test]
    fn a_key_twice_on_the_target_is_a_surplus_row() {
        let found = compare_keyed(vec![row("a", 1)], vec![row("a", 2), row("a", 1)]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].difference, DifferenceKind::Surplus);
    }

    #[test]
    fn a_duplicate_more_is_a_surplus_row() {
        let found = compare_images(vec![(7, 1), (8, 3)], vec![(7, 2), (8, 1)]);
        let found: Vec<_> = found
            .iter()
            .map(|row| (row.hash, row.difference, row.rows))
            .collect();
        assert_eq!(
            found,
            [(8, DifferenceKind::Missing, 2), (7, DifferenceKind::Surplus, 1)]
        );
    }
}
