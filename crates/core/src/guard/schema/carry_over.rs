//! Which changes of the schema are carried over to the target without asking.
//!
//! Only what adds and cannot alter a row that is there: a column that is null in every row, a label, a
//! partition without rows on the target.

use std::{fmt, str::FromStr};

use super::{ChangeKind, Followed, SchemaChange, TableFacts};

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
    source: &[TableFacts],
    target: &[TableFacts],
) -> bool {
    match &change.kind {
        ChangeKind::ColumnNew { column } => {
            // A rewrite may have filled it by a default that is gone again.
            let is_rewritten = || {
                let now = source.iter().find(|table| table.oid == change.oid);
                let table = followed.iter().find(|table| table.oid == change.oid);
                let remembered = table.and_then(|table| table.remembered.as_ref());
                remembered.zip(now).is_none_or(|(remembered, now)| {
                    remembered.facts.filenode != now.filenode
                        || remembered.facts.column(column.number).is_some()
                })
            };
            // A name that another column of the target has is free only once that one was renamed.
            let is_free = || {
                let table = followed.iter().find(|table| table.oid == change.oid);
                let identity = table.and_then(|table| table.remembered.as_ref()?.target.as_ref());
                let there = target
                    .iter()
                    .find(|there| identity.is_some_and(|identity| identity.oid == there.oid));
                there.is_none_or(|there| there.column_called(&column.name).is_none())
            };
            allowed.contains(&CarryOver::NullableColumns)
                && !(column.not_null || column.has_default || column.has_remembered_value)
                && is_free()
                && !is_rewritten()
        }
        ChangeKind::TableNew {
            partition: Some((parent, _)),
        } => {
            // Siblings that are followed show that the parent is part of the migration.
            let is_sibling = |table: &&TableFacts| table.partition_of.as_ref() == Some(parent);
            let is_followed = |table: &TableFacts| followed.iter().any(|other| other.oid == table.oid);
            allowed.contains(&CarryOver::Partitions)
                && source.iter().filter(is_sibling).any(is_followed)
                && !target.iter().any(|there| there.name == change.table)
        }
        _ => false,
    }
}

/// Whether a table that was made on the source may join without asking, where schema changes are replicated. A partition of
/// a tree that is new itself does not.
pub fn joins_by_itself(change: &SchemaChange, target: &[TableFacts]) -> bool {
    let is_plain = matches!(change.kind, ChangeKind::TableNew { partition: None });
    is_plain && !target.iter().any(|there| there.name == change.table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::schema::tests::shape;

    #[test]
    fn a_new_table_joins_once_its_name_is_free_on_the_target() {
        let change = |partition| SchemaChange {
            oid: 2,
            table: shape("new").name,
            kind: ChangeKind::TableNew { partition },
        };
        assert!(joins_by_itself(&change(None), &[shape("t")]));
        assert!(!joins_by_itself(&change(None), &[shape("new")]));
        let partition = (shape("root").name, "FOR VALUES IN (1)".to_owned());
        assert!(!joins_by_itself(&change(Some(partition)), &[]));
    }
}
