//! What the full load asks of the source while it runs: the snapshot it holds.

use transhume_wire::lsn::Lsn;

use crate::connection::{error::PgError, session::Session};

/// One look at the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    pub source_wal_end: Lsn,
    /// Session that keeps the snapshot; empty when nobody does.
    pub snapshot_holder: String,
    /// Empty when the load goes on by itself.
    pub waiting_for: String,
}

/// The oldest snapshot that open parts are read under.
#[derive(Debug, Clone, PartialEq)]
pub struct OldestSnapshot {
    pub since: String,
    pub age_seconds: f64,
    pub holder: String,
}

/// Writes it into the runner's row.
pub async fn report(target: &Session, watch: &Watch) -> Result<(), PgError> {
    target
        .execute(
            include_str!("../sql/load/watch.sql"),
            &[
                &watch.source_wal_end.to_string(),
                &watch.snapshot_holder,
                &watch.waiting_for,
            ],
        )
        .await?;
    Ok(())
}

/// None when no open part needs a snapshot.
pub async fn oldest_snapshot(target: &Session) -> Result<Option<OldestSnapshot>, PgError> {
    let row = target
        .query_opt(include_str!("../sql/load/oldest_snapshot.sql"), &[])
        .await?;
    Ok(row.map(|row| OldestSnapshot {
        since: row.get("since"),
        age_seconds: row.get("age_seconds"),
        holder: row.get("holder"),
    }))
}
