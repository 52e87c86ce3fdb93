//! What was seen on both ends, as values: the only input of the checks.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use transhume_wire::ident::{QualifiedName, quote_identifier};

use super::capability::{Capabilities, VersionNumber};
use crate::{count::size, role_map::RoleMap, selection::Selector, sequence::Sequence, table::Table};

/// Everything that the checks may look at.
#[derive(Debug, Clone)]
pub struct Observed {
    pub source: SourceObservation,
    pub target: TargetObservation,
    pub selector: Selector,
    pub context: AssessContext,
}

/// What is known beside the two servers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssessContext {
    /// The target holds this very migration: what it made itself is no obstacle.
    pub resuming: bool,
    /// pg_dump and pg_restore as found, or why not.
    pub tools: Option<Tools>,
    /// Loaders that the full load will use; 0 when not decided.
    pub loaders: u32,
    /// Extensions that the operator leaves out.
    pub left_out_extensions: BTreeSet<String>,
    /// Roles that have another name on the target.
    pub roles: RoleMap,
}

/// The pair of pg_dump and pg_restore that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tools {
    Found { version: VersionNumber },
    Missing { reason: String },
}

/// One parameter as new sessions find it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Parameter {
    pub name: String,
    pub value: String,
    /// Of the value; empty where it has none.
    pub unit: String,
    /// Who may change it when: `user`, `superuser`, `sighup`, `postmaster`, `internal` and their like.
    pub context: String,
    /// Somebody gave it a value.
    pub is_set: bool,
    /// It is set for the database, which is told and carried over with roles.
    pub of_database: bool,
}

#[derive(Debug, Clone)]
pub struct SourceObservation {
    pub capabilities: Capabilities,
    pub database: Database,
    pub tables: Vec<Table>,
    /// By table OID.
    pub rights: Vec<TableRights>,
    pub sequences: Vec<Sequence>,
    pub extensions: Vec<Extension>,
    /// Tables of extensions whose rows pg_dump would carry (`extconfig`).
    pub extension_tables: Vec<ExtensionTable>,
    pub large_objects: i64,
    /// Those that the source's role may not read.
    pub unreadable_large_objects: i64,
    pub materialized_views: Vec<MaterializedView>,
    pub event_triggers: Vec<EventTrigger>,
    pub subscriptions: Vec<Subscription>,
    pub prepared_transactions: Vec<PreparedTransaction>,
    pub writing_transactions: Vec<WritingTransaction>,
    pub collations: Vec<Collation>,
    /// Roles that own something here or hold a grant on it.
    pub roles: Vec<String>,
    pub triggers: Vec<FiringTrigger>,
    pub name_columns: Vec<NameColumn>,
    pub inheritance_children: Vec<QualifiedName>,
    /// Columns that take NULL although the table that they inherit from does not.
    pub nullable_children: Vec<InheritedColumn>,
    /// Marked as valid, with triggers that do not fire.
    pub unenforced_keys: Vec<UnenforcedKey>,
    /// In the order of their names.
    pub parameters: Vec<Parameter>,
    /// Foreign keys of all tables.
    pub foreign_keys: usize,
    /// Users' functions whose texts name what some version took away, each with these words.
    pub words_of_functions: Vec<(String, Vec<String>)>,
    /// To the server and back.
    pub round_trip: Duration,
    pub ours: OurObjects,
    pub wide_rows: WideRows,
}

/// The widest row of a table, which takes more as text than a server can print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WideRow {
    pub table: QualifiedName,
    /// As text.
    pub bytes: u64,
}

impl WideRow {
    /// What follows the article.
    pub fn words(&self) -> String {
        format!(
            "row of {} takes {} as text, and a server prints 1 GB at most",
            self.table.plain(),
            size(self.bytes)
        )
    }
}

/// Rows that take more as text than a server can print, one for each table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WideRows {
    pub found: Vec<WideRow>,
    /// They may hold one, and were not looked through in time or may not be read.
    pub unseen: Vec<QualifiedName>,
}

#[derive(Debug, Clone)]
pub struct TargetObservation {
    pub capabilities: Capabilities,
    pub database: Database,
    pub tables: Vec<Table>,
    pub large_objects: i64,
    pub available_extensions: Vec<AvailableExtension>,
    /// To the server and back.
    pub round_trip: Duration,
    pub extensions: Vec<Extension>,
    pub event_triggers: Vec<EventTrigger>,
    pub collations: Vec<Collation>,
    pub parameters: Vec<Parameter>,
    /// Every role of the cluster.
    pub roles: Vec<String>,
    pub ours: OurObjects,
    /// Schema `transhume` exists.
    pub has_state: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    pub encoding: String,
    pub collate: String,
    pub ctype: String,
    /// libc, icu or builtin.
    pub provider: String,
    /// ICU or builtin locale.
    pub locale: Option<String>,
    pub collation_version: Option<String>,
    /// What the operating system or ICU has now; differs after an upgrade of it.
    #[serde(default)]
    pub actual_collation_version: Option<String>,
}

/// What the role may do with one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct TableRights {
    #[serde(deserialize_with = "crate::table::catalog::oid")]
    pub oid: u32,
    /// Owner, or member of the owning role: may publish it.
    pub owned: bool,
    pub readable: bool,
    /// Policies would hide rows from this role.
    pub row_security_active: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    pub name: String,
    pub version: String,
    pub schema: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionTable {
    pub extension: String,
    pub table: QualifiedName,
}

/// An extension that the target could create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableExtension {
    pub name: String,
    pub default_version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaterializedView {
    pub oid: u32,
    pub name: QualifiedName,
    pub populated: bool,
    /// By our role.
    pub readable: bool,
    /// 0 reads no other materialized view; n reads one of depth n − 1. Refresh in this order.
    pub depth: i32,
}

/// A subscription that feeds a database: its publisher's changes are written there by the server itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subscription {
    pub name: String,
    pub enabled: bool,
    /// Our role may act as its owner: a cutover disables it by itself.
    pub is_owned: bool,
}

impl Subscription {
    /// The statement that ends its worker.
    pub fn disable(&self) -> String {
        format!("alter subscription {} disable", quote_identifier(&self.name))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EventTrigger {
    pub name: String,
    /// ddl_command_start, ddl_command_end, sql_drop, table_rewrite or login.
    pub occasion: String,
    /// For what our own sessions do.
    pub fires: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PreparedTransaction {
    pub gid: String,
    pub owner: String,
    #[serde(rename = "database_name")]
    pub database: String,
    pub age_seconds: i64,
}

/// A session with a transaction that has written (or will write): it holds a transaction id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritingTransaction {
    pub pid: i32,
    /// Null values where this role may not see other roles' sessions.
    pub user: Option<String>,
    pub application: Option<String>,
    pub age_seconds: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collation {
    pub name: QualifiedName,
    pub provider: String,
    /// Made by a user, so the schema dump carries it.
    pub user_defined: bool,
    /// Some column of a user table sorts by it.
    pub used: bool,
    pub version: Option<String>,
    pub actual_version: Option<String>,
}

/// A trigger that fires for replicated changes too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiringTrigger {
    pub table: QualifiedName,
    pub name: String,
    /// ALWAYS or REPLICA.
    pub mode: String,
}

/// A column whose values name objects or roles (reg* types, aclitem), also inside arrays and composites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameColumn {
    pub table: QualifiedName,
    pub column: String,
    pub type_name: String,
}

/// A column of a table that inherits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InheritedColumn {
    pub table: QualifiedName,
    pub column: String,
}

/// A foreign key marked as valid that does not hold for what the application writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnenforcedKey {
    pub table: QualifiedName,
    pub name: String,
    /// The query that shows rows without a parent.
    pub orphans: String,
}

/// Slots and publications that carry our naming.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OurObjects {
    pub slots: Vec<OurSlot>,
    pub publications: Vec<OurPublication>,
    /// Who owns the schema `transhume`, where there is one.
    pub schema_owner: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurSlot {
    pub name: String,
    /// Of the database that it decodes.
    pub database: String,
    pub active: bool,
    /// WAL that it keeps.
    pub retained_bytes: Option<i64>,
    /// Transactions since it was last confirmed far enough to let vacuum go on.
    pub age: Option<i64>,
}

/// Of the source's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurPublication {
    pub name: String,
    pub owner: String,
    /// Transactions since it was made or altered.
    pub age: i64,
}

impl Observed {
    /// Tables and other relations of the source that the selection takes.
    pub fn selected(&self) -> impl Iterator<Item = &Table> {
        self.source
            .tables
            .iter()
            .filter(|table| self.selector.selects(&table.name))
    }

    /// Selected tables that hold rows of their own.
    pub fn selected_with_rows(&self) -> impl Iterator<Item = &Table> {
        self.selected().filter(|table| table.holds_rows())
    }

    /// The selection takes the table, sequence or view of this name.
    pub fn selects(&self, name: &QualifiedName) -> bool {
        self.selector.selects(name)
    }
}
