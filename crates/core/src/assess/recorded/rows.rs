//! The answers' rows, whose columns are named as the questions name them.

use serde::Deserialize;
use transhume_wire::ident::QualifiedName;

use crate::{
    assess::observation::{Collation, Extension, ExtensionTable, MaterializedView, WritingTransaction},
    sequence::{OwningColumn, Sequence},
    table::catalog::oid,
};

#[derive(Deserialize)]
pub(super) struct SettingRow {
    pub(super) name: String,
    pub(super) setting: String,
}

#[derive(Deserialize)]
pub(super) struct ReferencedRole {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct FunctionRow {
    pub(super) function: String,
    pub(super) words: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Named {
    schema_name: String,
    table_name: String,
}

impl Named {
    pub(super) fn name(self) -> QualifiedName {
        QualifiedName::new(self.schema_name, self.table_name)
    }
}

/// Of a column, a trigger or a key of a table.
#[derive(Deserialize)]
pub(super) struct TraitRow {
    schema_name: String,
    table_name: String,
    pub(super) column_name: Option<String>,
    pub(super) type_name: Option<String>,
    pub(super) trigger_name: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) constraint_name: Option<String>,
    pub(super) orphans: Option<String>,
}

impl TraitRow {
    pub(super) fn table(&self) -> QualifiedName {
        QualifiedName::new(&self.schema_name, &self.table_name)
    }
}

#[derive(Deserialize)]
pub(super) struct TreeRow {
    #[serde(deserialize_with = "oid")]
    pub(super) oid: u32,
    #[serde(deserialize_with = "oid")]
    pub(super) tree: u32,
}

#[derive(Deserialize)]
pub(super) struct PartitionRow {
    partition_schema: String,
    partition_name: String,
    ancestor_schema: String,
    ancestor_name: String,
}

impl PartitionRow {
    pub(super) fn names(self) -> (QualifiedName, QualifiedName) {
        (
            QualifiedName::new(self.partition_schema, self.partition_name),
            QualifiedName::new(self.ancestor_schema, self.ancestor_name),
        )
    }
}

#[derive(Deserialize)]
pub(super) struct ExtensionRow {
    name: String,
    version: String,
    schema_name: String,
}

impl ExtensionRow {
    pub(super) fn extension(self) -> Extension {
        Extension {
            name: self.name,
            version: self.version,
            schema: self.schema_name,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct ExtensionTableRow {
    extension: String,
    #[serde(flatten)]
    table: Named,
}

impl ExtensionTableRow {
    pub(super) fn table(self) -> ExtensionTable {
        ExtensionTable {
            extension: self.extension,
            table: self.table.name(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct MaterializedViewRow {
    #[serde(deserialize_with = "oid")]
    oid: u32,
    schema_name: String,
    view_name: String,
    populated: bool,
    /// Files of earlier versions do not say.
    #[serde(default = "yes")]
    readable: bool,
    depth: i32,
}

fn yes() -> bool {
    true
}

impl MaterializedViewRow {
    pub(super) fn view(self) -> MaterializedView {
        MaterializedView {
            oid: self.oid,
            name: QualifiedName::new(self.schema_name, self.view_name),
            populated: self.populated,
            readable: self.readable,
            depth: self.depth,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WritingRow {
    pid: i32,
    user_name: Option<String>,
    application: Option<String>,
    age_seconds: Option<i64>,
}

impl WritingRow {
    pub(super) fn transaction(self) -> WritingTransaction {
        WritingTransaction {
            pid: self.pid,
            user: self.user_name,
            application: self.application,
            age_seconds: self.age_seconds,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CollationRow {
    schema_name: String,
    collation_name: String,
    provider: String,
    user_defined: bool,
    used: bool,
    version: Option<String>,
    actual_version: Option<String>,
}

impl CollationRow {
    pub(super) fn collation(self) -> Collation {
        Collation {
            name: QualifiedName::new(self.schema_name, self.collation_name),
            provider: self.provider,
            user_defined: self.user_defined,
            used: self.used,
            version: self.version,
            actual_version: self.actual_version,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct SequenceRow {
    #[serde(deserialize_with = "oid")]
    oid: u32,
    schema_name: String,
    sequence_name: String,
    type_name: String,
    start_value: i64,
    min_value: i64,
    max_value: i64,
    increment: i64,
    cache: i64,
    cycle: bool,
    owner: String,
    readable: bool,
    last_value: Option<i64>,
    owned_by_schema: Option<String>,
    owned_by_table: Option<String>,
    owned_by_column: Option<String>,
    is_identity: bool,
}

impl SequenceRow {
    /// One that was never called may have been set all the same; the cutover reads it anew.
    pub(super) fn sequence(self) -> Sequence {
        let owner = self
            .owned_by_schema
            .zip(self.owned_by_table)
            .zip(self.owned_by_column);
        Sequence {
            oid: self.oid,
            name: QualifiedName::new(self.schema_name, self.sequence_name),
            type_name: self.type_name,
            start: self.start_value,
            min: self.min_value,
            max: self.max_value,
            increment: self.increment,
            cache: self.cache,
            cycle: self.cycle,
            last_value: self.last_value.or(self.readable.then_some(self.start_value)),
            is_called: self.last_value.is_some(),
            owned_by: owner.map(|((schema, table), column)| OwningColumn {
                table: QualifiedName::new(schema, table),
                column,
                identity: self.is_identity,
            }),
            owner: self.owner,
        }
    }
}
