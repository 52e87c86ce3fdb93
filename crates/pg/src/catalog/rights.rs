//! What our role may do with tables, and which roles there are.

use tokio_postgres::Client;
use transhume_core::assess::observation::TableRights;

use crate::connection::error::PgError;

const TABLE_RIGHTS: &str = include_str!("sql/table_rights.sql");
const ROLES: &str = include_str!("sql/roles.sql");
const REFERENCED_ROLES: &str = include_str!("sql/referenced_roles.sql");

/// One value for each table that can hold or route rows, ordered by OID.
pub async fn table_rights(client: &Client) -> Result<Vec<TableRights>, PgError> {
    let rows = client.query(TABLE_RIGHTS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(TableRights {
                oid: row.try_get("oid")?,
                owned: row.try_get("owned")?,
                readable: row.try_get("readable")?,
                row_security_active: row.try_get("row_security_active")?,
            })
        })
        .collect()
}

/// Every role of the cluster.
pub async fn roles(client: &Client) -> Result<Vec<String>, PgError> {
    names(client, ROLES).await
}

/// Roles that own something in this database or hold a grant on it.
pub async fn referenced_roles(client: &Client) -> Result<Vec<String>, PgError> {
    names(client, REFERENCED_ROLES).await
}

async fn names(client: &Client, sql: &str) -> Result<Vec<String>, PgError> {
    let rows = client.query(sql, &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
