//! Whether a part of a table may be copied as it was planned.
//!
//! Both servers describe what COPY is about to read and to write, in the transactions that copy, whose locks keep the answer
//! true. Tables are compared by OID, columns by number, types by OID: a name may belong to another by now, and rows
//! that travel in binary by a type that is no longer their own arrive as other values.

use super::ColumnFacts;
use crate::load::format::Format;

/// From here on OIDs of types differ between servers, and domains may be described as what they are made of.
const FIRST_UNSTABLE_OID: u32 = 10_000;

/// A column as a server describes it in the answer to a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    pub number: i16,
    pub type_oid: u32,
    pub type_modifier: i32,
}

/// What a plan rests on.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// OID of the table on the source.
    pub table: u32,
    /// As the table's snapshot shows them, in the order of the COPY; none where that is not known.
    pub columns: Option<&'a [&'a ColumnFacts]>,
    /// The rows are those of one partition, whose columns have numbers of their own.
    pub is_partition: bool,
    pub format: Format,
}

/// Why it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Another table of the source has the name.
    OtherTable,
    /// The source's columns of these names are others, or of other types.
    OtherColumns,
    /// The target's columns are of other types, which read the same bytes as other values.
    OtherTypes,
}

/// `source_table` is what the source reads the columns from; `source` and `target` are in the order of the COPY.
pub fn obstacle(
    planned: Planned<'_>,
    source_table: u32,
    source: &[Described],
    target: &[Described],
) -> Option<Obstacle> {
    if source_table != planned.table {
        return Some(Obstacle::OtherTable);
    }
    let is_as_planned = |columns: &[&ColumnFacts]| {
        columns.len() == source.len()
            && columns
                .iter()
                .zip(source)
                .all(|(column, described)| is_same(column, described, planned.is_partition))
    };
    if !planned.columns.is_none_or(is_as_planned) {
        return Some(Obstacle::OtherColumns);
    }
    let reads_the_same = source.len() == target.len()
        && source
            .iter()
            .zip(target)
            .all(|(source, target)| is_read_alike(source.type_oid, target.type_oid));
    (planned.format == Format::Binary && !reads_the_same).then_some(Obstacle::OtherTypes)
}

fn is_same(column: &ColumnFacts, described: &Described, is_partition: bool) -> bool {
    let has_type = column.type_oid >= FIRST_UNSTABLE_OID
        || (column.type_oid == described.type_oid && column.type_modifier == described.type_modifier);
    has_type && (is_partition || column.number == described.number)
}

/// What binary rows of the one type mean to the other.
pub fn is_read_alike(source: u32, target: u32) -> bool {
    if source < FIRST_UNSTABLE_OID {
        source == target
    } else {
        target >= FIRST_UNSTABLE_OID
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIGINT: u32 = 20;
    const DOUBLE: u32 = 701;
    const ENUM: u32 = 20_000;

    fn facts(number: i16, type_oid: u32) -> ColumnFacts {
        ColumnFacts {
            number,
            name: "v".to_owned(),
            type_oid,
            type_modifier: -1,
            type_name: String::new(),
            not_null: false,
            has_default: false,
            has_remembered_value: false,
            version: 1,
        }
    }

    fn described(number: i16, type_oid: u32) -> [Described; 1] {
        [Described {
            number,
            type_oid,
            type_modifier: -1,
        }]
    }

    fn judged(
        format: Format,
        table: u32,
        planned: &ColumnFacts,
        source: [Described; 1],
        target: [Described; 1],
    ) -> Option<Obstacle> {
        let columns = [planned];
        let planned = Planned {
            table: 7,
            columns: Some(&columns),
            is_partition: false,
            format,
        };
        obstacle(planned, table, &source, &target)
    }

    #[test]
    fn only_the_planned_table_with_the_planned_columns_is_copied() {
        let bigint = facts(2, BIGINT);
        let judged = |table, source| judged(Format::Text, table, &bigint, source, described(5, BIGINT));
        assert_eq!(judged(7, described(2, BIGINT)), None);
        assert_eq!(judged(8, described(2, BIGINT)), Some(Obstacle::OtherTable));
        assert_eq!(judged(7, described(3, BIGINT)), Some(Obstacle::OtherColumns));
        assert_eq!(judged(7, described(2, DOUBLE)), Some(Obstacle::OtherColumns));
    }

    #[test]
    fn binary_needs_types_that_read_the_same_bytes_alike() {
        let judged = |format, source, target| {
            judged(
                format,
                7,
                &facts(2, source),
                described(2, source),
                described(2, target),
            )
        };
        assert_eq!(judged(Format::Binary, DOUBLE, BIGINT), Some(Obstacle::OtherTypes));
        assert_eq!(judged(Format::Text, DOUBLE, BIGINT), None);
        assert_eq!(judged(Format::Binary, ENUM, ENUM + 9), None);
        assert_eq!(judged(Format::Binary, ENUM, 25), Some(Obstacle::OtherTypes));
    }
}
