//! Extensions: present, available, and their tables that hold the user's rows.

use tokio_postgres::Client;
use transhume_core::assess::observation::{AvailableExtension, Extension, ExtensionTable};

use super::qualified_name;
use crate::connection::error::PgError;

const EXTENSIONS: &str = include_str!("sql/extensions.sql");
const AVAILABLE: &str = include_str!("sql/available_extensions.sql");
const TABLES: &str = include_str!("sql/extension_tables.sql");

/// Extensions of this database.
pub async fn extensions(client: &Client) -> Result<Vec<Extension>, PgError> {
    let rows = client.query(EXTENSIONS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Extension {
                name: row.try_get("name")?,
                version: row.try_get("version")?,
                schema: row.try_get("schema_name")?,
            })
        })
        .collect()
}

/// Extensions that this server could create.
pub async fn available_extensions(client: &Client) -> Result<Vec<AvailableExtension>, PgError> {
    let rows = client.query(AVAILABLE, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(AvailableExtension {
                name: row.try_get("name")?,
                default_version: row.try_get("default_version")?,
            })
        })
        .collect()
}

/// Tables of extensions whose rows pg_dump would carry.
pub async fn extension_tables(client: &Client) -> Result<Vec<ExtensionTable>, PgError> {
    let rows = client.query(TABLES, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(ExtensionTable {
                extension: row.try_get("extension")?,
                table: qualified_name(row, "table_name")?,
            })
        })
        .collect()
}
