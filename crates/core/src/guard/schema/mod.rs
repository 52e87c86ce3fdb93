//! What has changed in the source's schema since its tables were loaded, as far as the target does not have it.
//!
//! The stream tells of a changed table only with its next change, and of a table that is not published never: a
//! partition that is made today, or an unlogged table turned logged, would simply stay behind. So the catalogs
//! of both sides are compared. Owns what counts as a change, whether it bars a cutover, and what may be
//! carried over by itself. Refuses SQL text.
//!
//! Invariant: a table that looks as it did when it was loaded gives no change, whatever the target calls its types.

mod carry_over;
mod wording;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use transhume_wire::ident::QualifiedName;

pub use self::carry_over::{CarryOver, UnknownCarryOver, may_be_carried};
use crate::{finding::Severity, load::RelationState};

/// A table as one side's catalogs describe it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    pub oid: u32,
    pub name: QualifiedName,
    pub is_logged: bool,
    pub is_published: bool,
    /// The file of its rows: another one after a rewrite.
    pub filenode: u32,
    /// What it is a partition of.
    pub partition_of: Option<QualifiedName>,
    /// `FOR VALUES …`, where it is a partition.
    pub bound: Option<String>,
    /// The tables that hold its rows, where it is a tree that is moved as a whole; ascending.
    pub partitions: Vec<u32>,
    /// Without those that are computed.
    pub columns: Vec<ShapeColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeColumn {
    /// `attnum`: stays with the column through renames, and is never used again.
    pub number: i16,
    pub name: String,
    pub type_name: String,
    pub not_null: bool,
    /// A default or an identity.
    pub has_default: bool,
    /// Rows older than the column have a value that the catalog remembers.
    pub has_remembered_value: bool,
}

/// A table that the migration has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    pub oid: u32,
    pub name: QualifiedName,
    pub state: RelationState,
    /// Those that its rows were loaded from, as in [`Shape`].
    pub partitions: Vec<u32>,
    /// None until it was looked at for the first time since it was loaded.
    pub baseline: Option<Baseline>,
}

/// What a table of the source was like when its rows were loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    pub filenode: u32,
    pub columns: Vec<BaselineColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineColumn {
    pub number: i16,
    pub name: String,
    pub type_name: String,
}

/// One thing that the target does not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// On the source.
    pub oid: u32,
    pub table: QualifiedName,
    pub kind: ChangeKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// Made since the migration began; a partition of this, for these values.
    TableNew {
        partition: Option<(QualifiedName, String)>,
    },
    TableGone,
    /// Followed, logged, and not in the publication.
    NotPublished,
    Renamed {
        before: QualifiedName,
    },
    /// It is a partition of something else than on the target.
    Moved {
        before: Option<QualifiedName>,
        after: Option<(QualifiedName, String)>,
    },
    ColumnNew {
        column: ShapeColumn,
    },
    /// `is_required`: the target's column takes no null, so inserts would be refused.
    ColumnGone {
        column: String,
        is_required: bool,
    },
    ColumnRenamed {
        before: String,
        after: String,
    },
    ColumnRetyped {
        column: String,
        type_name: String,
    },
    /// Dropped and made again under the same name: the rows' values are gone on the source.
    ColumnMadeAnew {
        column: String,
    },
    /// It is moved as a whole, and other tables hold its rows than when it was loaded.
    PartitionsChanged,
    /// All rows were written anew with a column that was added or retyped; that is not in the stream.
    Rewritten,
}

impl ChangeKind {
    /// A table or column that only the target has is not missed by anybody.
    pub fn severity(&self) -> Severity {
        match self {
            Self::TableGone
            | Self::ColumnGone {
                is_required: false, ..
            } => Severity::Warning,
            _ => Severity::Blocker,
        }
    }
}

impl Baseline {
    pub fn of(shape: &Shape) -> Self {
        let columns = shape.columns.iter().map(|column| BaselineColumn {
            number: column.number,
            name: column.name.clone(),
            type_name: column.type_name.clone(),
        });
        Self {
            filenode: shape.filenode,
            columns: columns.collect(),
        }
    }

    fn column(&self, number: i16) -> Option<&BaselineColumn> {
        self.columns.iter().find(|column| column.number == number)
    }
}

/// Compares what was loaded with the two sides as they are. `source` holds the selected tables with rows,
/// `target` whatever is there.
pub fn changes(followed: &[Followed], source: &[Shape], target: &[Shape]) -> Vec<SchemaChange> {
    let is_followed: HashSet<u32> = followed.iter().map(|table| table.oid).collect();
    let on_source: HashMap<u32, &Shape> = source.iter().map(|shape| (shape.oid, shape)).collect();
    let on_target: HashMap<&QualifiedName, &Shape> =
        target.iter().map(|shape| (&shape.name, shape)).collect();
    let new = source
        .iter()
        .filter(|shape| !is_followed.contains(&shape.oid))
        .map(|shape| SchemaChange {
            oid: shape.oid,
            table: shape.name.clone(),
            kind: ChangeKind::TableNew {
                partition: partition(shape),
            },
        });
    // A table that is being added comes as the source has it now.
    let settled = followed
        .iter()
        .filter(|table| table.state != RelationState::Adding);
    let known = settled.flat_map(|table| {
        let shape = on_source.get(&table.oid).copied();
        let name = shape.map_or(&table.name, |shape| &shape.name);
        changes_of(table, shape, &on_target)
            .into_iter()
            .map(|kind| SchemaChange {
                oid: table.oid,
                table: name.clone(),
                kind,
            })
    });
    new.chain(known).collect()
}

fn partition(shape: &Shape) -> Option<(QualifiedName, String)> {
    shape.partition_of.clone().zip(shape.bound.clone())
}

fn changes_of(
    table: &Followed,
    source: Option<&Shape>,
    target: &HashMap<&QualifiedName, &Shape>,
) -> Vec<ChangeKind> {
    let on_target = |name: &QualifiedName| target.get(name).copied();
    let Some(source) = source else {
        let is_left = on_target(&table.name).is_some();
        return is_left.then_some(ChangeKind::TableGone).into_iter().collect();
    };
    let mut changes = Vec::new();
    if source.is_logged && !source.is_published && table.state != RelationState::Suspended {
        changes.push(ChangeKind::NotPublished);
    }
    let renamed = on_target(&source.name);
    if renamed.is_none() && source.name != table.name {
        changes.push(ChangeKind::Renamed {
            before: table.name.clone(),
        });
    }
    if let Some(target) = renamed.or_else(|| on_target(&table.name)) {
        if source.partition_of != target.partition_of {
            changes.push(ChangeKind::Moved {
                before: target.partition_of.clone(),
                after: partition(source),
            });
        }
        changes.extend(column_changes(table.baseline.as_ref(), source, target));
    }
    if table.partitions != source.partitions {
        changes.push(ChangeKind::PartitionsChanged);
    }
    changes.extend(
        table
            .baseline
            .as_ref()
            .and_then(|baseline| rewritten(baseline, source)),
    );
    changes
}

fn column_changes(baseline: Option<&Baseline>, source: &Shape, target: &Shape) -> Vec<ChangeKind> {
    let on_target = |name: &str| target.columns.iter().find(|column| column.name == name);
    let mut changes = Vec::new();
    for column in &source.columns {
        let former = baseline.and_then(|baseline| baseline.column(column.number));
        match (former, on_target(&column.name)) {
            (Some(former), None) if on_target(&former.name).is_some() => {
                changes.push(ChangeKind::ColumnRenamed {
                    before: former.name.clone(),
                    after: column.name.clone(),
                });
            }
            (_, None) => changes.push(ChangeKind::ColumnNew {
                column: column.clone(),
            }),
            (Some(former), Some(there))
                if former.type_name != column.type_name && there.type_name != column.type_name =>
            {
                changes.push(ChangeKind::ColumnRetyped {
                    column: column.name.clone(),
                    type_name: column.type_name.clone(),
                });
            }
            _ => {}
        }
    }
    for former in baseline.iter().flat_map(|baseline| &baseline.columns) {
        if source.columns.iter().any(|column| column.number == former.number) {
            continue;
        }
        let is_made_anew = source.columns.iter().any(|column| column.name == former.name);
        match on_target(&former.name) {
            Some(_) if is_made_anew => changes.push(ChangeKind::ColumnMadeAnew {
                column: former.name.clone(),
            }),
            Some(there) => changes.push(ChangeKind::ColumnGone {
                column: former.name.clone(),
                is_required: there.not_null && !there.has_default,
            }),
            None => {}
        }
    }
    changes
}

/// VACUUM FULL and TRUNCATE make a new file too, but leave the columns as they are.
fn rewritten(baseline: &Baseline, source: &Shape) -> Option<ChangeKind> {
    let has_new_values = |column: &ShapeColumn| match baseline.column(column.number) {
        None => !column.has_remembered_value,
        Some(former) => former.type_name != column.type_name,
    };
    (baseline.filenode != source.filenode && source.columns.iter().any(has_new_values))
        .then_some(ChangeKind::Rewritten)
}

#[cfg(test)]
mod tests;
