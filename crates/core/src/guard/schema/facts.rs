//! What the catalogs of one side say of a table, and what is remembered of it since its rows were read.
//!
//! Everything has an identity: a table its OID, a column its number, a membership in the publication the OID of its row.
//! A name is only what something is called now. Facts are read as they are; nothing is parsed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use transhume_wire::ident::QualifiedName;

use crate::load::{RelationState, format::FIRST_USER_OID};

/// A table as one side's catalogs describe it at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFacts {
    pub oid: u32,
    pub name: QualifiedName,
    pub is_logged: bool,
    /// None where it is no member of the migration's publication.
    pub publication: Option<PublicationMembership>,
    /// The file of its rows: another one after a rewrite.
    pub filenode: u32,
    /// What it is a partition of.
    pub partition_of: Option<QualifiedName>,
    /// `FOR VALUES …`, where it is a partition.
    pub bound: Option<String>,
    /// The topmost table above a partition, which alone may be given other columns.
    pub root: Option<QualifiedName>,
    /// The tables that hold its rows, where it is a tree that is moved as a whole; ascending.
    pub partitions: Vec<u32>,
    /// Columns that it ever had, dropped ones too; 0 where that was not written down.
    #[serde(default)]
    pub attributes: i16,
    /// Without those that are computed; by number.
    pub columns: Vec<ColumnFacts>,
}

/// That its changes are published, and since when: each of these numbers is another one once that was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationMembership {
    /// OID of the row in `pg_publication_rel`.
    pub row: u32,
    /// `xmin` of the publication's row, which holds what is published.
    pub publication_version: i64,
    /// Every kind of change of every row and column.
    pub is_whole: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnFacts {
    /// `attnum`: stays with the column through renames, and is never used again.
    pub number: i16,
    pub name: String,
    pub type_oid: u32,
    pub type_modifier: i32,
    /// With its modifier, qualified, valid SQL.
    pub type_name: String,
    pub not_null: bool,
    /// A default or an identity.
    pub has_default: bool,
    /// Rows older than the column have a value that the catalog remembers.
    pub has_remembered_value: bool,
    /// `xmin` of its row in the catalog: another one after each ALTER of the column, whatever it was.
    pub version: i64,
}

/// A table that the migration has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    pub oid: u32,
    /// On the target.
    pub name: QualifiedName,
    pub state: RelationState,
    /// Those that its rows were loaded from, as in [`TableFacts`].
    pub partitions: Vec<u32>,
    /// None in a stream that nothing was loaded for, until it was seen in step for the first time.
    pub remembered: Option<Remembered>,
}

/// What the source's table was under the snapshot that its rows were read under, or when both sides were last seen
/// in step; and which table of the target has its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub facts: TableFacts,
    pub target: Option<TargetIdentity>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetIdentity {
    pub oid: u32,
    /// Numbers of the target's columns by the names that the source's columns have in the facts.
    pub columns: BTreeMap<String, i16>,
}

impl TableFacts {
    pub fn column(&self, number: i16) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.number == number)
    }

    pub fn column_called(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub fn is_published(&self) -> bool {
        self.publication.is_some_and(|member| member.is_whole)
    }
}

impl ColumnFacts {
    fn has_type_of(&self, other: &Self) -> bool {
        self.type_oid == other.type_oid && self.type_modifier == other.type_modifier
    }

    /// Its type has the same OID on every server.
    pub fn is_built_in(&self) -> bool {
        self.type_oid < FIRST_USER_OID
    }

    /// The same side's column was given another type, or another form of the same one.
    pub fn is_retyped_since(&self, before: &Self) -> bool {
        !self.has_type_of(before)
    }
}

impl Remembered {
    /// Of a table whose two sides have the same names and columns now.
    pub fn in_step(source: &TableFacts, target: &TableFacts) -> Self {
        let called = target.columns.iter();
        Self {
            facts: source.clone(),
            target: Some(TargetIdentity {
                oid: target.oid,
                columns: called
                    .map(|column| (column.name.clone(), column.number))
                    .collect(),
            }),
        }
    }

    /// The target's column that has the values of the source's column of this number, whatever both are called now.
    pub fn target_column<'t>(&self, number: i16, target: &'t TableFacts) -> Option<&'t ColumnFacts> {
        let former = self.facts.column(number)?;
        match &self.target {
            Some(identity) if identity.oid == target.oid => {
                target.column(*identity.columns.get(&former.name)?)
            }
            _ => target.column_called(&former.name),
        }
    }
}
