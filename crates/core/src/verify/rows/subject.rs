//! A table as it is compared: the same value for all who take part, on both sides.

use serde::{Deserialize, Serialize};
use transhume_wire::ident::{OperatorName, QualifiedName};

use super::{Cut, KeyDomain, Order, OrdinalRange, SpreadColumn};

/// A column of the key that rows are matched by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyColumn {
    pub name: String,
    /// Valid SQL on both sides.
    pub type_name: String,
    pub equality: OperatorName,
}

/// A column of the row's image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedColumn {
    pub name: String,
    /// `pg_type.oid` of its type, where it is one of PostgreSQL's own and the same on both sides: such a
    /// value may be hashed in the quickest way that its type has.
    pub built_in: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub table: QualifiedName,
    /// Columns that make up a row's image, by name: those that both sides have.
    pub columns: Vec<ComparedColumn>,
    /// Empty where rows can only be compared as a multiset of images.
    pub key: Vec<KeyColumn>,
    /// What its rows are divided into ranges by: the first columns of an index. Empty where hashes must do.
    pub spread: Vec<SpreadColumn>,
    /// Smallest number of the spread's first column to one above the largest, over both sides.
    pub extremes: Option<OrdinalRange>,
    pub cut: Cut,
    /// Only some rows from all over the table are compared, for a first look.
    pub is_sampled: bool,
    /// Its rows are in its partitions.
    #[serde(default)]
    pub is_partitioned: bool,
}

impl Subject {
    /// The column whose numbers the rows are divided by.
    pub fn numbers(&self) -> Option<(&str, KeyDomain)> {
        let column = self.spread.first()?;
        match column.order {
            Order::Numbers(domain) => Some((&column.name, domain)),
            _ => None,
        }
    }

    /// Whether a row that is on both sides may lie in another bucket on each.
    pub fn crosses(&self) -> bool {
        let columns = match self.cut {
            Cut::Ranges { .. } => &self.spread[..self.spread.len().min(1)],
            // It may be cut by ranges below.
            Cut::Whole if self.extremes.is_some() => &self.spread[..self.spread.len().min(1)],
            Cut::Values { .. } => &self.spread[..],
            Cut::Whole | Cut::Hash { .. } => &[],
        };
        let is_of_key = |column: &SpreadColumn| self.key.iter().any(|key| key.name == column.name);
        !self.key.is_empty() && !columns.iter().all(is_of_key)
    }
}

/// `pg_type.oid` of types that PostgreSQL does not bring along begin here, on every server.
const FIRST_OID_OF_OTHERS: u32 = 16_384;

impl ComparedColumn {
    /// A column whose type is `source` here and `target` there.
    pub fn new(name: &str, source: u32, target: Option<u32>) -> Self {
        Self {
            name: name.to_owned(),
            built_in: Some(source).filter(|oid| *oid < FIRST_OID_OF_OTHERS && target == Some(*oid)),
        }
    }
}

/// What is known of the spread of keys: the extremes of both sides and the histogram between them.
pub fn key_bounds(extremes: OrdinalRange, histogram: impl Iterator<Item = i128>) -> Vec<i128> {
    let mut bounds = vec![extremes.from];
    bounds.extend(histogram.filter(|bound| extremes.from < *bound && *bound < extremes.to));
    bounds.push(extremes.to);
    bounds.sort_unstable();
    bounds.dedup();
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_built_in_type_of_both_sides_is_relied_upon() {
        let of = |source, target| ComparedColumn::new("a", source, target).built_in;
        assert_eq!(of(23, Some(23)), Some(23));
        assert_eq!(of(23, Some(20)), None, "another type on the target");
        assert_eq!(of(23, None), None);
        assert_eq!(
            of(16_400, Some(16_400)),
            None,
            "the same number may mean different types"
        );
    }

    #[test]
    fn stale_statistics_do_not_reach_beyond_the_extremes() {
        let extremes = OrdinalRange { from: 10, to: 100 };
        let histogram = [1, 10, 50, 70, 100, 400];
        assert_eq!(key_bounds(extremes, histogram.into_iter()), [10, 50, 70, 100]);
    }
}
