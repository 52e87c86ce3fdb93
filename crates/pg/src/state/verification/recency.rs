//! The newest verification by what a cutover's checks ask of it.

use std::time::Duration;

use tokio_postgres::Client;
use transhume_core::verify::objects::{Extent, LastVerification, Outcome};

use crate::connection::error::PgError;

/// The newest verification, whatever became of it.
pub async fn recency(target: &Client) -> Result<Option<LastVerification>, PgError> {
    let row = target
        .query_opt(include_str!("../sql/verification/recency.sql"), &[])
        .await?;
    row.map(|row| {
        let age: f64 = row.try_get("age_seconds")?;
        let oldest: Option<f64> = row.try_get("oldest_seconds")?;
        let count = |name: &str| -> Result<u64, PgError> { Ok(row.try_get::<_, i64>(name)?.unsigned_abs()) };
        let blockers: Option<i32> = row.try_get("object_blockers")?;
        Ok(LastVerification {
            age: Duration::from_secs_f64(age.max(0.0)),
            oldest: oldest.map(|oldest| Duration::from_secs_f64(oldest.max(0.0))),
            outcome: match row.try_get("result")? {
                "equal" => Outcome::Equal,
                "different" => Outcome::Different,
                "undecided" => Outcome::Undecided,
                _ => Outcome::Unfinished,
            },
            extent: match row.try_get("mode")? {
                "sample" => Extent::Sample,
                "tables" => Extent::SingleTables,
                // What has not changed since the last whole one is as equal as it was then.
                _ => Extent::Whole,
            },
            tables: count("tables")?,
            tables_unchanged: count("tables_unchanged")?,
            tables_different: count("tables_different")?,
            object_blockers: blockers.map(|many| u64::from(many.unsigned_abs())),
        })
    })
    .transpose()
}
