//! How far the full load and the builds are, over all processes that take part.

use tokio_postgres::GenericClient;

use crate::connection::error::PgError;

/// One look at the state tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub tables_done: u64,
    pub tables: u64,
    pub parts_done: u64,
    pub parts: u64,
    pub rows: u64,
    /// Bytes of committed parts, as they travelled.
    pub bytes: u64,
    /// Estimate from the source's sizes, for all parts.
    pub bytes_expected: u64,
    /// The same estimate for the committed ones.
    pub bytes_expected_done: u64,
    pub builds_done: u64,
    /// Builds held back until the cutover left out.
    pub builds: u64,
    pub large_objects_done: u64,
    pub large_objects: u64,
}

pub async fn progress(target: &impl GenericClient) -> Result<Progress, PgError> {
    let row = target
        .query_one(include_str!("../sql/load/progress.sql"), &[])
        .await?;
    let count = |name: &str| -> Result<u64, PgError> {
        let value: i64 = row.try_get(name)?;
        Ok(u64::try_from(value).unwrap_or_default())
    };
    Ok(Progress {
        tables_done: count("tables_done")?,
        tables: count("tables")?,
        parts_done: count("parts_done")?,
        parts: count("parts")?,
        rows: count("rows_copied")?,
        bytes: count("bytes_copied")?,
        bytes_expected: count("bytes_expected")?,
        bytes_expected_done: count("bytes_expected_done")?,
        builds_done: count("builds_done")?,
        builds: count("builds")?,
        large_objects_done: count("large_objects_done")?,
        large_objects: count("large_objects")?,
    })
}

/// Makes everything that loaders and builders committed durable, and notes in the story that it is.
/// Their commits did not wait for the disk; this one does, and the WAL is flushed in order.
pub async fn flush(target: &impl GenericClient, migration_step: &str) -> Result<(), PgError> {
    target.batch_execute("set synchronous_commit to on").await?;
    target
        .execute(include_str!("../sql/load/flush.sql"), &[&migration_step])
        .await?;
    Ok(())
}
