//! `transhume.exception`: changes that were stored instead of being applied; apply itself writes them.

use tokio_postgres::GenericClient;
use transhume_wire::ident::QualifiedName;

use crate::connection::error::PgError;

/// Each table with its stored changes: `table: count, reason of the latest`.
pub async fn summary(target: &impl GenericClient) -> Result<Vec<String>, PgError> {
    let rows = target
        .query(include_str!("sql/exception/summary.sql"), &[])
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Forgets those of tables that are loaded anew: what they held is in the load.
pub async fn forget(target: &impl GenericClient, tables: &[QualifiedName]) -> Result<(), PgError> {
    let schemas: Vec<&str> = tables.iter().map(|table| table.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    target
        .execute(include_str!("sql/exception/forget.sql"), &[&schemas, &names])
        .await?;
    Ok(())
}
