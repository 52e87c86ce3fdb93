//! Every table of a migration: its state, its load, what was written to it, its last verification.

use serde::Serialize;
use transhume_pg::{
    connection::conninfo::ConnectionSettings,
    state::table_overview::{self, Changes, TableOverview, Verified},
};

use crate::{
    door,
    error::{Doing, Result},
};

#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TableState {
    pub schema: String,
    pub name: String,
    /// adding, planned, loading, loaded or suspended.
    pub state: String,
    /// Estimate of the source when it was planned.
    pub rows_estimate: u64,
    /// Heap and TOAST on the source when it was planned.
    pub bytes: u64,
    pub load: LoadShare,
    /// Since its rows were loaded, as the target's statistics count what was written there: of several changes to a row in one
    /// batch the last. Null where they do not know the table; they begin anew when the target crashes.
    pub changed: Option<ChangedRows>,
    /// Changes that were stored instead of being applied.
    pub exceptions: u64,
    /// The stream waits before its next change.
    pub is_waited_for: bool,
    /// Null where it was never compared.
    pub verified: Option<TableVerified>,
}

#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LoadShare {
    /// From 0 to 1.
    pub share: f64,
    pub parts: u64,
    pub parts_done: u64,
    pub rows: u64,
    pub bytes: u64,
    /// Indexes and constraints that are made after the rows.
    pub builds: u64,
    pub builds_done: u64,
    /// text or binary.
    pub format: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ChangedRows {
    pub inserts: u64,
    pub updates: u64,
    pub deletes: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TableVerified {
    /// RFC 3339, by the target's clock.
    pub at: String,
    pub age_seconds: f64,
    /// Null where it was not compared: the note says why.
    pub equal: Option<bool>,
    /// Rows that differ.
    pub differences: u64,
    pub note: String,
    /// When all its rows were read last; null where they never were.
    pub read: Option<ReadTable>,
}

/// What both sides held. Equal digests are of equal rows: each is the sum of the hashes of all rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ReadTable {
    pub source_rows: u64,
    pub target_rows: u64,
    /// Hexadecimal.
    pub source_digest: String,
    pub target_digest: String,
}

/// By name; tables that were dropped are left out.
pub async fn tables(target: &ConnectionSettings) -> Result<Vec<TableState>> {
    let (session, _) = Box::pin(door::enter_target(target, "tables")).await?;
    let tables = table_overview::tables(&session)
        .await
        .doing("reading the tables")?;
    Ok(tables.into_iter().map(state).collect())
}

fn state(table: TableOverview) -> TableState {
    let rows_copied = table.rows_copied.unsigned_abs();
    TableState {
        schema: table.schema,
        name: table.name,
        state: table.state,
        rows_estimate: table.rows_estimate.max(0).unsigned_abs(),
        bytes: table.bytes.unsigned_abs(),
        load: LoadShare {
            share: table.share.unwrap_or_default(),
            parts: table.parts.unsigned_abs(),
            parts_done: table.parts_done.unsigned_abs(),
            rows: rows_copied,
            bytes: table.bytes_copied.unsigned_abs(),
            builds: table.builds.unsigned_abs(),
            builds_done: table.builds_done.unsigned_abs(),
            format: table.format,
        },
        changed: table.changes.map(|changes| changed(changes, rows_copied)),
        exceptions: table.exceptions.unsigned_abs(),
        is_waited_for: table.is_waited_for,
        verified: table.verified.map(verified),
    }
}

fn changed(changes: Changes, rows_copied: u64) -> ChangedRows {
    ChangedRows {
        inserts: changes.inserts.unsigned_abs().saturating_sub(rows_copied),
        updates: changes.updates.unsigned_abs(),
        deletes: changes.deletes.unsigned_abs(),
    }
}

fn verified(verified: Verified) -> TableVerified {
    TableVerified {
        at: verified.at,
        age_seconds: verified.age_seconds,
        equal: verified.equal,
        differences: verified.differences.unsigned_abs(),
        note: verified.note,
        read: verified.read.map(|read| ReadTable {
            source_rows: read.source_rows.unsigned_abs(),
            target_rows: read.target_rows.unsigned_abs(),
            source_digest: read.source_digest,
            target_digest: read.target_digest,
        }),
    }
}
