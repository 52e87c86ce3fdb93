//! How the changes of one relation are written to its table on the target.
//!
//! Owns the match between a Relation message and the target's columns, and the shape of the
//! statement that each change needs. Columns match by name, never by position. What does not fit is
//! a [`Drift`], never a guess; what a change lacks is an [`Unwritable`]. Refuses SQL text.

mod column_set;
mod compatibility;
mod values;

use std::sync::Arc;

use transhume_wire::{
    binary::BinaryType,
    ident::{OperatorName, QualifiedName},
    pgoutput::Relation,
};

pub use self::{
    column_set::ColumnSet,
    values::{Matching, Operation, RowChange, RowWrite, StatementShape, Unwritable, row_write},
};
use crate::{
    follow::{net, read_ranges::Undecided, visibility::Snapshot},
    guard::user_types::TypeChange,
    table::Generation,
};

/// A column of the target's table, as far as writing to it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetColumn {
    pub name: String,
    /// `attnum`.
    pub number: i16,
    pub type_oid: u32,
    pub type_modifier: i32,
    /// The type without its modifier, valid SQL in a cast.
    pub type_name: String,
    pub generation: Generation,
    /// The type's equality holds exactly for values of the same text image.
    pub image_equality: bool,
    /// The type's own.
    pub equality: OperatorName,
    pub list_form: ListForm,
    /// Its values can travel in this binary format, the type's own; none where they travel as text only.
    pub binary: Option<BinaryType>,
}

/// How many values of a column travel as one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListForm {
    /// In the type's binary format.
    Binary(BinaryType),
    /// As text that is cast to this type, the column's own or the one that its domain is made of.
    Text { base_type: String },
    /// Not at all: a cast from text is not what the type's input function does.
    Single,
}

/// Which table of the target it was when it was looked at, with a line about its name, columns and types. The line is the
/// server's own, and only ever compared there: with what it says of the table as rows are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableIdentity {
    pub oid: u32,
    pub description: String,
}

/// A table of the target as its catalogs describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetTable {
    pub identity: TableIdentity,
    pub columns: Vec<TargetColumn>,
    /// Columns of the primary key, when it is checked at once (not deferrable).
    pub primary_key: Vec<String>,
    /// Its rows are in its partitions.
    pub is_partitioned: bool,
}

/// How a row of this relation is found on the target. Indices are those of [`RowPlan::columns`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowLookup {
    /// By the values of these columns.
    Key(ColumnSet),
    /// By the whole old row; of equal rows exactly one is changed.
    Image,
    /// The source announces no identity: only inserts and truncates can arrive.
    Nothing,
}

/// A relation matched with its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPlan {
    pub table: QualifiedName,
    /// Its statements name the table and its columns as this one did.
    pub target: TableIdentity,
    /// One for each column of the relation, in the stream's order.
    pub columns: Vec<TargetColumn>,
    pub identity: RowLookup,
    /// Rows are found and changed in the partitions of the table, never in itself.
    pub is_partitioned: bool,
}

/// Why a relation does not fit its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// As the source announced it.
    pub relation: Arc<Relation>,
    pub kind: DriftKind,
}

impl Drift {
    pub fn table(&self) -> &QualifiedName {
        &self.relation.name
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DriftKind {
    /// The target has no table of this name.
    TableMissing,
    /// The table is not part of the migration.
    NotSelected,
    /// The full load of the table is not complete.
    NotLoaded,
    /// The source's table had another name when the migration began.
    Renamed {
        before: QualifiedName,
    },
    ColumnMissing {
        column: String,
    },
    TypeDiffers {
        column: String,
        type_oid: u32,
        type_modifier: i32,
    },
    /// A value was refused, and a type is not what it is on the source.
    TypeChanged(Box<TypeChange>),
    /// The target computes this column, the source sends values for it.
    Computed {
        column: String,
    },
    /// The target's column of this name has the values of another one, which is gone on the source or cannot be told from it:
    /// the table must be loaded anew.
    ColumnReused {
        column: String,
    },
    /// Key ranges of the table were read at different times, and a change between those cannot be placed: the table must be
    /// loaded anew.
    ReadInParts(Undecided),
    /// A partition of a tree that is moved as a whole was emptied by itself: which rows those were on the target,
    /// nobody can tell. `loaded_under`: what the tree shows until it is loaded anew.
    PartitionEmptied {
        partition: QualifiedName,
        loaded_under: Option<Snapshot>,
    },
}

impl DriftKind {
    /// No alteration of the target makes it fit: its rows must be read anew.
    pub fn needs_reload(&self) -> bool {
        matches!(self, Self::ColumnReused { .. } | Self::ReadInParts(_))
    }
}

impl RowPlan {
    /// What netting must know; none where changes can only be written one by one.
    pub fn net_shape(&self) -> Option<net::Shape> {
        let is_single = |column: &TargetColumn| column.list_form == ListForm::Single;
        if self.columns.is_empty() || self.columns.iter().any(is_single) {
            return None;
        }
        let key = match &self.identity {
            RowLookup::Key(key) => key.iter().collect(),
            RowLookup::Image | RowLookup::Nothing => Vec::new(),
        };
        Some(net::Shape {
            width: self.columns.len(),
            key,
        })
    }

    /// An update may set these columns: GENERATED ALWAYS refuses that, even where the value stays.
    pub fn can_set(&self, columns: &[usize]) -> bool {
        columns
            .iter()
            .all(|index| self.columns[*index].generation != Generation::IdentityAlways)
    }
}

/// Matches a relation with the target's table of the same name.
pub fn plan(relation: &Arc<Relation>, target: Option<&TargetTable>) -> Result<RowPlan, Drift> {
    let drift = |kind| Drift {
        relation: Arc::clone(relation),
        kind,
    };
    let target = target.ok_or_else(|| drift(DriftKind::TableMissing))?;
    let columns = relation
        .columns
        .iter()
        .map(|announced| compatibility::match_column(announced, target).map_err(drift))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(RowPlan {
        table: relation.name.clone(),
        target: target.identity.clone(),
        identity: identity(relation, target),
        is_partitioned: target.is_partitioned,
        columns,
    })
}

fn identity(relation: &Relation, target: &TargetTable) -> RowLookup {
    let position = |name: &String| relation.columns.iter().position(|column| column.name == *name);
    if relation.replica_identity == b'f' {
        // The old image holds every column, so the key finds the row faster than the whole image. A key
        // with a column that is not in the stream (a computed one) identifies nothing.
        let key: Option<ColumnSet> = target.primary_key.iter().map(position).collect();
        return match key {
            Some(key) if !key.is_empty() => RowLookup::Key(key),
            _ => RowLookup::Image,
        };
    }
    let key: ColumnSet = (0..relation.columns.len())
        .filter(|index| relation.columns[*index].is_key)
        .collect();
    if key.is_empty() {
        RowLookup::Nothing
    } else {
        RowLookup::Key(key)
    }
}

#[cfg(test)]
mod tests;
