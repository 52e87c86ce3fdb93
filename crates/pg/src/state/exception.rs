//! `transhume.exception`: changes that were stored instead of being applied, in the transaction that would have applied them.

use serde_json::Value;
use tokio_postgres::GenericClient;
use transhume_core::follow::behind::StoredChanges;
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use crate::connection::error::PgError;

/// Each table with its stored changes.
pub async fn summary(target: &impl GenericClient) -> Result<Vec<StoredChanges>, PgError> {
    let rows = target
        .query(include_str!("sql/exception/summary.sql"), &[])
        .await?;
    let of_table = |row: &tokio_postgres::Row| {
        Ok(StoredChanges {
            table: row.try_get("table_name")?,
            count: row.try_get::<_, i64>("count")?.unsigned_abs(),
            latest: row.try_get("latest")?,
        })
    };
    rows.iter().map(of_table).collect()
}

/// The newest of them, and how many there are above a number.
#[derive(Debug, Clone)]
pub struct Newest {
    pub number: i64,
    pub table: String,
    pub reason: String,
    pub count: i64,
}

/// What was stored behind the one of this number; none where nothing was.
pub async fn newer_than(target: &impl GenericClient, number: i64) -> Result<Option<Newest>, PgError> {
    let row = target
        .query_opt(include_str!("sql/exception/newer_than.sql"), &[&number])
        .await?;
    row.map(|row| {
        Ok(Newest {
            number: row.try_get("number")?,
            table: row.try_get("table_name")?,
            reason: row.try_get("reason")?,
            count: row.try_get("count")?,
        })
    })
    .transpose()
}

/// Forgets those of tables that are loaded anew: what they held is in the load.
pub async fn forget(target: &impl GenericClient, tables: &[QualifiedName]) -> Result<(), PgError> {
    let schemas: Vec<&str> = tables.iter().map(|table| table.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    target
        .execute(include_str!("sql/exception/forget.sql"), &[&schemas, &names])
        .await?;
    Ok(())
}

/// How many there are, of all tables.
pub async fn count(target: &impl GenericClient) -> Result<u64, PgError> {
    let row = target
        .query_one(include_str!("sql/exception/is_there.sql"), &[])
        .await?;
    if !row.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let row = target
        .query_one(include_str!("sql/exception/count.sql"), &[])
        .await?;
    Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
}

/// One that is stored.
#[derive(Debug)]
pub struct NewException<'a> {
    pub commit_lsn: Lsn,
    pub xid: u32,
    pub table: &'a QualifiedName,
    pub operation: &'a str,
    pub key: Option<Value>,
    pub old: Option<Value>,
    pub new: Option<Value>,
    pub class: &'a str,
    pub reason: &'a str,
    pub sqlstate: Option<&'a str>,
}

/// Stores it in the caller's transaction.
pub async fn add(target: &impl GenericClient, new: &NewException<'_>) -> Result<(), PgError> {
    target
        .execute(
            include_str!("sql/exception/add.sql"),
            &[
                &new.commit_lsn.to_string(),
                &i64::from(new.xid),
                &new.table.schema,
                &new.table.name,
                &new.operation,
                &new.key,
                &new.old,
                &new.new,
                &new.class,
                &new.reason,
                &new.sqlstate,
            ],
        )
        .await?;
    Ok(())
}
