//! Whether the catalogs have changed since a moment, by the transaction ids in their own rows.
//!
//! Sees what was made or altered, not what was dropped without a trace: nothing can be read by that any more.

use tokio_postgres::Client;

use super::qualified_name;
use crate::connection::error::PgError;

const ALTERED_SINCE: &str = include_str!("sql/altered_since.sql");

/// One relation, type or schema, named for people, that a transaction with an id from `horizon` on has made or altered.
pub async fn altered_since(client: &Client, horizon: i64) -> Result<Option<String>, PgError> {
    let Some(row) = client.query_opt(ALTERED_SINCE, &[&horizon]).await? else {
        return Ok(None);
    };
    let name = qualified_name(&row, "name")?;
    Ok(Some(match row.try_get("kind")? {
        "schema" => format!("schema {}", name.schema.escape_debug()),
        kind => format!("{kind} {}", name.plain()),
    }))
}
