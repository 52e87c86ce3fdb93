//! By which columns the rows of a table are divided into ranges, so that a range that differs is read alone.
//!
//! Owns the choice among the table's indexes. The columns need not be those of the key: any index whose values are spread
//! well finds the rows of a range, and rows are matched by their key all the same.
//!
//! Invariant: in which range a row lies depends on its values alone. Numbers sort alike everywhere; texts are divided by
//! the order of their bytes, whatever their collation, so both sides divide alike even where they sort unlike.

use serde::{Deserialize, Serialize};

use super::{KeyDomain, LEAF_ROWS};

/// How a column's values are put in an order that is the same on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    Numbers(KeyDomain),
    /// By the bytes of a text, varchar.
    Text,
    /// By the bytes of a char without the blanks at its end.
    Padded,
    /// bytea.
    Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpreadColumn {
    pub name: String,
    pub order: Order,
}

/// `pg_type.oid`.
const TEXT: u32 = 25;
const VARCHAR: u32 = 1043;
const BPCHAR: u32 = 1042;
const BYTEA: u32 = 17;

impl Order {
    pub fn of_type(type_oid: u32) -> Option<Self> {
        match type_oid {
            TEXT | VARCHAR => Some(Self::Text),
            BPCHAR => Some(Self::Padded),
            BYTEA => Some(Self::Bytes),
            _ => KeyDomain::of_type(type_oid).map(Self::Numbers),
        }
    }

    /// Of a column that has these types on the two sides: another order on the other side is none.
    pub fn of_both(source: u32, target: u32) -> Option<Self> {
        Self::of_type(source).filter(|order| Self::of_type(target) == Some(*order))
    }
}

/// An index that could find the rows of a range.
#[derive(Debug, Clone, PartialEq)]
pub struct SpreadIndex {
    /// Its first columns, as far as they have an order that is the same on both sides.
    pub columns: Vec<SpreadColumn>,
    /// No two rows agree in `columns`.
    pub is_unique: bool,
    /// It is the key that rows are matched by.
    pub is_key: bool,
    /// Of all rows, those that have the most frequent value of the first column; none where that was never analysed.
    pub first_share: Option<f64>,
    /// Texts of the first column's values with equally many rows between neighbours; empty when never analysed.
    pub histogram: Vec<String>,
}

/// How a table is divided into ranges.
#[derive(Debug, Clone, PartialEq)]
pub enum Division<'a> {
    /// By numbers of the first column.
    Numbers(&'a SpreadIndex, KeyDomain),
    /// By values that the table holds, of all columns.
    Values(&'a SpreadIndex),
}

/// Rows of one number that are looked at one by one; where there are more, further columns divide better.
const ROWS_OF_ONE_NUMBER: f64 = LEAF_ROWS as f64;

/// Where no index does better, one whose most frequent value has no more than this share of the rows.
const SHARE_MOST: f64 = 1.0 / 16.0;

/// The best of a table's indexes for dividing so many rows; none where hashes do better.
pub fn division(indexes: &[SpreadIndex], rows: i64) -> Option<Division<'_>> {
    indexes
        .iter()
        .filter_map(|index| rank(index, rows).map(|rank| (rank, !index.is_key, index)))
        .min_by_key(|(rank, is_other, _)| (*rank, *is_other))
        .and_then(|(rank, _, index)| divided(index, rank))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Numbers, quickly computed with, and few rows to each.
    Numbers,
    /// Values of which no two rows have the same.
    Unique,
    /// Values of which not many rows should have the same.
    Values,
    /// Numbers with many rows to some of them.
    CrowdedNumbers,
}

fn rank(index: &SpreadIndex, rows: i64) -> Option<Rank> {
    let first = index.columns.first()?.order;
    let is_several = index.columns.len() > 1;
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let is_spread = |share: f64| share * rows as f64 <= ROWS_OF_ONE_NUMBER;
    let is_unique = index.is_unique && !is_several;
    // Never analysed: a key's first column is taken for one that is spread.
    let is_well_spread = is_unique || index.first_share.map_or(index.is_key, is_spread);
    let has_few_rows_each = index.first_share.is_some_and(|share| share <= SHARE_MOST);
    match first {
        Order::Numbers(_) if is_well_spread => Some(Rank::Numbers),
        _ if index.is_unique => Some(Rank::Unique),
        _ if is_several && has_few_rows_each => Some(Rank::Values),
        Order::Numbers(_) if index.is_key || has_few_rows_each => Some(Rank::CrowdedNumbers),
        Order::Numbers(_) => None,
        _ => has_few_rows_each.then_some(Rank::Values),
    }
}

fn divided(index: &SpreadIndex, rank: Rank) -> Option<Division<'_>> {
    match (rank, index.columns.first()?.order) {
        (Rank::Numbers | Rank::CrowdedNumbers, Order::Numbers(domain)) => {
            Some(Division::Numbers(index, domain))
        }
        _ => Some(Division::Values(index)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: i64 = 1_000_000;

    fn index(types: &[u32], is_unique: bool, first_share: Option<f64>) -> SpreadIndex {
        let column = |(number, type_oid): (usize, &u32)| SpreadColumn {
            name: format!("c{number}"),
            order: Order::of_type(*type_oid).unwrap(),
        };
        SpreadIndex {
            columns: types.iter().enumerate().map(column).collect(),
            is_unique,
            is_key: is_unique,
            first_share,
            histogram: Vec::new(),
        }
    }

    #[test]
    fn a_key_of_numbers_is_divided_by_computing() {
        let key = [index(&[20], true, None)];
        assert!(matches!(division(&key, ROWS), Some(Division::Numbers(..))));
        let lines_of_orders = [index(&[20, TEXT], true, Some(0.0001))];
        assert!(matches!(
            division(&lines_of_orders, ROWS),
            Some(Division::Numbers(..))
        ));
    }

    #[test]
    fn few_values_in_the_first_column_are_divided_by_the_next_ones() {
        let by_tenant = [index(&[23, 20], true, Some(0.3))];
        assert_eq!(division(&by_tenant, ROWS), Some(Division::Values(&by_tenant[0])));
    }

    #[test]
    fn without_a_key_in_order_another_index_serves() {
        let indexes = [
            index(&[23], false, Some(0.9)),
            index(&[1184], false, Some(0.0001)),
        ];
        let Some(Division::Numbers(chosen, _)) = division(&indexes, ROWS) else {
            panic!("not by numbers");
        };
        assert_eq!(chosen, &indexes[1]);
        assert_eq!(
            division(&indexes[..1], ROWS),
            None,
            "one value has nearly all rows"
        );
    }

    #[test]
    fn numbers_of_another_index_are_quicker_than_a_key_of_text() {
        let indexes = [index(&[TEXT], true, None), index(&[1184], false, Some(0.0001))];
        assert!(matches!(division(&indexes, ROWS), Some(Division::Numbers(..))));
        assert!(matches!(division(&indexes[..1], ROWS), Some(Division::Values(_))));
    }

    #[test]
    fn types_that_differ_between_the_sides_have_no_order() {
        assert_eq!(Order::of_both(TEXT, VARCHAR), Some(Order::Text));
        assert_eq!(Order::of_both(TEXT, BPCHAR), None);
        assert_eq!(Order::of_both(20, TEXT), None);
    }
}
