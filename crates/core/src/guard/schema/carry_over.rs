//! Which changes of the schema are carried over to the target without asking.
//!
//! Only what adds and cannot alter a row that is there: a column that is null in every row, a label, a
//! partition without rows on the target.

use std::{fmt, str::FromStr};

use super::{ChangeKind, Followed, SchemaChange, Shape};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CarryOver {
    EnumLabels,
    NullableColumns,
    Partitions,
}

impl CarryOver {
    pub const ALL: [Self; 3] = [Self::EnumLabels, Self::NullableColumns, Self::Partitions];

    pub fn name(self) -> &'static str {
        match self {
            Self::EnumLabels => "enum-labels",
            Self::NullableColumns => "nullable-columns",
            Self::Partitions => "partitions",
        }
    }
}

impl fmt::Display for CarryOver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is none of enum-labels, nullable-columns and partitions")]
pub struct UnknownCarryOver(pub String);

impl FromStr for CarryOver {
    type Err = UnknownCarryOver;

    fn from_str(word: &str) -> Result<Self, UnknownCarryOver> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == word)
            .ok_or_else(|| UnknownCarryOver(word.to_owned()))
    }
}

/// Whether this one is, by what the operator allows.
pub fn may_be_carried(
    change: &SchemaChange,
    allowed: &[CarryOver],
    followed: &[Followed],
    source: &[Shape],
    target: &[Shape],
) -> bool {
    match &change.kind {
        ChangeKind::ColumnNew { column } => {
            // A rewrite may have filled it by a default that is gone again.
            let is_rewritten = || {
                let shape = source.iter().find(|shape| shape.oid == change.oid);
                let table = followed.iter().find(|table| table.oid == change.oid);
                let baseline = table.and_then(|table| table.baseline.as_ref());
                baseline.zip(shape).is_none_or(|(baseline, shape)| {
                    baseline.filenode != shape.filenode || baseline.column(column.number).is_some()
                })
            };
            allowed.contains(&CarryOver::NullableColumns)
                && !(column.not_null || column.has_default || column.has_remembered_value)
                && !is_rewritten()
        }
        ChangeKind::TableNew {
            partition: Some((parent, _)),
        } => {
            // Siblings that are followed show that the parent is part of the migration.
            let is_sibling = |shape: &&Shape| shape.partition_of.as_ref() == Some(parent);
            let is_followed = |shape: &Shape| followed.iter().any(|table| table.oid == shape.oid);
            allowed.contains(&CarryOver::Partitions)
                && source.iter().filter(is_sibling).any(is_followed)
                && !target.iter().any(|shape| shape.name == change.table)
        }
        _ => false,
    }
}
