//! The latest verifications, one line each.

use serde::Serialize;

use crate::connection::{error::PgError, session::Session};

#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct VerificationLine {
    pub id: i64,
    pub lsn: String,
    /// full, sample, tables, since-last or recheck.
    pub mode: String,
    /// RFC 3339, by the target's clock.
    pub started_at: String,
    /// Null while it runs, and where it was not ended.
    pub seconds: Option<f64>,
    /// equal, different, undecided or incomplete.
    pub result: String,
    pub object_blockers: Option<i32>,
    pub tables: i64,
    pub tables_done: i64,
    pub tables_different: i64,
}

/// The newest first.
pub async fn latest(target: &Session, limit: i64) -> Result<Vec<VerificationLine>, PgError> {
    let rows = target
        .query(include_str!("../sql/verification/latest.sql"), &[&limit])
        .await?;
    let line = |row: &tokio_postgres::Row| {
        Ok(VerificationLine {
            id: row.try_get("id")?,
            lsn: row.try_get("lsn")?,
            mode: row.try_get("mode")?,
            started_at: row.try_get("started_at")?,
            seconds: row.try_get("seconds")?,
            result: row.try_get("result")?,
            object_blockers: row.try_get("object_blockers")?,
            tables: row.try_get("tables")?,
            tables_done: row.try_get("tables_done")?,
            tables_different: row.try_get("tables_different")?,
        })
    };
    rows.iter().map(line).collect()
}
