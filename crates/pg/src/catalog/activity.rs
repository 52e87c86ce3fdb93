//! What is going on in the cluster right now that a slot would have to wait for.

use tokio_postgres::Client;
use transhume_core::assess::observation::{PreparedTransaction, WritingTransaction};

use crate::connection::error::PgError;

const PREPARED: &str = include_str!("sql/prepared_transactions.sql");
const WRITING: &str = include_str!("sql/writing_transactions.sql");

/// Prepared transactions of the whole cluster, oldest first.
pub async fn prepared_transactions(client: &Client) -> Result<Vec<PreparedTransaction>, PgError> {
    let rows = client.query(PREPARED, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(PreparedTransaction {
                gid: row.try_get("gid")?,
                owner: row.try_get("owner")?,
                database: row.try_get("database_name")?,
                age_seconds: row.try_get("age_seconds")?,
            })
        })
        .collect()
}

/// Other sessions that hold a transaction id, of the whole cluster, oldest first.
pub async fn writing_transactions(client: &Client) -> Result<Vec<WritingTransaction>, PgError> {
    let rows = client.query(WRITING, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(WritingTransaction {
                pid: row.try_get("pid")?,
                user: row.try_get("user_name")?,
                application: row.try_get("application")?,
                age_seconds: row.try_get("age_seconds")?,
            })
        })
        .collect()
}
