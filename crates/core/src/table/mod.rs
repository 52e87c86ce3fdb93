//! A table as the catalogs describe it: what load, apply and verify need to know of it.
//!
//! Columns are matched by name everywhere; positions are never compared between the two sides.

pub mod catalog;
mod tree;

use serde::{Deserialize, Serialize};
use transhume_wire::ident::QualifiedName;

pub use self::tree::{Placement, place};

/// `pg_class.relkind` of what a migration meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TableKind {
    Ordinary,
    Partitioned,
    MaterializedView,
    Foreign,
    View,
}

/// `pg_class.relpersistence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Persistence {
    Permanent,
    Unlogged,
}

/// `pg_class.relreplident`: what an UPDATE or DELETE in the stream says of the old row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReplicaIdentity {
    /// The primary key, if there is one (and it is not deferrable).
    Default,
    /// The columns of one unique index.
    Index,
    /// The whole old row.
    Full,
    Nothing,
}

/// How a column gets its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Generation {
    Plain,
    IdentityAlways,
    IdentityByDefault,
    /// `GENERATED ALWAYS AS (…) STORED`, or VIRTUAL from 18: never written by us.
    Computed,
}

/// `pg_class.relrowsecurity` and `relforcerowsecurity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RowSecurity {
    Off,
    /// Policies apply to all but the owner.
    Enabled,
    /// Policies apply to the owner too.
    Forced,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub type_oid: u32,
    /// `format_type`, schema-qualified where needed; valid SQL on both sides.
    pub type_name: String,
    /// `pg_attribute.atttypmod`, −1 for none.
    pub type_modifier: i32,
    pub not_null: bool,
    pub generation: Generation,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub oid: u32,
    pub name: QualifiedName,
    pub kind: TableKind,
    pub persistence: Persistence,
    /// A leaf or inner node of a partition tree.
    pub is_partition: bool,
    /// Live columns in the source's order.
    pub columns: Vec<Column>,
    pub replica_identity: ReplicaIdentity,
    /// Columns that identify a row in the stream; empty where the server would refuse UPDATE and
    /// DELETE once the table is published. With identity full: all plain columns.
    pub identity_columns: Vec<String>,
    /// The index of [`ReplicaIdentity::Index`]; none where it was dropped, which leaves no identity.
    pub identity_index: Option<String>,
    /// The primary key is deferrable, hence no replica identity.
    pub deferrable_key: bool,
    pub row_security: RowSecurity,
    pub owner: String,
    /// `pg_class.reltuples`; −1 when never analysed, whatever the version.
    pub rows_estimate: i64,
    /// Heap pages on disk now.
    pub pages: i64,
    /// Heap, TOAST and maps in bytes.
    pub bytes: i64,
    pub placement: Placement,
}

impl Table {
    /// Columns whose values are copied and applied: all but the computed ones.
    pub fn written_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns
            .iter()
            .filter(|column| column.generation != Generation::Computed)
    }

    /// Published as it is, the application's UPDATE and DELETE would fail, or the stream would not say
    /// which row changed: it has no identity, or a computed column (which is never sent) is part of it, or it
    /// is not one of the tree that the row is moved under.
    pub fn needs_full_identity(&self) -> bool {
        let is_computed = |name: &String| {
            self.columns
                .iter()
                .any(|column| column.name == *name && column.generation == Generation::Computed)
        };
        self.replica_identity != ReplicaIdentity::Full
            && (self.identity_columns.is_empty()
                || self.identity_columns.iter().any(is_computed)
                || self.is_ambiguous_in_tree())
    }

    /// Rows can be written by its name, its own or those of its partitions.
    pub fn takes_rows(&self) -> bool {
        matches!(self.kind, TableKind::Ordinary | TableKind::Partitioned)
    }

    /// It holds rows of its own that must be read and published.
    pub fn holds_rows(&self) -> bool {
        self.kind == TableKind::Ordinary
    }

    /// It has pages, and nobody has counted what they hold.
    pub fn is_never_analysed(&self) -> bool {
        self.rows_estimate < 0 && self.pages > 0
    }
}
