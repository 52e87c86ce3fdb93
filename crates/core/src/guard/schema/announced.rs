//! What a statement on the source left behind, as it announced it itself, and the steps that make the target so.
//!
//! Owns which of the differences can be followed exactly, in the very transaction and at the place where the source made
//! them. Rows that a statement rewrote are in no stream, so a table with such a change takes no step at all: it is held or
//! loaded anew as one whose statement announced nothing.
//!
//! Invariant: steps are taken between facts of the same table, known by OID and number on both sides.

use std::slice;

use serde::Deserialize;
use transhume_wire::ident::QualifiedName;

use super::{
    ChangeKind, ColumnFacts, CommentFacts, Followed, ObjectAddress, Remembered, RenamedObject, SchemaChange,
    SchemaObject, TableFacts, changes,
};
use crate::{
    guard::{access::AccessFacts, user_types::UserType},
    load::RelationState,
};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AnnouncedSchema {
    /// The source transaction that the statement belongs to.
    pub xid: u32,
    /// Those that it made or altered, and what is below them.
    pub tables: Vec<DescribedTable>,
    pub types: Vec<UserType>,
    /// Tables that it dropped.
    pub gone: Vec<u32>,
    /// What belongs to the tables that it concerned, and views and functions that it made.
    #[serde(default)]
    pub objects: Vec<SchemaObject>,
    /// What is called by its name alone on the target, and has another one.
    #[serde(default)]
    pub renamed: Vec<RenamedObject>,
    /// Who owns what, and may do what with it, where that is another than before.
    #[serde(default)]
    pub access: Vec<AccessFacts>,
    /// All else that it dropped, and that does not go with its table.
    #[serde(default)]
    pub gone_objects: Vec<ObjectAddress>,
    #[serde(default)]
    pub comments: Vec<CommentFacts>,
    /// It could not be told what it left behind: the source is to be asked.
    #[serde(default)]
    pub is_untold: bool,
}

impl AnnouncedSchema {
    /// Of a statement that said no more than that it was there.
    pub fn untold(xid: u32) -> Self {
        Self {
            xid,
            tables: Vec::new(),
            types: Vec::new(),
            gone: Vec::new(),
            objects: Vec::new(),
            renamed: Vec::new(),
            access: Vec::new(),
            gone_objects: Vec::new(),
            comments: Vec::new(),
            is_untold: true,
        }
    }
}

/// A table with what only statements need.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DescribedTable {
    #[serde(flatten)]
    pub facts: TableFacts,
    pub details: Vec<ColumnDetail>,
    /// Names of the columns that are computed, which are not among the facts.
    #[serde(default)]
    pub generated: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ColumnDetail {
    pub number: i16,
    /// As ADD COLUMN takes it.
    pub definition: String,
    /// The default within `definition`.
    pub added_default: Option<String>,
    /// The column's default now.
    pub default: Option<String>,
    /// NOT NULL was set once its rows had values.
    pub is_not_null_later: bool,
    /// Every row that was there when the column was added has the value that `definition` gives it.
    pub is_by_value: bool,
}

/// One thing to be done on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaStep {
    Change(SchemaChange),
    Add {
        table: QualifiedName,
        definition: String,
    },
    /// A column that was computed has its values from now on.
    NoLongerComputed {
        table: QualifiedName,
        column: String,
    },
    NotNull {
        table: QualifiedName,
        column: String,
        is_set: bool,
    },
    /// None drops it.
    Default {
        table: QualifiedName,
        column: String,
        expression: Option<String>,
    },
}

impl DescribedTable {
    fn detail(&self, number: i16) -> Option<&ColumnDetail> {
        self.details.iter().find(|detail| detail.number == number)
    }
}

/// What makes the target's table as the source's was left; none where that cannot be done exactly.
pub fn steps(followed: &Followed, now: &DescribedTable, there: &DescribedTable) -> Option<Vec<SchemaStep>> {
    let remembered = followed.remembered.as_ref()?;
    let is_its_own = remembered
        .target
        .as_ref()
        .is_some_and(|target| target.oid == there.facts.oid);
    if !is_its_own || followed.state != RelationState::Loaded || !followed.partitions.is_empty() {
        return None;
    }
    let found = changes(
        slice::from_ref(followed),
        slice::from_ref(&now.facts),
        slice::from_ref(&there.facts),
    );
    let mut steps = Vec::new();
    for change in found {
        steps.extend(of_change(change, now, there)?);
    }
    let table = now.facts.root.as_ref().unwrap_or(&now.facts.name);
    for column in &now.facts.columns {
        let pair = counterpart(remembered, column, &there.facts);
        let detail = now.detail(column.number)?;
        steps.extend(of_column(table, column, detail, pair.map(|pair| (pair, there))));
    }
    Some(steps)
}

/// What a table whose rows were read later than the statement may still lack of it: a load makes columns fit, not what is said
/// of them.
pub fn details(followed: &Followed, now: &DescribedTable, there: &DescribedTable) -> Vec<SchemaStep> {
    let Some(remembered) = &followed.remembered else {
        return Vec::new();
    };
    let table = now.facts.root.as_ref().unwrap_or(&now.facts.name);
    let of_same = |column: &ColumnFacts| {
        let pair = remembered.target_column(column.number, &there.facts)?;
        let detail = now.detail(column.number).filter(|_| pair.name == column.name)?;
        Some(of_column(table, column, detail, Some((pair, there))))
    };
    let is_same_table = now.facts.name == there.facts.name;
    let columns = now.facts.columns.iter().filter(|_| is_same_table);
    columns.filter_map(of_same).flatten().collect()
}

fn of_change(change: SchemaChange, now: &DescribedTable, there: &DescribedTable) -> Option<Vec<SchemaStep>> {
    match &change.kind {
        ChangeKind::ColumnNew { column } if there.generated.contains(&column.name) => {
            Some(vec![SchemaStep::NoLongerComputed {
                table: change.table.clone(),
                column: column.name.clone(),
            }])
        }
        ChangeKind::ColumnNew { column } => {
            let detail = now.detail(column.number).filter(|detail| detail.is_by_value)?;
            Some(vec![SchemaStep::Add {
                table: change.table.clone(),
                definition: detail.definition.clone(),
            }])
        }
        ChangeKind::Renamed { .. }
        | ChangeKind::Moved { .. }
        | ChangeKind::ColumnGone { .. }
        | ChangeKind::ColumnRenamed { .. }
        | ChangeKind::ColumnRetyped { .. } => Some(vec![SchemaStep::Change(change)]),
        ChangeKind::TableNew { .. }
        | ChangeKind::TableGone { .. }
        | ChangeKind::TableLost
        | ChangeKind::NotPublished
        | ChangeKind::PublishedAnew
        | ChangeKind::ColumnMadeAnew { .. }
        | ChangeKind::PartitionsChanged
        | ChangeKind::Rewritten => None,
    }
}

/// The target's column that belongs to this one of the source; none where it is to be added.
fn counterpart<'t>(
    remembered: &Remembered,
    column: &ColumnFacts,
    there: &'t TableFacts,
) -> Option<&'t ColumnFacts> {
    match remembered.facts.column(column.number) {
        Some(_) => remembered.target_column(column.number, there),
        None => there.column_called(&column.name),
    }
}

fn of_column(
    table: &QualifiedName,
    column: &ColumnFacts,
    detail: &ColumnDetail,
    pair: Option<(&ColumnFacts, &DescribedTable)>,
) -> Vec<SchemaStep> {
    let (was_not_null, before) = match pair {
        Some((pair, there)) => {
            let there = there.detail(pair.number);
            (pair.not_null, there.and_then(|there| there.default.clone()))
        }
        None => (
            column.not_null && !detail.is_not_null_later,
            detail.added_default.clone(),
        ),
    };
    let not_null = (was_not_null != column.not_null).then(|| SchemaStep::NotNull {
        table: table.clone(),
        column: column.name.clone(),
        is_set: column.not_null,
    });
    let default = (before != detail.default).then(|| SchemaStep::Default {
        table: table.clone(),
        column: column.name.clone(),
        expression: detail.default.clone(),
    });
    [not_null, default].into_iter().flatten().collect()
}

/// Of types that a statement made or altered those whose differences tell the whole of it: one that only has another name
/// looks like a new one.
pub fn types_to_carry(announced: &[UserType], remembered: &[UserType]) -> Vec<UserType> {
    let is_renamed = |now: &UserType| {
        let before = remembered.iter().find(|before| before.oid == now.oid);
        before.is_some_and(|before| before.name != now.name)
    };
    announced.iter().filter(|now| !is_renamed(now)).cloned().collect()
}

#[cfg(test)]
#[path = "announced_tests.rs"]
mod tests;
