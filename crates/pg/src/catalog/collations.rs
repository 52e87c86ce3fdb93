//! Collations: those that columns sort by, and those that a database offers.

use tokio_postgres::Client;
use transhume_core::assess::observation::Collation;

use super::qualified_name;
use crate::connection::error::PgError;

const USED: &str = include_str!("sql/collations.sql");
const OFFERED: &str = include_str!("sql/offered_collations.sql");

/// Collations that a column of a user table sorts by, and all that users made.
pub async fn used_collations(client: &Client) -> Result<Vec<Collation>, PgError> {
    read(client, USED).await
}

/// Every collation that this database can use.
pub async fn offered_collations(client: &Client) -> Result<Vec<Collation>, PgError> {
    read(client, OFFERED).await
}

async fn read(client: &Client, sql: &str) -> Result<Vec<Collation>, PgError> {
    let rows = client.query(sql, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Collation {
                name: qualified_name(row, "collation_name")?,
                provider: row.try_get("provider")?,
                user_defined: row.try_get("user_defined")?,
                used: row.try_get("used")?,
                version: row.try_get("version")?,
                actual_version: row.try_get("actual_version")?,
            })
        })
        .collect()
}
