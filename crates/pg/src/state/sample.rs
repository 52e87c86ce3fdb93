//! `transhume.sample`: figures of the last day, from which any machine draws curves and tells rates.
//!
//! Whoever runs the migration adds to it; nothing is decided by it. Bounded: a day, thinned after an hour.

use serde::Serialize;

use crate::connection::{error::PgError, session::Session};

/// How things stood at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Sample {
    /// Seconds since 1970, by the target's clock.
    pub at: f64,
    pub age_seconds: f64,
    pub phase: String,
    /// Positions in bytes since 0/0; null where they are unknown.
    pub source_wal_end: Option<i64>,
    pub received: Option<i64>,
    pub applied: Option<i64>,
    /// From the source's commit to the runner; null where nothing is followed.
    pub receive_seconds: Option<f64>,
    /// From the runner to the target.
    pub apply_seconds: Option<f64>,
    pub transactions: i64,
    pub changes: i64,
    pub slot_retained_bytes: Option<i64>,
    pub rows_loaded: i64,
    pub bytes_loaded: i64,
    /// From 0 to 1; null where nothing is to be loaded.
    pub load_share: Option<f64>,
}

/// Adds one from the state as it is now, with the parts of the latency (to the runner, to the target) in seconds.
pub async fn add(target: &Session, latency: Option<(f64, f64)>) -> Result<(), PgError> {
    let (receive, apply) = latency.unzip();
    target
        .execute(include_str!("sql/sample/add.sql"), &[&receive, &apply])
        .await?;
    Ok(())
}

/// Of the last so many seconds, the oldest first.
pub async fn since(target: &Session, seconds: f64) -> Result<Vec<Sample>, PgError> {
    let rows = target
        .query(include_str!("sql/sample/since.sql"), &[&seconds])
        .await?;
    let read = |row: &tokio_postgres::Row| {
        Ok(Sample {
            at: row.try_get("at")?,
            age_seconds: row.try_get("age_seconds")?,
            phase: row.try_get("phase")?,
            source_wal_end: row.try_get("source_wal_end")?,
            received: row.try_get("received")?,
            applied: row.try_get("applied")?,
            receive_seconds: row.try_get("receive_seconds")?,
            apply_seconds: row.try_get("apply_seconds")?,
            transactions: row.try_get("transactions")?,
            changes: row.try_get("changes")?,
            slot_retained_bytes: row.try_get("slot_retained_bytes")?,
            rows_loaded: row.try_get("rows_loaded")?,
            bytes_loaded: row.try_get("bytes_loaded")?,
            load_share: row.try_get("load_share")?,
        })
    };
    rows.iter().map(read).collect()
}
