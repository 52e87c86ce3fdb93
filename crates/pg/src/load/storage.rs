//! What the whole server keeps on its storage, as far as SQL tells: its databases and its WAL.

use tokio_postgres::Client;

use crate::connection::error::PgError;

/// In bytes. Where the role may not see the files of the WAL, they are taken to be as large as the server lets them grow.
pub async fn used(target: &Client) -> Result<u64, PgError> {
    let row = target
        .query_one(include_str!("sql/databases_and_wal.sql"), &[])
        .await?;
    let (databases, most_wal): (i64, i64) = (row.try_get("databases")?, row.try_get("most_wal")?);
    let wal = if row.try_get("sees_wal")? {
        let row = target.query_one(include_str!("sql/wal_files.sql"), &[]).await?;
        row.try_get(0)?
    } else {
        most_wal
    };
    Ok(databases.saturating_add(wal).unsigned_abs())
}
