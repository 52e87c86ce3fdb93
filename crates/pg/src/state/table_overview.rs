//! Every table of a migration with what the state and the target's statistics know of it.

use crate::connection::{error::PgError, session::Session};

#[derive(Debug, Clone)]
pub struct TableOverview {
    pub schema: String,
    pub name: String,
    pub state: String,
    pub format: String,
    pub rows_estimate: i64,
    pub bytes: i64,
    pub parts: i64,
    pub parts_done: i64,
    pub rows_copied: i64,
    pub bytes_copied: i64,
    /// Of the load, from 0 to 1; none where nothing is to be copied.
    pub share: Option<f64>,
    pub builds: i64,
    pub builds_done: i64,
    pub changes: Option<Changes>,
    pub exceptions: i64,
    /// The stream waits before its next change.
    pub is_waited_for: bool,
    pub verified: Option<Verified>,
}

/// Rows written on the target, the load's among them.
#[derive(Debug, Clone, Copy)]
pub struct Changes {
    pub inserts: i64,
    pub updates: i64,
    pub deletes: i64,
}

/// Its last comparison.
#[derive(Debug, Clone)]
pub struct Verified {
    pub at: String,
    pub age_seconds: f64,
    /// None where it was not compared: the note says why.
    pub equal: Option<bool>,
    pub differences: i64,
    pub note: String,
    /// When all its rows were read last; none where they never were.
    pub read: Option<ReadRows>,
}

/// Rows of either side and the sums of their hashes.
#[derive(Debug, Clone)]
pub struct ReadRows {
    pub source_rows: i64,
    pub target_rows: i64,
    pub source_digest: String,
    pub target_digest: String,
}

pub async fn tables(target: &Session) -> Result<Vec<TableOverview>, PgError> {
    let rows = target.query(include_str!("sql/overview/tables.sql"), &[]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &tokio_postgres::Row) -> Result<TableOverview, PgError> {
    let inserts: Option<i64> = row.try_get("inserts")?;
    let verified_at: Option<String> = row.try_get("verified_at")?;
    Ok(TableOverview {
        schema: row.try_get("schema_name")?,
        name: row.try_get("table_name")?,
        state: row.try_get("state")?,
        format: row.try_get("format")?,
        rows_estimate: row.try_get("rows_estimate")?,
        bytes: row.try_get("bytes")?,
        parts: row.try_get("parts")?,
        parts_done: row.try_get("parts_done")?,
        rows_copied: row.try_get("rows_copied")?,
        bytes_copied: row.try_get("bytes_copied")?,
        share: row.try_get("share")?,
        builds: row.try_get("builds")?,
        builds_done: row.try_get("builds_done")?,
        changes: match inserts {
            Some(inserts) => Some(Changes {
                inserts,
                updates: row.try_get("updates")?,
                deletes: row.try_get("deletes")?,
            }),
            None => None,
        },
        exceptions: row.try_get("exceptions")?,
        is_waited_for: row.try_get("is_waited_for")?,
        verified: match verified_at {
            Some(at) => Some(Verified {
                at,
                age_seconds: row.try_get("verified_age_seconds")?,
                equal: row.try_get("equal")?,
                differences: row.try_get("differences")?,
                note: row.try_get("note")?,
                read: read_rows(row)?,
            }),
            None => None,
        },
    })
}

fn read_rows(row: &tokio_postgres::Row) -> Result<Option<ReadRows>, PgError> {
    let Some(source_digest) = row.try_get("source_digest")? else {
        return Ok(None);
    };
    Ok(Some(ReadRows {
        source_rows: row.try_get("source_rows")?,
        target_rows: row.try_get("target_rows")?,
        source_digest,
        target_digest: row.try_get("target_digest")?,
    }))
}
