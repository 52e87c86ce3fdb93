//! Integer columns that lead the primary keys of large tables, and how their values are spread, for splitting by key range.

use std::collections::HashMap;

use tokio_postgres::Client;
use transhume_core::load::key_ranges::IntegerKey;
use transhume_wire::ident::{QualifiedName, quote_identifier};

use crate::connection::error::PgError;

/// Integer keys of these tables, by OID; tables without one are left out.
pub async fn integer_keys(client: &Client, tables: &[u32]) -> Result<HashMap<u32, IntegerKey>, PgError> {
    let rows = client
        .query(include_str!("sql/integer_keys.sql"), &[&tables])
        .await?;
    rows.iter()
        .map(|row| {
            let key = IntegerKey {
                column: row.try_get("column_name")?,
                bounds: row.try_get("bounds")?,
                is_whole_key: row.try_get("is_whole_key")?,
                keeps_ranges_apart: row.try_get("keeps_ranges_apart")?,
                correlation: row.try_get("correlation")?,
                distinct_values: row.try_get("distinct_values")?,
            };
            Ok((row.try_get("oid")?, key))
        })
        .collect()
}

/// The smallest and the largest key, read from the index; none in an empty table.
pub async fn key_extremes(client: &Client, table: &QualifiedName, column: &str) -> Result<Vec<i64>, PgError> {
    let column = quote_identifier(column);
    let sql = format!(
        "SELECT pg_catalog.min({column})::pg_catalog.int8, pg_catalog.max({column})::pg_catalog.int8 FROM ONLY {table}"
    );
    let row = client.query_one(&sql, &[]).await?;
    let (low, high): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    Ok(low.into_iter().chain(high).collect())
}
