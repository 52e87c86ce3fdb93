//! What the gate of a cutover looks at on either side, read only.
//!
//! Owns the queries; judging them is `core::gate`'s.

use std::time::Duration;

use tokio_postgres::Client;
use transhume_core::cutover::gate::{BlockingLock, FenceRights};
use transhume_wire::ident::QualifiedName;

use crate::connection::error::PgError;

/// Transactions that hold a lock which the fence would wait for, oldest first.
pub async fn blocking_locks(source: &Client, tables: &[u32]) -> Result<Vec<BlockingLock>, PgError> {
    let rows = source
        .query(include_str!("sql/gate/blocking_locks.sql"), &[&tables])
        .await?;
    rows.iter()
        .map(|row| {
            let age: f64 = row.try_get("age_seconds")?;
            Ok(BlockingLock {
                pid: row.try_get("pid")?,
                user: row.try_get("user_name")?,
                application: row.try_get("application")?,
                table: row.try_get("table_name")?,
                age: Duration::from_secs_f64(age.max(0.0)),
                is_autovacuum: row.try_get("is_autovacuum")?,
            })
        })
        .collect()
}

/// Tables and sequences are OIDs on the source.
pub async fn fence_rights(
    source: &Client,
    tables: &[u32],
    sequences: &[u32],
) -> Result<FenceRights, PgError> {
    let row = source
        .query_one(include_str!("sql/gate/fence_rights.sql"), &[&tables, &sequences])
        .await?;
    let count = |name: &str| -> Result<u64, PgError> { Ok(row.try_get::<_, i64>(name)?.unsigned_abs()) };
    Ok(FenceRights {
        unlockable: row.try_get("unlockable")?,
        unowned: row.try_get("unowned")?,
        owns_database: row.try_get("owns_database")?,
        ends_sessions: row.try_get("ends_sessions")?,
        superusers: row.try_get("superusers")?,
        locks_free: count("locks_free")?,
        locks_needed: count("locks_needed")?,
    })
}

/// Indexes and constraints of these tables that are there and not valid.
pub async fn invalid(client: &Client, tables: &[&QualifiedName]) -> Result<Vec<String>, PgError> {
    let schemas: Vec<&str> = tables.iter().map(|table| table.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let rows = client
        .query(include_str!("sql/gate/invalid.sql"), &[&schemas, &names])
        .await?;
    first_column(&rows)
}

/// Sequences that are missing on the target or that its role may not set.
pub async fn unsettable_sequences(target: &Client, names: &[String]) -> Result<Vec<String>, PgError> {
    let rows = target
        .query(include_str!("sql/gate/unsettable_sequences.sql"), &[&names])
        .await?;
    first_column(&rows)
}

/// Of these tables, by quoted name, those that are published without their whole old rows.
pub async fn lost_identities(source: &Client, tables: &[String]) -> Result<Vec<String>, PgError> {
    let rows = source
        .query(include_str!("sql/gate/lost_identities.sql"), &[&tables])
        .await?;
    first_column(&rows)
}

fn first_column(rows: &[tokio_postgres::Row]) -> Result<Vec<String>, PgError> {
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
