//! Whether the catalogs have changed since a moment, by the transaction ids in their own rows.
//!
//! Sees what was made or altered, not what was dropped without a trace: nothing can be read by that any more.

use tokio_postgres::Client;

use crate::error::PgError;

const ALTERED_SINCE: &str = include_str!("sql/altered_since.sql");

/// The name of one relation, type or schema that a transaction with an id from `horizon` on has made or altered.
pub async fn altered_since(client: &Client, horizon: i64) -> Result<Option<String>, PgError> {
    let row = client.query_opt(ALTERED_SINCE, &[&horizon]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}
