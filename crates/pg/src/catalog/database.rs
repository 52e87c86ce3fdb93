//! Settings that a database was created with.

use tokio_postgres::Client;
use transhume_core::assess::{capability::VersionNumber, observation::Database};

use crate::connection::error::PgError;

const DATABASE: &str = include_str!("sql/database.sql");
const ACTUAL_VERSION: &str = include_str!("sql/database_collation_version.sql");

/// First major version that records the collation version of a database.
const COLLATION_VERSION_SINCE: u32 = 15;

pub async fn database(client: &Client, version: VersionNumber) -> Result<Database, PgError> {
    let row = client.query_one(DATABASE, &[]).await?;
    let actual_collation_version = if version.major() >= COLLATION_VERSION_SINCE {
        client.query_one(ACTUAL_VERSION, &[]).await?.try_get(0)?
    } else {
        None
    };
    Ok(Database {
        encoding: row.try_get("encoding")?,
        collate: row.try_get("collate")?,
        ctype: row.try_get("ctype")?,
        provider: row.try_get("provider")?,
        locale: row.try_get("locale")?,
        collation_version: row.try_get("collation_version")?,
        actual_collation_version,
    })
}

/// Whether the schema `public` has the comment that each database is made with.
pub async fn has_usual_comment_of_public(client: &Client) -> Result<bool, PgError> {
    let asked = "select coalesce(pg_catalog.obj_description(pg_catalog.to_regnamespace('public'), 'pg_namespace'), '') \
                 = 'standard public schema'";
    Ok(client.query_one(asked, &[]).await?.try_get(0)?)
}
