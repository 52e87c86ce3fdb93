//! A table as one row of the catalogs' answer tells it, from a server or from a file that psql wrote.
//!
//! Owns what PostgreSQL's letters mean. Refuses nothing: a letter that is not known is the ordinary case.

use serde::{Deserialize, Deserializer};
use transhume_wire::ident::QualifiedName;

use super::{Column, Generation, Persistence, Placement, ReplicaIdentity, RowSecurity, Table, TableKind};

/// The columns of `tables.sql`; those of the table as lists of one length.
#[derive(Debug, Clone, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
pub struct TableRow {
    #[serde(deserialize_with = "oid")]
    pub oid: u32,
    pub schema_name: String,
    pub table_name: String,
    pub kind: String,
    pub persistence: String,
    pub is_partition: bool,
    pub replica_identity: String,
    pub column_names: Vec<String>,
    #[serde(deserialize_with = "oids")]
    pub column_type_oids: Vec<u32>,
    pub column_type_names: Vec<String>,
    pub column_type_modifiers: Vec<i32>,
    pub column_not_nulls: Vec<bool>,
    pub column_generations: Vec<String>,
    pub identity_index_columns: Vec<String>,
    pub identity_index: Option<String>,
    pub deferrable_key: bool,
    pub row_security: bool,
    pub row_security_forced: bool,
    pub owner: String,
    pub rows_estimate: i64,
    pub pages: i64,
    pub bytes: i64,
}

impl TableRow {
    pub fn into_table(self) -> Table {
        let columns = self.columns();
        let replica_identity = match self.replica_identity.as_str() {
            "i" => ReplicaIdentity::Index,
            "f" => ReplicaIdentity::Full,
            "n" => ReplicaIdentity::Nothing,
            _ => ReplicaIdentity::Default,
        };
        let identity_columns = match replica_identity {
            ReplicaIdentity::Full => columns
                .iter()
                .filter(|column| column.generation != Generation::Computed)
                .map(|column| column.name.clone())
                .collect(),
            ReplicaIdentity::Nothing => Vec::new(),
            ReplicaIdentity::Default | ReplicaIdentity::Index => self.identity_index_columns,
        };
        Table {
            oid: self.oid,
            name: QualifiedName::new(self.schema_name, self.table_name),
            kind: kind(&self.kind),
            persistence: match self.persistence.as_str() {
                "u" => Persistence::Unlogged,
                _ => Persistence::Permanent,
            },
            is_partition: self.is_partition,
            columns,
            replica_identity,
            identity_columns,
            identity_index: self.identity_index,
            deferrable_key: self.deferrable_key,
            row_security: match (self.row_security, self.row_security_forced) {
                (false, _) => RowSecurity::Off,
                (true, false) => RowSecurity::Enabled,
                (true, true) => RowSecurity::Forced,
            },
            owner: self.owner,
            rows_estimate: self.rows_estimate,
            pages: self.pages,
            bytes: self.bytes,
            placement: Placement::Own,
        }
    }

    fn columns(&self) -> Vec<Column> {
        let types = self.column_type_oids.iter().zip(&self.column_type_names);
        let traits = self.column_not_nulls.iter().zip(&self.column_generations);
        self.column_names
            .iter()
            .zip(types)
            .zip(&self.column_type_modifiers)
            .zip(traits)
            .map(
                |(((name, (type_oid, type_name)), type_modifier), (not_null, generation))| Column {
                    name: name.clone(),
                    type_oid: *type_oid,
                    type_name: type_name.clone(),
                    type_modifier: *type_modifier,
                    not_null: *not_null,
                    generation: match generation.as_str() {
                        "computed" => Generation::Computed,
                        "always" => Generation::IdentityAlways,
                        "by default" => Generation::IdentityByDefault,
                        _ => Generation::Plain,
                    },
                },
            )
            .collect()
    }
}

fn kind(relkind: &str) -> TableKind {
    match relkind {
        "p" => TableKind::Partitioned,
        "m" => TableKind::MaterializedView,
        "f" => TableKind::Foreign,
        "v" => TableKind::View,
        _ => TableKind::Ordinary,
    }
}

/// PostgreSQL writes an OID into JSON as a string.
pub fn oid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

fn oids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let numbers = texts
        .iter()
        .map(|text| text.parse().map_err(serde::de::Error::custom));
    numbers.collect()
}
