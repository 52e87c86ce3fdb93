//! What has changed in the source's schema since its tables were loaded, as far as the target does not have it.
//!
//! The stream tells of a changed table only with its next change, and of a table that is not published never: a
//! partition that is made today, or an unlogged table turned logged, would simply stay behind. So the catalogs
//! of both sides are compared with what is remembered of the load. Owns what counts as a change, whether it bars a
//! cutover, and what may be carried over by itself. Refuses SQL text.
//!
//! Invariant: a table that looks as it did when it was loaded gives no change, whatever the target calls its types.

mod announced;
pub mod as_planned;
mod awaited;
mod carry_over;
mod columns;
mod facts;
mod message;
mod objects;
mod policy;

use std::collections::{HashMap, HashSet};

use transhume_wire::ident::QualifiedName;

pub use self::{
    announced::{AnnouncedSchema, ColumnDetail, DescribedTable, SchemaStep, details, steps, types_to_carry},
    awaited::{Awaited, Reached, not_to_come},
    carry_over::{CarryOver, UnknownCarryOver, joins_by_itself, may_be_carried},
    facts::{ColumnFacts, Followed, PublicationMembership, Remembered, TableFacts, TargetIdentity},
    objects::{
        CommentFacts, Fires, ObjectAddress, ObjectStep, RenamedObject, SchemaObject, SchemaObjectKind,
        object_steps,
    },
    policy::{SchemaChanges, UnknownSchemaChanges},
};
use crate::{finding::Severity, load::RelationState};

/// One thing that the target does not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// On the source.
    pub oid: u32,
    /// What the statement is about: for the columns of a partition the root of its tree.
    pub table: QualifiedName,
    pub kind: ChangeKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// Made since the migration began; a partition of this, for these values.
    TableNew {
        partition: Option<(QualifiedName, String)>,
    },
    /// The target has it still, under this name.
    TableGone {
        on_target: QualifiedName,
    },
    /// The table that has its rows was dropped on the target.
    TableLost,
    /// Followed, logged, and not in the publication, or only with some of its changes.
    NotPublished,
    /// It left the publication, or the publication published less, and that is over: what was written meanwhile is missing.
    PublishedAnew,
    /// `is_occupied`: another table of the target has the name.
    Renamed {
        before: QualifiedName,
        is_occupied: bool,
    },
    /// It is a partition of something else than on the target.
    Moved {
        before: Option<QualifiedName>,
        after: Option<(QualifiedName, String)>,
    },
    ColumnNew {
        column: ColumnFacts,
    },
    /// `is_required`: the target's column takes no null, so inserts would be refused.
    ColumnGone {
        column: String,
        is_required: bool,
    },
    /// `is_occupied`: another column of the target has the name.
    ColumnRenamed {
        before: String,
        after: String,
        is_occupied: bool,
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
    /// All rows were written anew with a column that was added or altered; that is not in the stream.
    Rewritten,
}

impl ChangeKind {
    /// A table or column that only the target has is not missed by anybody.
    pub fn severity(&self) -> Severity {
        match self {
            Self::TableGone { .. }
            | Self::ColumnGone {
                is_required: false, ..
            } => Severity::Warning,
            _ => Severity::Blocker,
        }
    }

    /// Rows of the table are not what they are on the source, and only reading them anew mends that.
    fn takes_a_reload(&self) -> bool {
        matches!(
            self,
            Self::Rewritten | Self::PublishedAnew | Self::NotPublished | Self::ColumnMadeAnew { .. }
        )
    }

    /// Numbers of a column differ between the partitions of a tree.
    fn says_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ColumnNew { column }, Self::ColumnNew { column: other }) => column.name == other.name,
            _ => self == other,
        }
    }

    /// It is a matter of the table's columns, which partitions share with their root.
    fn is_of_columns(&self) -> bool {
        matches!(
            self,
            Self::ColumnNew { .. }
                | Self::ColumnGone { .. }
                | Self::ColumnRenamed { .. }
                | Self::ColumnRetyped { .. }
        )
    }
}

/// The target's tables, by what they are and by what they are called.
struct Target<'a> {
    by_oid: HashMap<u32, &'a TableFacts>,
    by_name: HashMap<&'a QualifiedName, &'a TableFacts>,
}

impl<'a> Target<'a> {
    fn of(tables: &'a [TableFacts]) -> Self {
        Self {
            by_oid: tables.iter().map(|table| (table.oid, table)).collect(),
            by_name: tables.iter().map(|table| (&table.name, table)).collect(),
        }
    }

    /// The table that has the rows; by name only where nothing better is known.
    fn of_table(&self, table: &Followed, source: Option<&TableFacts>) -> Option<&'a TableFacts> {
        let identity = table.remembered.as_ref().and_then(|it| it.target.as_ref());
        if let Some(identity) = identity {
            return self.by_oid.get(&identity.oid).copied();
        }
        let now = source.and_then(|source| self.by_name.get(&source.name));
        now.or_else(|| self.by_name.get(&table.name)).copied()
    }
}

/// Compares what is remembered with the two sides as they are. `source` holds the selected tables with rows,
/// `target` whatever is there.
pub fn changes(followed: &[Followed], source: &[TableFacts], target: &[TableFacts]) -> Vec<SchemaChange> {
    let is_followed: HashSet<u32> = followed.iter().map(|table| table.oid).collect();
    let on_source: HashMap<u32, &TableFacts> = source.iter().map(|table| (table.oid, table)).collect();
    let target = Target::of(target);
    let new = source
        .iter()
        .filter(|table| !is_followed.contains(&table.oid))
        .map(|table| SchemaChange {
            oid: table.oid,
            table: table.name.clone(),
            kind: ChangeKind::TableNew {
                partition: partition(table),
            },
        });
    let known = followed.iter().flat_map(|table| {
        let source = on_source.get(&table.oid).copied();
        let kinds = changes_of(table, source, &target);
        kinds.into_iter().map(move |kind| named(table, source, kind))
    });
    let mut all: Vec<SchemaChange> = Vec::new();
    for change in new.chain(known) {
        // Every partition tells the same of the columns that it has from its root.
        let is_reported = change.kind.is_of_columns()
            && all
                .iter()
                .any(|other| other.table == change.table && other.kind.says_the_same(&change.kind));
        if !is_reported {
            all.push(change);
        }
    }
    all
}

fn named(table: &Followed, source: Option<&TableFacts>, kind: ChangeKind) -> SchemaChange {
    let root = source
        .and_then(|source| source.root.as_ref())
        .filter(|_| kind.is_of_columns());
    let name = root.or(source.map(|source| &source.name));
    SchemaChange {
        oid: table.oid,
        table: name.unwrap_or(&table.name).clone(),
        kind,
    }
}

/// What must be done to a table of the target before its rows can be loaded anew: how its definition differs from this one.
pub fn differences(table: &Followed, source: &TableFacts, target: &[TableFacts]) -> Vec<SchemaChange> {
    let target = Target::of(target);
    let kinds = match target.of_table(table, Some(source)) {
        None => vec![ChangeKind::TableLost],
        Some(there) => definition(table.remembered.as_ref(), source, there, &target),
    };
    let kinds = kinds.into_iter().map(|kind| match kind {
        // It has no rows any more whose values could be wrong.
        ChangeKind::ColumnMadeAnew { column } => made_anew(source, &column),
        kind => vec![kind],
    });
    // Its rows go to the table itself; a partition that joins is attached once it has them.
    let blocks_others = |kind: &ChangeKind| !matches!(kind, ChangeKind::Moved { .. });
    kinds
        .flatten()
        .filter(blocks_others)
        .map(|kind| named(table, Some(source), kind))
        .collect()
}

/// As two steps, for a table without rows.
fn made_anew(source: &TableFacts, column: &str) -> Vec<ChangeKind> {
    let gone = ChangeKind::ColumnGone {
        column: column.to_owned(),
        is_required: false,
    };
    let new = source.column_called(column).map(|column| ChangeKind::ColumnNew {
        column: column.clone(),
    });
    std::iter::once(gone).chain(new).collect()
}

/// What is to be remembered of loaded tables whose two sides are in step, where that is news.
pub fn news(followed: &[Followed], source: &[TableFacts], target: &[TableFacts]) -> Vec<(u32, Remembered)> {
    let on_target = Target::of(target);
    let on_source: HashMap<u32, &TableFacts> = source.iter().map(|table| (table.oid, table)).collect();
    let loaded = followed
        .iter()
        .filter(|table| table.state == RelationState::Loaded);
    loaded
        .filter_map(|table| {
            let source = on_source.get(&table.oid).copied();
            if !changes_of(table, source, &on_target).is_empty() {
                return None;
            }
            let source = source?;
            let there = on_target.of_table(table, Some(source))?;
            let now = Remembered::in_step(source, there);
            (table.remembered.as_ref() != Some(&now)).then_some((table.oid, now))
        })
        .collect()
}

/// Tables that need nothing but to be loaded anew: by OID on the source and name. Their columns follow with that.
pub fn to_reload(changes: &[SchemaChange]) -> Vec<(u32, QualifiedName)> {
    let is_all = |oid: u32| {
        let mut its = changes.iter().filter(|change| change.oid == oid);
        its.all(|change| change.kind.takes_a_reload() || change.kind.is_of_columns())
    };
    let mut tables: Vec<_> = changes
        .iter()
        .filter(|change| change.kind.takes_a_reload() && is_all(change.oid))
        .map(|change| (change.oid, change.table.clone()))
        .collect();
    tables.dedup();
    tables
}

/// Tables that neither side has any more.
pub fn gone(followed: &[Followed], source: &[TableFacts], target: &[TableFacts]) -> Vec<u32> {
    let on_target = Target::of(target);
    let present: HashSet<u32> = source.iter().map(|table| table.oid).collect();
    let is_followed =
        |table: &&Followed| matches!(table.state, RelationState::Loaded | RelationState::Suspended);
    followed
        .iter()
        .filter(is_followed)
        .filter(|table| !present.contains(&table.oid) && on_target.of_table(table, None).is_none())
        .map(|table| table.oid)
        .collect()
}

fn partition(table: &TableFacts) -> Option<(QualifiedName, String)> {
    table.partition_of.clone().zip(table.bound.clone())
}

fn changes_of(table: &Followed, source: Option<&TableFacts>, target: &Target<'_>) -> Vec<ChangeKind> {
    // It comes as the source has it then.
    if table.state == RelationState::Adding {
        return Vec::new();
    }
    let there = target.of_table(table, source);
    let Some(source) = source else {
        return there
            .map(|there| ChangeKind::TableGone {
                on_target: there.name.clone(),
            })
            .into_iter()
            .collect();
    };
    // As does what is being loaded, or will be.
    if table.state != RelationState::Loaded {
        return Vec::new();
    }
    let remembered = table.remembered.as_ref();
    let mut changes = Vec::new();
    changes.extend(publication(remembered, source));
    match there {
        Some(there) => changes.extend(definition(remembered, source, there, target)),
        None => changes.push(ChangeKind::TableLost),
    }
    if table.partitions != source.partitions {
        changes.push(ChangeKind::PartitionsChanged);
    }
    if remembered.is_some_and(|remembered| columns::is_rewritten(&remembered.facts, source)) {
        changes.push(ChangeKind::Rewritten);
    }
    changes
}

fn publication(remembered: Option<&Remembered>, source: &TableFacts) -> Option<ChangeKind> {
    if !source.is_logged {
        return None;
    }
    if !source.is_published() {
        return Some(ChangeKind::NotPublished);
    }
    let is_as_it_was = |remembered: &Remembered| remembered.facts.publication == source.publication;
    (!remembered.is_none_or(is_as_it_was)).then_some(ChangeKind::PublishedAnew)
}

/// Name, place and columns.
fn definition(
    remembered: Option<&Remembered>,
    source: &TableFacts,
    there: &TableFacts,
    target: &Target<'_>,
) -> Vec<ChangeKind> {
    let mut changes = Vec::new();
    if there.name != source.name {
        changes.push(ChangeKind::Renamed {
            before: there.name.clone(),
            is_occupied: target.by_name.contains_key(&source.name),
        });
    }
    if source.partition_of != there.partition_of {
        changes.push(ChangeKind::Moved {
            before: there.partition_of.clone(),
            after: partition(source),
        });
    }
    changes.extend(columns::changes(remembered, source, there));
    changes
}

#[cfg(test)]
mod tests;
